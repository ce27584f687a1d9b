"""Attempts to create a render, and the claim of a render by one job. An attempt is written before the request leaves
and concluded exactly once, under its own ETag; nothing is ever cleared.
"""

from dataclasses import dataclass
from datetime import datetime

from shared import jobs, rows, storage
from shared.ids import digest
from shared.jobs import Event, Stored
from shared.models.job import Attempt, Job, JobState
from shared.rows import Insert, Replace


@dataclass(frozen=True)
class Tried:
    """An attempt as read, with the ETag that guards its conclusion."""

    attempt: Attempt
    etag: str


def _key(job: Job, n: int) -> str:
    return f"try!{job.inv}!{n}"


async def read(job: Job) -> list[Tried]:
    """Read every attempt of a job, oldest first. One request."""
    table = await storage.table()
    found = await rows.scan(table, jobs.partition(job.owner), f"try!{job.inv}!", top=100)
    tried = [Tried(rows.model_of(Attempt, row.values), row.etag) for row in found]
    return sorted(tried, key=lambda one: one.attempt.n)


async def begin(stored: Stored, lane: str, at: datetime) -> bool:
    """Write the next attempt in one batch with the job under its ETag, which is running from now on.

    So `queued` proves that nothing was ever sent. False when the job was changed meanwhile: then nothing may be sent.
    """
    n = stored.job.attempts + 1
    job = stored.job.changed(at, state=JobState.RUNNING, lane=lane, attempts=n)
    attempt = Attempt(n=n, lane=lane, sent_at=at)
    begun = Insert(_key(job, n), rows.values_of(attempt))
    return await jobs.save(stored, job, events=[Event(f"try-{n}", "asked", {"lane": lane})], also=[begun])


async def conclude(job: Job, tried: Tried, attempt: Attempt, at: datetime) -> bool:
    """Write a new state of the attempt under its ETag; False when another copy was first."""
    table = await storage.table()
    kind = attempt.concluded or ("lost" if attempt.lost_at else "server_error")
    data = {"lane": attempt.lane, "detail": attempt.detail, "looked": attempt.looked}
    events = jobs.event_rows(job, [Event(f"try-{attempt.n}-{kind}", kind, data)], at)
    change = Replace(_key(job, attempt.n), tried.etag, rows.values_of(attempt))
    return await rows.commit(table, jobs.partition(job.owner), [change, *events])


async def conclude_with_job(stored: Stored, tried: Tried, attempt: Attempt, job: Job, event: Event) -> bool:
    """Write the conclusion and the job it changes in one batch, each under its ETag; False when either was changed."""
    change = Replace(_key(job, attempt.n), tried.etag, rows.values_of(attempt))
    return await jobs.save(stored, job, events=[event], also=[change])


async def claim(endpoint: str, render_id: str, job: Job) -> str:
    """Claim a render for a job, for good; the id of the job that holds the claim, this one's or another's."""
    table = await storage.table()
    where, what = _claim_place(endpoint, render_id)
    if await rows.commit(table, where, [Insert(what, {"job_id": job.id, "render_id": render_id})]):
        return job.id
    held = await claimed_by(endpoint, render_id)
    return held or job.id


async def claimed_by(endpoint: str, render_id: str) -> str | None:
    """Tell which job holds the claim of a render; None when it is free. One request."""
    table = await storage.table()
    row = await rows.read(table, *_claim_place(endpoint, render_id))
    return row.values["job_id"] if row else None


def _claim_place(endpoint: str, render_id: str) -> tuple[str, str]:
    return f"render!{digest(endpoint)[:32]}", digest(render_id)
