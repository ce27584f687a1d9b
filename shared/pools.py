"""The queue and the slots of a model, as rows of its partition. Calls the pure admission; starts nothing itself.

`run!{ULID}` admitted, `state` what lanes remember, `wait!{priority}!{ULID}` tickets: in this order, so that one range
reads all three. Every admission is a batch that carries the ETag of `state`, so two can never both count.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel

from shared import clock, polling, rows, storage, telemetry
from shared.admission import Slot, Ticket, admissions, open_lanes, with_turn
from shared.config import configuration
from shared.forecast import Forecast, Held, LaneNow, forecast
from shared.lanes import Lane, shape_of
from shared.models.job import Admitted, Job, JobRef
from shared.rates import RATE_WINDOW, STATE_KEY, PoolState, partition, state_change
from shared.rows import Change, Delete, Insert, Merge, Replace, Row
from shared.version import VERSION

_FIRST_ROWS = 100
_MOST_ROWS = 1000
_PRIORITY_DIGIT = {"high": "0", "normal": "1"}
_BATCH_LIMIT = 20  # admissions a batch: three rows each keep it under 60 rows
_ADMIT_TRIES = 30


class TicketRow(BaseModel):
    """A job's row in its pool, while it waits and while it runs."""

    owner: str
    size: str
    seconds: int
    variants: int
    priority: str
    created_at: datetime
    deadline_at: datetime
    ready: bool = False
    lane: str | None = None
    holds_slot: bool = False
    admitted_at: datetime | None = None
    restarts: int = 0
    restarted_at: datetime | None = None
    look_until: datetime | None = None
    traceparent: str | None = None  # of the request that put it in: the job's story goes on there, whoever starts it
    version: str | None = None  # of the app that started the story last

    @property
    def shape(self) -> str:
        """What decides how long a render takes, as far as a job says it."""
        return shape_of(self.size, self.seconds, self.variants)


@dataclass(frozen=True)
class Member:
    """One row of the queue or of the admitted, as read."""

    key: str
    etag: str
    row: TicketRow


@dataclass
class Snapshot:
    """A pool as one range read found it; members by their job's ULID."""

    running: dict[str, Member] = field(default_factory=dict[str, Member])
    waiting: dict[str, Member] = field(default_factory=dict[str, Member])
    state: PoolState = field(default_factory=PoolState)
    state_etag: str | None = None
    is_whole: bool = True  # or cut off where more of it was not needed

    @property
    def tickets(self) -> list[Ticket]:
        """The tickets that are ready; one whose job is admitted is a late first try of its repeated insert."""
        return [
            Ticket(one.key, ulid, one.row.owner, one.row.size, one.row.seconds, one.row.variants, one.row.priority)
            for ulid, one in self.waiting.items()
            if one.row.ready and ulid not in self.running
        ]

    @property
    def slots(self) -> list[Slot]:
        """The slots that are held."""
        held = ((ulid, one.row) for ulid, one in self.running.items() if one.row.holds_slot)
        return [Slot(ulid, row.owner, row.lane or "") for ulid, row in held]


@dataclass(frozen=True)
class Released:
    """A slot that is given back with the admission; how long its render took, and how its looks foretold that."""

    ulid: str
    render_s: float | None = None
    ratios: Sequence[float] = ()


@dataclass(frozen=True)
class _Plan:
    """What an admission changes, who is admitted by it, and the pool as it then is."""

    changes: list[Change]
    admitted: list[Admitted]
    read: Snapshot


def ticket_key(job: Job) -> str:
    """Name the job's row while it waits: higher priority first, then older first."""
    return f"wait!{_PRIORITY_DIGIT[job.priority]}!{job.ulid}"


async def add_ticket(job: Job) -> None:
    """Put the job's ticket in, not ready yet: without its job it is harmless. One request."""
    if not await _commit(job.model, [Insert(ticket_key(job), rows.values_of(_row(job)))]):
        raise RuntimeError(f"a ticket made of the fresh ULID {job.ulid} was already there")


async def add_running(job: Job) -> bool:
    """Put a job that needs no slot among the admitted: one that starts with its render, or that is to be disposed of.

    False when it is there already: its story, or an import that was cut, has put it there.
    """
    admitted = {"lane": job.lane, "ready": True, "admitted_at": clock.now(), "version": VERSION}
    row = _row(job).model_copy(update=admitted)
    return await _commit(job.model, [Insert(_run_key(job.id), rows.values_of(row))])


async def add_or_renew_running(job: Job) -> bool:
    """Put a deleted job among the admitted; True when it was not there.

    A row that is there is another one from now on: a removal that was sent before the job was hidden does not take it.
    """
    while not await add_running(job):
        if await _commit(job.model, [Merge(_run_key(job.id), {})]):
            return False
    return True


