"""Table Storage without its surprises: models as entities, and batches whose lost replies are told from conflicts.

Every entity written carries a fresh nonce. The storage client repeats a write whose reply was lost, and the repeat
meets its own first try; so a conflict is believed only after the row in the way was read and carries another nonce.
"""

import json
import secrets
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count, takewhile
from typing import Any, TypeVar, cast

from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    IncompleteReadError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.data.tables import TableTransactionError, UpdateMode
from azure.data.tables.aio import TableClient
from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)
Values = dict[str, Any]
_NOT_FOUND = 404
_CONFLICTS = {_NOT_FOUND, 409, 412}
_PART_CHARACTERS = 16_000  # a property holds 32 Ki UTF-16 units, and a character may be two
_MOST_ROWS = 1000  # of one answer: the service gives no more
_END = "~"  # sorts after every character our keys are made of


@dataclass(frozen=True)
class Row:
    """An entity as read: its key, its values, and the ETag that guards the next write."""

    key: str
    etag: str
    values: Values


@dataclass(frozen=True)
class Insert:
    """Write a row that must not exist."""

    key: str
    values: Values


@dataclass(frozen=True)
class Replace:
    """Write a row that must still be as it was read."""

    key: str
    etag: str
    values: Values


@dataclass(frozen=True)
class Put:
    """Write a row whatever is there."""

    key: str
    values: Values


@dataclass(frozen=True)
class Overwrite:
    """Write a row that must exist, whatever it holds by now."""

    key: str
    values: Values


@dataclass(frozen=True)
class Merge:
    """Write some properties of a row that must exist, whatever else it holds by now."""

    key: str
    values: Values


@dataclass(frozen=True)
class Delete:
    """Remove a row that must exist, and still be as it was read where an ETag is given."""

    key: str
    etag: str | None = None


Change = Insert | Replace | Put | Overwrite | Merge | Delete


def values_of(model: BaseModel, *, packed: Container[str] = ()) -> Values:
    """Flatten a model: texts, numbers and times become properties, everything else JSON in as many as that needs.

    What is `packed` becomes JSON too: a range is read faster by a third so, but nobody can merge those values.
    """
    plain: Values = {}
    nested: set[str] = set()
    for name in type(model).model_fields:
        value = getattr(model, name)
        if name in packed:
            nested.add(name)
        elif isinstance(value, str):
            plain[name] = str(value)
        elif isinstance(value, bool | int | float | datetime):
            plain[name] = value
        elif value is not None:
            nested.add(name)
    if nested:
        text = model.model_dump_json(include=nested)
        starts = range(0, len(text), _PART_CHARACTERS)
        plain |= {_part(n): text[start : start + _PART_CHARACTERS] for n, start in enumerate(starts)}
    return plain


def model_of(kind: type[M], values: Mapping[str, Any]) -> M:
    """Read back what `values_of` wrote; properties the model does not know are left alone."""
    text = "".join(values[name] for name in takewhile(values.__contains__, map(_part, count())))
    nested = json.loads(text or "{}")
    known = {name: value for name, value in values.items() if name in kind.model_fields}
    return kind.model_validate(known | nested)


def _part(n: int) -> str:
    return f"nested{n or ''}"


async def read(table: TableClient, partition: str, key: str) -> Row | None:
    """Read one row; None when it is not there. One request."""
    try:
        return _row(await table.get_entity(partition, key))
    except ResourceNotFoundError:
        return None


async def scan(
    table: TableClient,
    partition: str,
    start: str,
    end: str | None = None,
    *,
    top: int | None,
    after: str | None = None,
    keys_only: bool = False,
) -> list[Row]:
    """Read up to `top` rows with start <= key < end in one request, in the order of their keys; None: all, in as many
    requests as there are thousands of them.

    Without `end`, the range is every key that begins with `start`; with `after`, it begins behind that key. With
    `keys_only`, nothing else of the rows travels.
    """
    bounds = {"partition": partition, "start": after or start, "end": end or start + _END}
    query = table.query_entities(
        f"PartitionKey eq @partition and RowKey {'gt' if after else 'ge'} @start and RowKey lt @end",
        parameters=bounds,
        results_per_page=top or _MOST_ROWS,
        select="RowKey" if keys_only else None,
    )
    found: list[Row] = []
    async for page in query.by_page():
        found += [_row(entity) async for entity in page]
        if top and len(found) >= top:  # the service may cut a page short, and then says that there is more
            break
    return found


