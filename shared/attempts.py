"""Attempts to create a render, and the claim of a render by one job. An attempt is written before the request leaves
and concluded exactly once, under its own ETag; nothing is ever cleared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared import clock, jobs, rows, storage
from shared.ids import JobId, digest
from shared.jobs import Event, Stored
from shared.models.job import Attempt, Job, JobRef, JobState, Live
from shared.rows import Insert, Replace
from shared.version import VERSION

_MOST_NAMED = 50  # an event is one property of 32 Ki characters


@dataclass(frozen=True)
class Tried:
    """An attempt as read, with the ETag that guards its conclusion."""

    attempt: Attempt
    etag: str


@dataclass(frozen=True)
class Claimant:
    """The job that holds the claim of a render, and its owner; None where the claim was written without one."""

    job_id: str
    owner: str | None


def _key(job: Job, n: int) -> str:
    return f"try!{job.inv}!{n}"


async def read(job: Job) -> list[Tried]:
    """Read every attempt of a job, oldest first: one request a thousand. Never a part of them: the key of the newest,
    which may be open, sorts before those of older ones.
    """
    table = await storage.table()
    found = await rows.scan(table, jobs.partition(job.owner), f"try!{job.inv}!", top=None)
    tried = [Tried(rows.model_of(Attempt, row.values), row.etag) for row in found]
    return sorted(tried, key=lambda one: one.attempt.n)


async def begin(stored: Stored, lane: str, at: datetime, admitted_at: datetime | None = None) -> bool:
    """Write the next attempt in one batch with the job under its ETag, which is running from now on.

    So `queued` proves that nothing was ever sent. False when the job was changed meanwhile: then nothing may be sent.
    """
    n = stored.job.attempts + 1
    job = stored.job.changed(at, state=JobState.RUNNING, lane=lane, attempts=n)
    attempt = Attempt(n=n, lane=lane, sent_at=at)
    begun = Insert(_key(job, n), rows.values_of(attempt))
    asked = Event(f"try-{n}", "asked", {"lane": lane, "version": VERSION})
    waited_s = round(((admitted_at or at) - job.created_at).total_seconds(), 1)
    admitted = Event("admitted", "admitted", {"lane": lane, "waited_s": waited_s}, admitted_at)
    return await jobs.save(stored, job, events=[admitted, asked] if n == 1 else [asked], also=[begun])


async def update(job: Job, tried: Tried, event: Event, **values: Any) -> bool:
    """Write a new state of an attempt under its ETag; False when another copy was first. One request."""
    table = await storage.table()
    changed = tried.attempt.model_copy(update=values)
    events = jobs.event_rows(job, [event], clock.now())
    change = Replace(_key(job, changed.n), tried.etag, rows.values_of(changed))
    return await rows.commit(table, jobs.partition(job.owner), [change, *events])


async def conclude_open(job: Job, **values: Any) -> None:
    """Conclude the job's open attempt, or note something on it; nothing when another copy concluded it first."""
    tried = next((one for one in await read(job) if one.attempt.concluded is None), None)
    if tried:
        kind = values.get("concluded", "unanswered")
        event = Event(f"try-{tried.attempt.n}-{kind}", kind, {"detail": values.get("detail")})
        await update(job, tried, event, **values)


async def adopt(ref: JobRef, endpoint: str, render_id: str) -> Job | None:
    """Make a render this job's: claim it, then conclude the open attempt and name it on the job, in one batch.

    None when another job holds the claim: the attempt stays open. When this job has another render already, this one
    is recorded as its twin.
    """
    while True:
        stored = await jobs.read(ref.owner, JobId.of(ref.job_id))
        if stored is None or await claim(endpoint, render_id, stored.job) != ref.job_id:
            return None
        job = stored.job
        if job.render_id == render_id:
            return job
        tried = next((one for one in await read(job) if one.attempt.concluded is None), None)
        if job.render_id or tried is None:
            if await _is_twin(job, render_id) or await record_twin(stored, job.changed(clock.now()), render_id):
                return job
            continue
        if adopted := await _write_adoption(stored, tried, render_id):
            return adopted


async def _write_adoption(stored: Stored, tried: Tried, render_id: str) -> Job | None:
    at = clock.now()
    accepted = tried.attempt.model_copy(update={"concluded": "accepted", "render_id": render_id})
    job = stored.job.changed(at, render_id=render_id, accepted_at=tried.attempt.sent_at, lane=accepted.lane)
    change = Replace(_key(job, accepted.n), tried.etag, rows.values_of(accepted))
    event = Event(
        f"try-{accepted.n}-accepted", "accepted", {"lane": accepted.lane, "found_after": tried.attempt.looked}
    )
    also = [change, jobs.live_row(job, Live())]
    return job if await jobs.save(stored, job, events=[event], also=also) else None


async def end_unclear(stored: Stored, tried: Tried, job: Job, candidates: Sequence[str]) -> bool:
    """Conclude an attempt as unclear and end its job in one batch; False when either was changed meanwhile.

    The renders that may be the job's stay in its timeline, whichever of them it is given later.
    """
    unclear = tried.attempt.model_copy(update={"concluded": "unclear"})
    change = Replace(_key(job, unclear.n), tried.etag, rows.values_of(unclear))
    named = {"candidates": candidates[:_MOST_NAMED]} if candidates else {}
    event = Event(f"try-{unclear.n}-unclear", "unclear", {"lane": unclear.lane, **named})
    return await jobs.save(stored, job, events=[event], also=[change])


async def record_twin(stored: Stored, job: Job, render_id: str) -> bool:
    """Write a second render of a job as its twin, with the job it changes.

    False when that was changed meanwhile, or the twin is on record already: what it cost is counted once.
    """
    twin = Insert(_twin_key(job, render_id), {"render_id": render_id, "found_at": clock.now()})
    event = Event(f"twin-{digest(render_id)[:8]}", "surfaced", {"render_id": render_id})
    return await jobs.save(stored, job, events=[event], also=[twin])


async def _is_twin(job: Job, render_id: str) -> bool:
    table = await storage.table()
    return await rows.read(table, jobs.partition(job.owner), _twin_key(job, render_id)) is not None


def _twin_key(job: Job, render_id: str) -> str:
    return f"twin!{job.inv}!{digest(render_id)[:16]}"


async def claim(endpoint: str, render_id: str, job: Job) -> str:
    """Claim a render for a job, for good; the id of the job that holds the claim, this one's or another's."""
    table = await storage.table()
    where, what = _claim_place(endpoint, render_id)
    if await rows.commit(table, where, [Insert(what, {"job_id": job.id, "owner": job.owner, "render_id": render_id})]):
        return job.id
    held = await claimed_by(endpoint, render_id)
    return held or job.id


async def claimed_by(endpoint: str, render_id: str) -> str | None:
    """Tell which job holds the claim of a render; None when it is free. One request."""
    held = await claimant(endpoint, render_id)
    return held.job_id if held else None


async def claimant(endpoint: str, render_id: str) -> Claimant | None:
    """Tell which job of which owner holds the claim of a render; None when it is free. One request."""
    table = await storage.table()
    row = await rows.read(table, *_claim_place(endpoint, render_id))
    return Claimant(row.values["job_id"], row.values.get("owner")) if row else None


def _claim_place(endpoint: str, render_id: str) -> tuple[str, str]:
    return f"render!{digest(endpoint)[:32]}", digest(render_id)
