"""The jobs of an owner in Table Storage: their rows, list rows, keys and timeline. Nothing else knows a row key of
theirs. A job, its one list row and what belongs to the change are written in one batch under the job's ETag.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from shared import clock, job_telemetry, rows, storage
from shared.ids import JobId, digest
from shared.models.job import Job, JobState, Live, TimelineEvent
from shared.models.money import usd_text
from shared.rows import Change, Delete, Insert, Merge, Overwrite, Put, Replace, Row, Values

KEY_LIFETIME = timedelta(days=7)
_KEY_TRIES = 5

_LIST_OF = {JobState.SUCCEEDED: "done", JobState.FAILED: "failed", JobState.CANCELLED: "cancelled"}
_BATCH_ROWS = 60
_EXAMINED_ROWS = 1000  # a page may be short: no list request looks at more rows than this


@dataclass(frozen=True)
class Stored:
    """A job as read, with the ETag that guards its next change and what the last look left behind."""

    job: Job
    etag: str
    live: Live = field(default_factory=Live)


@dataclass(frozen=True)
class Event:
    """One line of a job's timeline. `name` comes from the step, so that a repeated step writes the same row."""

    name: str
    kind: str
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    at: datetime | None = None  # where it was earlier than it is written


@dataclass(frozen=True)
class SubmitKey:
    """An Idempotency-Key, hashed, and the digest of the parsed request it stands for."""

    key_hash: str
    request_digest: str


@dataclass(frozen=True)
class Created:
    """The job is written."""


@dataclass(frozen=True)
class Replayed:
    """The key was used for this same request before; this is its job."""

    job_id: str


@dataclass(frozen=True)
class KeyReused:
    """The key was used for another request before."""


class Purged(BaseModel):
    """What is kept of a deleted job whose rows are gone: whether its videos went with them."""

    deletes_assets: bool = False


@dataclass(frozen=True)
class Page:
    """Jobs newest first, and the position behind the last row looked at; None at the end."""

    jobs: list[Stored]
    after: str | None


def partition(owner: str) -> str:
    """Name the partition that holds everything of one owner."""
    return f"o!{owner}"


def job_key(inv: str) -> str:
    """Name the job's own row."""
    return f"job!{inv}"


def _list_key(job: Job) -> str:
    return f"{_LIST_OF.get(job.state, 'open')}!{job.inv}"


def event_rows(job: Job, events: Iterable[Event], at: datetime) -> list[Change]:
    """Write lines of the timeline; the same step writes the same row again."""
    return [
        Put(
            f"event!{job.inv}!{event.name}",
            {"at": event.at or at, "kind": event.kind, "data": json.dumps(event.data, default=str)},
        )
        for event in events
    ]


async def read(owner: str, job_id: JobId) -> Stored | None:
    """Read a job and what the last look left behind; None when this owner has no such job. One request."""
    table = await storage.table()
    key = job_key(job_id.inv)
    found = await rows.scan(table, partition(owner), key, top=2)
    return _stored(found[0], found[1] if len(found) > 1 else None) if found else None


async def create(job: Job, key: SubmitKey | None) -> Created | Replayed | KeyReused:
    """Write job, list row, key and first event in one batch. Reads only when the key was used before."""
    table = await storage.table()
    at = job.created_at
    values = rows.values_of(job)
    changes: list[Change] = [
        Insert(job_key(job.inv), values),
        Insert(_list_key(job), values),
        *event_rows(job, [_submitted(job)], at),
    ]
    if job.render_id:
        changes.append(live_row(job, Live()))
    if key is None:
        _must(await rows.commit(table, partition(job.owner), changes))
        return _created(job)
    key_row = f"key!{key.key_hash}"
    key_values: Values = {"request": key.request_digest, "job_id": job.id, "until": at + KEY_LIFETIME}
    guard: Change = Insert(key_row, key_values)
    for _ in range(_KEY_TRIES):
        if await rows.commit(table, partition(job.owner), [guard, *changes]):
            return _created(job)
        used = await rows.read(table, partition(job.owner), key_row)
        if earlier := _earlier(used, key, at):
            return earlier
        guard = Replace(key_row, used.etag, key_values) if used else Insert(key_row, key_values)
    raise TimeoutError(f"an Idempotency-Key was changed by others {_KEY_TRIES} times in a row")


