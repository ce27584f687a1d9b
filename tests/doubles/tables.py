"""An in-memory table that answers as Table Storage does: exactly what shared/rows.py asks of the SDK, and no more.

Knows batches, ETags, ranges and limits; must not know rows of the app. test_tables.py holds it against Azurite.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import RequestTooLargeError, TableEntity, TableTransactionError, UpdateMode

Values = dict[str, Any]
Watcher = Callable[[str, str, Values | None, Values | None], None]

MOST_OPERATIONS = 100
MOST_BATCH_BYTES = 4 * 1024 * 1024
MOST_ENTITY_BYTES = 1024 * 1024
MOST_TEXT_UNITS = 32 * 1024
_MOST_PAGE = 1000
_INT32 = range(-(2**31), 2**31)
_BAD_KEY = re.compile(r"[/\\#?\x00-\x1f\x7f-\x9f]")
_RANGE = re.compile(r"PartitionKey eq @(\w+) and RowKey (ge|gt) @(\w+) and RowKey lt @(\w+)")


class _RefusedError(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass
class _Partition:
    rows: dict[str, tuple[str, Values]] = field(default_factory=dict[str, tuple[str, Values]])
    keys: list[str] = field(default_factory=list[str])

    def put(self, key: str, etag: str, values: Values) -> None:
        if key not in self.rows:
            insort(self.keys, key)
        self.rows[key] = (etag, values)

    def remove(self, key: str) -> None:
        del self.rows[key]
        del self.keys[bisect_left(self.keys, key)]


class FakeTable:
    """One table. `watchers` are told of every row that changes: partition, key, before, after."""

    def __init__(self) -> None:
        self.watchers: list[Watcher] = []
        self._partitions: defaultdict[str, _Partition] = defaultdict(_Partition)
        self._writes = 0

    def everything(self) -> dict[str, dict[str, Values]]:
        """Return all rows by partition and key, for those who check."""
        return {name: {key: dict(part.rows[key][1]) for key in part.keys} for name, part in self._partitions.items()}

    async def get_entity(self, partition_key: str, row_key: str) -> TableEntity:
        """Read one row; ResourceNotFoundError when it is not there."""
        found = self._partitions[partition_key].rows.get(row_key)
        if found is None:
            raise ResourceNotFoundError("The specified resource does not exist.")
        return _entity(partition_key, row_key, *found)

    def query_entities(
        self,
        query_filter: str,
        *,
        parameters: Mapping[str, str],
        results_per_page: int = _MOST_PAGE,
        select: str | None = None,
    ) -> _Query:
        """Range over the keys of one partition; any other filter is a mistake of the caller."""
        asked = _RANGE.fullmatch(query_filter)
        if asked is None:
            raise NotImplementedError(f"only ranges of one partition are asked: {query_filter}")
        partition, start, end = (parameters[asked[n]] for n in (1, 3, 4))
        return _Query(self, partition, asked[2] == "gt", start, end, min(results_per_page, _MOST_PAGE), select)

    def page(self, partition: str, *, behind: bool, start: str, end: str, top: int) -> list[TableEntity]:
        """Read up to `top` rows of a range, in the order of their keys."""
        part = self._partitions[partition]
        first = (bisect_right if behind else bisect_left)(part.keys, start)
        keys = part.keys[first : min(first + top, max(first, bisect_left(part.keys, end)))]
        return [_entity(partition, key, *part.rows[key]) for key in keys]

    async def create_entity(self, entity: Values, *, response_preference: str = "") -> dict[str, str]:
        """Insert one row; ResourceExistsError when it is there."""
        del response_preference  # of the row, which nobody reads
        return await self._alone(("create", entity))

    async def update_entity(self, entity: Values, *, mode: UpdateMode) -> dict[str, str]:
        """Write one row that is there, whatever it holds; ResourceNotFoundError when it is not."""
        return await self._alone(("update", entity, {"mode": mode}))

    async def _alone(self, operation: tuple[Any, ...]) -> dict[str, str]:
        try:
            return (await self.submit_transaction([operation]))[0]
        except TableTransactionError as refused:
            error = _ALONE.get(refused.status_code or 0, HttpResponseError)(refused.message)
            error.status_code = refused.status_code
            raise error from None

    async def submit_transaction(self, operations: Iterable[tuple[Any, ...]]) -> list[dict[str, str]]:
        """Carry out all operations or none; the error names the first that cannot be."""
        batch = list(operations)
        partitions = {operation[1]["PartitionKey"] for operation in batch}
        if len(partitions) > 1:
            raise ValueError("Partition Keys in the batch must all be the same.")
        if any(_is_too_wide(value) for operation in batch for value in operation[1].values()):
            raise TypeError("an integer needs 64 bits")
        if not batch or len(batch) > MOST_OPERATIONS:
            raise _error(400, "InvalidInput", 0)
        if sum(_bytes_of(operation[1]) for operation in batch) > MOST_BATCH_BYTES:
            raise RequestTooLargeError(message="The request body is too large and exceeds the maximum limit.")
        return self._carry_out(partitions.pop(), batch)

    def _carry_out(self, partition: str, batch: list[tuple[Any, ...]]) -> list[dict[str, str]]:
        part = self._partitions[partition]
        decided: dict[str, Values | None] = {}
        for index, (kind, entity, *options) in enumerate(batch):
            key = entity["RowKey"]
            try:
                _check_new(key, decided)
                decided[key] = _decide(kind, entity, options[0] if options else {}, part.rows.get(key))
            except _RefusedError as refused:
                raise _error(refused.status, refused.code, index) from None
        return [{"etag": self._write(partition, part, key, values)} for key, values in decided.items()]

    def _write(self, name: str, part: _Partition, key: str, values: Values | None) -> str:
        before = part.rows.get(key)
        self._writes += 1
        etag = f"W/\"datetime'{self._writes}'\""
        if values is None:
            part.remove(key)
        else:
            part.put(key, etag, values)
        for watcher in self.watchers:
            watcher(name, key, before[1] if before else None, values)
        return etag


@dataclass
class _Query:
    """The answer to a range, page by page, as the SDK's AsyncItemPaged gives it."""

    table: FakeTable
    partition: str
    behind: bool
    start: str
    end: str
    top: int
    select: str | None

    async def by_page(self) -> AsyncIterator[AsyncIterator[TableEntity]]:
        """Read page after page; each is as the table is when it is asked for."""
        behind, start = self.behind, self.start
        while True:
            page = self.table.page(self.partition, behind=behind, start=start, end=self.end, top=self.top)
            yield _each([_selected(entity, self.select) for entity in page])
            if len(page) < self.top:
                return
            behind, start = True, page[-1]["RowKey"]