async def ready_ticket(model: str, key: str) -> bool:
    """Let a ticket be admitted: its job is written. One request; False when the ticket is gone."""
    return await _commit(model, [Merge(key, {"ready": True})])


async def remove_ticket(model: str, key: str) -> bool:
    """Take a ticket out; False when it is gone. One request."""
    return await _commit(model, [Delete(key)])


async def outlook(job: Job) -> Forecast:
    """Foretell how many start before a job that waits, and when it is done. One request, at most 1,000 rows."""
    table = await storage.table()
    return _foretold(job, _snapshot(await rows.scan(table, partition(job.model), "run!", "wait!~", top=_MOST_ROWS)))


def _foretold(job: Job, read: Snapshot) -> Forecast:
    known, now = configuration().pools.get(job.model), clock.now()
    lanes = [lane_now(lane, read, now) for lane in known.lanes] if known else []
    begun = read.running.get(job.ulid)
    if begun is None:
        return forecast(
            ticket_key(job), read.tickets, _held(read, now), lanes, turns=read.state.turns, waits=read.state.waits
        )
    past = next((one.past[job.shape] for one in lanes if one.lane.name == begun.row.lane), None)
    return Forecast(0, polling.predict(None, _elapsed_s(begun.row, now), past) if past else None)


def lane_now(lane: Lane, read: Snapshot, now: datetime) -> LaneNow:
    """Show a lane as a forecast takes it."""
    memory = read.state.lane(lane.name)
    shapes = {member.row.shape for member in (*read.waiting.values(), *read.running.values())}
    return LaneNow(
        lane,
        {shape: memory.past(shape, lane.typical_render_s) for shape in shapes},
        [(now - token).total_seconds() for token in memory.tokens if token > now - RATE_WINDOW],
        max((memory.cooling_until - now).total_seconds(), 0.0) if memory.cooling_until else 0.0,
        memory.paused,
    )


def _held(read: Snapshot, now: datetime) -> list[Held]:
    rows_held = (one.row for one in read.running.values() if one.row.holds_slot)
    return [Held(row.owner, row.lane or "", row.shape, _elapsed_s(row, now)) for row in rows_held]


def _elapsed_s(row: TicketRow, now: datetime) -> float:
    return max((now - (row.admitted_at or now)).total_seconds(), 0.0)


async def admit(model: str, released: Released | None = None) -> list[Admitted]:
    """Give a slot back, if one is, and admit who may start; the caller starts their stories.

    One range read and, when something changes, one batch under the ETag of `state`; again when another was first.
    """
    return (await _admit(model, released)).admitted


async def enter(job: Job) -> tuple[list[Admitted], Forecast]:
    """Admit who may start now that this job's ticket is ready, and foretell the job from the same read.

    One request more where the pool is longer than that read.
    """
    plan = await _admit(job.model)
    return plan.admitted, _foretold(job, plan.read) if plan.read.is_whole else await outlook(job)


async def _admit(model: str, released: Released | None = None) -> _Plan:
    known = configuration().pools.get(model)
    lanes = known.lanes if known else ()
    for tried in range(_ADMIT_TRIES):
        await asyncio.sleep(random.uniform(0, 0.02) * tried)  # noqa: S311 - spreads contenders, hides nothing
        plan = _plan(model, await snapshot(model, lanes), lanes, released)
        if not plan.changes or await _commit(model, plan.changes):
            return plan
    raise TimeoutError(f"the pool {model} was changed by others {_ADMIT_TRIES} times in a row")


async def read_run(ref: JobRef) -> Member | None:
    """Read the job's row among the admitted; None when it is not there. One request."""
    table = await storage.table()
    found = await rows.read(table, partition(ref.model), _run_key(ref.job_id))
    return Member(found.key, found.etag, rows.model_of(TicketRow, found.values)) if found else None


async def note_restart(model: str, member: Member, at: datetime) -> bool:
    """Count that an admitted job's story is started again. One request; False when its row is gone meanwhile."""
    restarted = {"restarts": member.row.restarts + 1, "restarted_at": at, "version": VERSION}
    return await _commit(model, [Merge(member.key, restarted)])


async def keep_looking(ref: JobRef, until: datetime) -> None:
    """Mark a job's row as done but for renders that may surface. One request."""
    await _commit(ref.model, [Merge(_run_key(ref.job_id), {"look_until": until, "holds_slot": False})])