def _submitted(job: Job) -> Event:
    about = {"model": job.model, "parent": job.parent_id, "render": job.render_id, "usd": usd_text(job.cost_usd)}
    return Event("submitted", "submitted", {name: value for name, value in about.items() if value is not None})


def _created(job: Job) -> Created:
    job_telemetry.taken_in(job)
    return Created()


async def sent_before(owner: str, key: SubmitKey | None, at: datetime) -> Replayed | KeyReused | None:
    """Tell what a key stands for already; None when it is free, or there is none. One request."""
    if key is None:
        return None
    used = await rows.read(await storage.table(), partition(owner), f"key!{key.key_hash}")
    return _earlier(used, key, at)


def _earlier(used: Row | None, key: SubmitKey, at: datetime) -> Replayed | KeyReused | None:
    if used is None or used.values["until"] <= at:
        return None
    return Replayed(used.values["job_id"]) if used.values["request"] == key.request_digest else KeyReused()


async def save(before: Stored, job: Job, *, events: Sequence[Event] = (), also: Sequence[Change] = ()) -> bool:
    """Write a changed job, its list row and more in one batch; False when the job was changed meanwhile."""
    table = await storage.table()
    values = rows.values_of(job)
    changes: list[Change] = [Replace(job_key(job.inv), before.etag, values)]
    old = None if before.job.deleted_at else _list_key(before.job)
    new = None if job.deleted_at else _list_key(job)
    if old and old != new:
        changes.append(Delete(old))
    if new:
        changes.append(Put(new, values))
    changes += [*also, *event_rows(job, events, job.updated_at)]
    written = await rows.commit(table, partition(job.owner), changes)
    if written:
        job_telemetry.changed(before.job, job)
    return written


async def purge(job: Job) -> None:
    """Delete every row of a job that is deleted, its own last, for one that says so: a claim of a render outlives its
    job, and must not bring it back. What looks write over goes first, so that a late one leaves no line behind.

    Two at it at once do no harm.
    """
    table = await storage.table()
    for prefix in (_live_key(job), f"event!{job.inv}!", f"try!{job.inv}!", f"twin!{job.inv}!"):
        while found := await rows.scan(table, partition(job.owner), prefix, top=_BATCH_ROWS):
            await rows.commit(table, partition(job.owner), [Delete(row.key) for row in found])
    mark = Put(f"gone!{job.inv}", rows.values_of(Purged(deletes_assets=job.deletes_assets)))
    await rows.commit(table, partition(job.owner), [Delete(job_key(job.inv)), mark])


async def purged(owner: str, job_id: JobId) -> Purged | None:
    """Read the mark of a job that was deleted; None when it is there, or never was. One request."""
    mark = await rows.read(await storage.table(), partition(owner), f"gone!{job_id.inv}")
    return rows.model_of(Purged, mark.values) if mark else None


async def failed(owner: str, *, top: int) -> list[Stored]:
    """Read failed jobs, newest first; their ETags are the list rows', so read one again before changing it."""
    table = await storage.table()
    return [_stored(row) for row in await rows.scan(table, partition(owner), "failed!", top=top)]


async def write_live(job: Job, live: Live, events: Sequence[Event]) -> None:
    """Leave behind what a look saw, over what the one before it left; nothing where the job was deleted meanwhile.

    One request. The row is there from the moment the job has a render.
    """
    table = await storage.table()
    at = live.looked_at or clock.now()
    seen = Overwrite(_live_key(job), rows.values_of(live))
    await rows.commit(table, partition(job.owner), [seen, *event_rows(job, events, at)])


def live_row(job: Job, live: Live) -> Change:
    """Write what the last look left behind, whatever was there: only in one batch with the job itself."""
    return Put(_live_key(job), rows.values_of(live))


def _live_key(job: Job) -> str:
    return f"{job_key(job.inv)}!live"