def _selected(entity: TableEntity, name: str | None) -> TableEntity:
    if name is None:
        return entity
    selected = TableEntity({name: entity[name]})
    selected._metadata = entity._metadata
    return selected


async def _each(page: list[TableEntity]) -> AsyncIterator[TableEntity]:
    for entity in page:
        yield entity


def _check_new(key: str, decided: Mapping[str, Values | None]) -> None:
    if key in decided:
        raise _RefusedError(400, "InvalidDuplicateRow")


def _decide(kind: str, entity: Values, options: Values, there: tuple[str, Values] | None) -> Values | None:
    """Return what the row becomes, None for no row; _RefusedError when it must not."""
    if _BAD_KEY.search(entity["RowKey"]):
        raise _RefusedError(400, "InvalidInput")
    guarded = options.get("match_condition") == MatchConditions.IfNotModified
    if kind == "create" and there is not None:
        raise _RefusedError(409, "EntityAlreadyExists")
    if kind in {"update", "delete"} and there is None:
        raise _RefusedError(404, "ResourceNotFound")
    if guarded and there is not None and there[0] != options["etag"]:
        raise _RefusedError(412, "UpdateConditionNotSatisfied")
    if kind == "delete":
        return None
    values = {name: _stored(value) for name, value in entity.items() if value is not None and name not in _KEYS}
    if options.get("mode") == UpdateMode.MERGE and there is not None:
        values = there[1] | values
    if any(isinstance(value, str) and _units(value) > MOST_TEXT_UNITS for value in values.values()):
        raise _RefusedError(400, "PropertyValueTooLarge")
    if _bytes_of(values) > MOST_ENTITY_BYTES:
        raise _RefusedError(400, "EntityTooLarge")
    return values


_ALONE = {404: ResourceNotFoundError, 409: ResourceExistsError}
_KEYS = {"PartitionKey", "RowKey"}


def _entity(partition: str, key: str, etag: str, values: Values) -> TableEntity:
    entity = TableEntity(PartitionKey=partition, RowKey=key, **values)
    entity._metadata = {"etag": etag, "timestamp": None}
    return entity


def _stored(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _is_too_wide(value: Any) -> bool:
    return isinstance(value, int) and value not in _INT32


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _bytes_of(values: Values) -> int:
    return sum(2 * len(name) + (2 * _units(value) if isinstance(value, str) else 8) for name, value in values.items())


def _error(status: int, code: str, index: int) -> TableTransactionError:
    error = TableTransactionError(message=f"{index}:{code}", index=index)
    error.status_code, error.error_code = status, code
    return error