async def forget(model: str, member: Member) -> bool:
    """Delete a job's row as it was read: the very last effect of a job. One request; False when it is another by now.

    Under its ETag, since a delete of the job may have put another in its place before this request arrives.
    """
    return await _commit(model, [Delete(member.key, member.etag)])


async def snapshot(model: str, lanes: Sequence[Lane] = (), *, whole: bool = False) -> Snapshot:
    """Read a pool: one range of at most 100 rows; the first 1,000 tickets while one of `lanes` is open, or if asked."""
    table = await storage.table()
    found: list[Row] = []
    top = _FIRST_ROWS
    while True:
        more = await rows.scan(
            table, partition(model), "run!", "wait!~", top=top, after=found[-1].key if found else None
        )
        found += more
        read = _snapshot(found)
        needed = whole or not read.waiting or _has_open(read, lanes)
        read.is_whole = len(more) < top
        if read.is_whole or not needed or len(read.waiting) >= _MOST_ROWS:
            return read
        top = _MOST_ROWS


def _row(job: Job) -> TicketRow:
    return TicketRow(
        owner=job.owner,
        size=job.size,
        seconds=job.seconds,
        variants=job.variants,
        priority=_PRIORITY_DIGIT[job.priority],
        created_at=job.created_at,
        deadline_at=job.deadline_at,
        traceparent=telemetry.traceparent(),
    )


def _snapshot(found: Sequence[Row]) -> Snapshot:
    read = Snapshot()
    for row in found:
        if row.key == STATE_KEY:
            read.state, read.state_etag = rows.model_of(PoolState, row.values), row.etag
        else:
            kind, ulid = row.key.split("!")[0], row.key.split("!")[-1]
            place = read.running if kind == "run" else read.waiting
            place[ulid] = Member(row.key, row.etag, rows.model_of(TicketRow, row.values))
    return read


def _has_open(read: Snapshot, lanes: Sequence[Lane]) -> bool:
    return bool(open_lanes(lanes, Counter(slot.lane for slot in read.slots)))


def _plan(model: str, read: Snapshot, lanes: Sequence[Lane], released: Released | None) -> _Plan:
    changes: list[Change] = []
    held = read.running.get(released.ulid) if released else None
    if released and held and held.row.holds_slot:
        if released.render_s is not None and held.row.lane:
            read.state.learn_wait(released.ulid, clock.now())
            memory = read.state.lane(held.row.lane)
            memory.remember(held.row.shape, released.render_s, released.ratios)
        held.row.holds_slot = False
        changes.append(Replace(held.key, held.etag, rows.values_of(held.row)))
    paused = frozenset(name for name, memory in read.state.lanes.items() if memory.paused)
    decided = admissions(read.tickets, read.slots, lanes, paused, read.state.turns)[:_BATCH_LIMIT]
    for one in decided:
        read.state.turns = with_turn(read.state.turns, one.ticket.owner)
        ticket = read.waiting[one.ticket.ulid]
        update = {"lane": one.lane.name, "holds_slot": True, "admitted_at": clock.now(), "version": VERSION}
        begun = ticket.row.model_copy(update=update)
        changes.append(Insert(f"run!{one.ticket.ulid}", rows.values_of(begun)))
        read.running[one.ticket.ulid] = Member(f"run!{one.ticket.ulid}", "", begun)
        changes.append(Delete(ticket.key, ticket.etag))
    if changes:
        _probe(read, [one.ticket.ulid for one in decided], lanes)
        changes.append(state_change(read.state, read.state_etag))
    return _Plan(changes, [_admitted(model, one.ticket.ulid, read) for one in decided], read)


def _probe(read: Snapshot, admitted: Sequence[str], lanes: Sequence[Lane]) -> None:
    """Foretell one of those that go on waiting, for the row that is written anyway: so forecasts learn to be right."""
    now = clock.now()
    tickets = [one for one in read.tickets if one.ulid not in admitted]
    if chosen := read.state.probed(tickets, now):
        shown = [lane_now(lane, read, now) for lane in lanes]
        told = forecast(chosen.key, tickets, _held(read, now), shown, turns=read.state.turns, waits=read.state.waits)
        read.state.probe(chosen.ulid, now, told.foretold_s)


def _admitted(model: str, ulid: str, read: Snapshot) -> Admitted:
    row = read.waiting[ulid].row
    return Admitted(ref=JobRef(job_id=f"job_{ulid}", owner=row.owner, model=model), traceparent=row.traceparent)


async def _commit(model: str, changes: Sequence[Change]) -> bool:
    return await rows.commit(await storage.table(), partition(model), changes)


def _run_key(job_id: str) -> str:
    return f"run!{job_id.removeprefix('job_')}"