async def tell(job: Job, event: Event, at: datetime) -> None:
    """Add a line to the timeline of a job that has a render; nothing where it was deleted meanwhile. One request."""
    is_there = Merge(_live_key(job), {})
    await rows.commit(await storage.table(), partition(job.owner), [is_there, *event_rows(job, [event], at)])


async def count_open(owner: str, at_most: int) -> int:
    """Count the owner's open jobs up to a limit. One request, which brings keys alone: a job may hold a long prompt."""
    table = await storage.table()
    return len(await rows.scan(table, partition(owner), "open!", top=at_most, keys_only=True))


async def disputed(owner: str, *, limit: int, after: str | None) -> Page:
    """Read one page of jobs whose cost is disputed, newest first: among those that failed, so many rows a page.

    One request; a page may be short and have a next one.
    """
    table = await storage.table()
    found = await rows.scan(
        table, partition(owner), "failed!", top=_EXAMINED_ROWS, after=f"failed!{after}" if after else None
    )
    one_page = _page([item for item in map(_stored, found) if item.job.cost_state == "disputed"], limit)
    if one_page.after is None and len(found) >= _EXAMINED_ROWS:
        return Page(one_page.jobs, found[-1].key.removeprefix("failed!"))
    return one_page


async def page(owner: str, *, limit: int, after: str | None, state: JobState | None) -> Page:
    """Read one page of jobs, newest first, all of them or those in one state. One request.

    `after` is the inverted ULID a page before this one ended at. By state, the list rows are read; they say all but
    the progress of a look.
    """
    table = await storage.table()
    if state is None:
        found = await rows.scan(
            table, partition(owner), "job!", top=2 * limit + 1, after=f"job!{after}!~" if after else None
        )
        return _page(_with_live(found), limit)
    prefix = f"{_LIST_OF.get(state, 'open')}!"
    top = limit + 1 if state.is_final else _EXAMINED_ROWS
    found = await rows.scan(table, partition(owner), prefix, top=top, after=f"{prefix}{after}" if after else None)
    stored = [item for item in map(_stored, found) if item.job.state == state]
    return _page(stored, limit)


async def timeline(job: Job) -> list[TimelineEvent]:
    """Read the flight record of a job, oldest first. One request for each 1,000 events."""
    table = await storage.table()
    found = await rows.scan(table, partition(job.owner), f"event!{job.inv}!", top=None)
    events = [
        TimelineEvent(
            name=row.key.split("!")[2],
            at=row.values["at"],
            kind=row.values["kind"],
            data=json.loads(row.values["data"]),
        )
        for row in found
    ]
    return sorted(events, key=lambda event: event.at)


def cursor_is_valid(after: str) -> bool:
    """Tell whether a position could have come from a page."""
    return JobId.parse(f"job_{after}") is not None  # an inverted ULID has the form of one


def submit_key(key: str, request: BaseModel, about: str = "") -> SubmitKey:
    """Hash an Idempotency-Key and the parsed request it is sent with, in whatever order that was written down.

    `about` names what the request is about where the body alone does not say it.
    """
    return SubmitKey(digest(key), digest(about, json.dumps(request.model_dump(mode="json"), sort_keys=True)))


def _page(stored: list[Stored], limit: int) -> Page:
    on_page = stored[:limit]
    after = on_page[-1].job.inv if len(stored) > limit else None
    return Page([item for item in on_page if item.job.deleted_at is None], after)


def _with_live(found: Sequence[Row]) -> list[Stored]:
    live = {row.key: row for row in found if row.key.endswith("!live")}
    return [_stored(row, live.get(f"{row.key}!live")) for row in found if not row.key.endswith("!live")]


def _stored(row: Row, live: Row | None = None) -> Stored:
    job = rows.model_of(Job, row.values)
    return Stored(job, row.etag, rows.model_of(Live, live.values)) if live else Stored(job, row.etag)


def _must(written: bool) -> None:  # noqa: FBT001 - the answer of rows.commit
    if not written:
        raise RuntimeError("a row made of a fresh ULID was already there")