async def commit(table: TableClient, partition: str, changes: Sequence[Change]) -> bool:
    """Write all changes or none, in one request; False when another write was there first.

    A conflict costs one more read, of a row that was to be written, to tell it from one's own repeated request. What
    loses its reply is sent once more: the storage client repeats no POST or PATCH, and later nobody knows the nonce.
    """
    nonce = secrets.token_hex(8)
    operations = [_operation(partition, change, nonce) for change in changes]
    is_repeat = False
    try:
        try:
            await _send(table, operations)
        except (ServiceRequestError, ServiceResponseError, IncompleteReadError):
            is_repeat = True
            await _send(table, operations)
    except (TableTransactionError, HttpResponseError) as error:
        if error.status_code not in _CONFLICTS or _is_missing_table(error, changes):
            raise
        witness = _witness(changes)
        if witness is None:  # all deletions: those of a lost batch are as good as done
            return is_repeat and error.status_code == _NOT_FOUND
        written = await read(table, partition, witness)
        return written is not None and written.values.get("nonce") == nonce
    return True


async def _send(table: TableClient, operations: Sequence[tuple[Any, ...]]) -> None:
    """Write one row by a request of its own: for both sides that is half the work of a batch of one.

    Only where that is a POST or a PATCH: what the storage client repeats by itself is sent as a batch.
    """
    match operations:
        case [("create", entity)]:
            await table.create_entity(entity, response_preference="return-no-content")
        case [("update", entity, options)] if options == {"mode": UpdateMode.MERGE}:
            await table.update_entity(entity, mode=UpdateMode.MERGE)
        case _:
            await table.submit_transaction(operations)


def _witness(changes: Sequence[Change]) -> str | None:
    """Choose the row whose nonce proves the batch: an inserted one if there is one, since others change less often."""
    written = [change for change in changes if not isinstance(change, Delete)]
    inserted = [change for change in written if isinstance(change, Insert)]
    return next((change.key for change in inserted or written), None)


def _is_missing_table(error: HttpResponseError, changes: Sequence[Change]) -> bool:
    """Tell a table that is not there from a row; the SDK does not read the code of an insert that travels alone."""
    is_insert = error.status_code == _NOT_FOUND and all(isinstance(change, Insert) for change in changes)
    return is_insert or getattr(error, "error_code", None) == "TableNotFound"


def _row(entity: Mapping[str, Any]) -> Row:
    etag = cast("dict[str, Any]", getattr(entity, "metadata"))["etag"]  # noqa: B009 - TableEntity.metadata is untyped
    values = {name: value for name, value in entity.items() if name not in {"PartitionKey", "RowKey"}}
    return Row(entity["RowKey"], etag, values)


def _operation(partition: str, change: Change, nonce: str) -> tuple[Any, ...]:
    entity: Values = {"PartitionKey": partition, "RowKey": change.key}
    match change:
        case Insert(values=values):
            return "create", entity | values | {"nonce": nonce}
        case Put(values=values):
            return "upsert", entity | values | {"nonce": nonce}, {"mode": UpdateMode.REPLACE}
        case Overwrite(values=values):
            return "update", entity | values | {"nonce": nonce}, {"mode": UpdateMode.REPLACE}
        case Merge(values=values):
            return "update", entity | values | {"nonce": nonce}, {"mode": UpdateMode.MERGE}
        case Replace(etag=etag, values=values):
            guard = {"mode": UpdateMode.REPLACE, "etag": etag, "match_condition": MatchConditions.IfNotModified}
            return "update", entity | values | {"nonce": nonce}, guard
        case Delete(etag=None):
            return "delete", entity
        case Delete(etag=etag):
            return "delete", entity, {"etag": etag, "match_condition": MatchConditions.IfNotModified}
