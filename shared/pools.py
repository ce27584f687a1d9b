"""The queue and the slots of a model, as rows of its partition. Calls the pure admission; starts nothing itself.

`run!{ULID}` admitted, `state` what lanes remember, `wait!{priority}!{ULID}` tickets: in this order, so that one range
reads all three. Every admission is a batch that carries the ETag of `state`, so two can never both count.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared import clock, foretelling, rows, storage
from shared.admission import admissions, open_lanes, with_turn
from shared.config import configuration
from shared.forecast import Forecast
from shared.lanes import Lane
from shared.models.job import Admitted, Job, JobRef
from shared.pool_rows import Member, Snapshot, TicketRow, run_key, snapshot_of, ticket_key, ticket_row, values_of
from shared.rates import partition, state_change
from shared.rows import Change, Delete, Insert, Merge, Replace, Row
from shared.version import VERSION

_FIRST_ROWS = 100
_MOST_ROWS = 1000
_BATCH_LIMIT = 20  # admissions a batch: three rows each keep it under 60 rows
_ADMIT_TRIES = 30


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


async def add_ticket(job: Job) -> None:
    """Put the job's ticket in, not ready yet: without its job it is harmless. One request."""
    if not await _commit(job.model, [Insert(ticket_key(job), values_of(ticket_row(job)))]):
        raise RuntimeError(f"a ticket made of the fresh ULID {job.ulid} was already there")


async def add_running(job: Job) -> bool:
    """Put a job that needs no slot among the admitted: one that starts with its render, or that is to be disposed of.

    False when it is there already: its story, or an import that was cut, has put it there.
    """
    admitted = {"lane": job.lane, "ready": True, "admitted_at": clock.now(), "version": VERSION}
    row = ticket_row(job).model_copy(update=admitted)
    return await _commit(job.model, [Insert(run_key(job.id), values_of(row))])


async def add_or_renew_running(job: Job) -> bool:
    """Put a deleted job among the admitted; True when it was not there.

    A row that is there is another one from now on: a removal that was sent before the job was hidden does not take it.
    """
    while not await add_running(job):
        if await _commit(job.model, [Merge(run_key(job.id), {})]):
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
    return _foretold(job, snapshot_of(await rows.scan(table, partition(job.model), "run!", "wait!~", top=_MOST_ROWS)))


def _foretold(job: Job, read: Snapshot) -> Forecast:
    return foretelling.of_job(job, read, _lanes(job.model), clock.now())


def _lanes(model: str) -> Sequence[Lane]:
    known = configuration().pools.get(model)
    return known.lanes if known else ()


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
    lanes = _lanes(model)
    for tried in range(_ADMIT_TRIES):
        await asyncio.sleep(random.uniform(0, 0.02) * tried)  # noqa: S311 - spreads contenders, hides nothing
        plan = _plan(model, await snapshot(model, lanes), lanes, released)
        if not plan.changes or await _commit(model, plan.changes):
            return plan
    raise TimeoutError(f"the pool {model} was changed by others {_ADMIT_TRIES} times in a row")


async def read_run(ref: JobRef) -> Member | None:
    """Read the job's row among the admitted; None when it is not there. One request."""
    table = await storage.table()
    found = await rows.read(table, partition(ref.model), run_key(ref.job_id))
    return Member(found.key, found.etag, rows.model_of(TicketRow, found.values)) if found else None


async def note_restart(model: str, member: Member, at: datetime) -> bool:
    """Count that an admitted job's story is started again. One request; False when its row is gone meanwhile."""
    restarted = {"restarts": member.row.restarts + 1, "restarted_at": at, "version": VERSION}
    return await _commit(model, [Merge(member.key, restarted)])


async def keep_looking(ref: JobRef, until: datetime) -> None:
    """Mark a job's row as done but for renders that may surface. One request."""
    await _commit(ref.model, [Merge(run_key(ref.job_id), {"look_until": until, "holds_slot": False})])


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
        read = snapshot_of(found)
        needed = whole or not read.waiting or _has_open(read, lanes)
        read.is_whole = len(more) < top
        if read.is_whole or not needed or len(read.waiting) >= _MOST_ROWS:
            return read
        top = _MOST_ROWS


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
        changes.append(Replace(held.key, held.etag, values_of(held.row)))
    paused = {lane.name for lane in lanes if read.state.lane(lane.name).paused}
    retired = {lane.name for lane in lanes if read.state.lane(lane.name).is_retired(lane)}
    decided = admissions(read.tickets, read.slots, lanes, paused, turns=read.state.turns, retired=retired)[
        :_BATCH_LIMIT
    ]
    for one in decided:
        read.state.turns = with_turn(read.state.turns, one.ticket.owner)
        ticket = read.waiting[one.ticket.ulid]
        update = {"lane": one.lane.name, "holds_slot": True, "admitted_at": clock.now(), "version": VERSION}
        begun = ticket.row.model_copy(update=update)
        key = run_key(one.ticket.ulid)
        changes.append(Insert(key, values_of(begun)))
        read.running[one.ticket.ulid] = Member(key, "", begun)
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
        told = foretelling.of_ticket(chosen.key, tickets, read, lanes, now)
        read.state.probe(chosen.ulid, now, told.foretold_s)


def _admitted(model: str, ulid: str, read: Snapshot) -> Admitted:
    row = read.waiting[ulid].row
    return Admitted(ref=JobRef(job_id=f"job_{ulid}", owner=row.owner, model=model), traceparent=row.traceparent)


async def _commit(model: str, changes: Sequence[Change]) -> bool:
    return await rows.commit(await storage.table(), partition(model), changes)
