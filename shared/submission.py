"""Taking a job in: checked against what the model offers, priced, written, queued (architecture, section 4)."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared import clock, jobs, pools, pricing
from shared.config import Settings
from shared.forecast import Forecast
from shared.ids import JobId
from shared.jobs import Created, KeyReused, Replayed, SubmitKey
from shared.lanes import Lane, Pool
from shared.models.job import Admitted, Job, JobRequest, JobState
from shared.models.problem import FieldError
from shared.pool_rows import ticket_key


@dataclass(frozen=True)
class Invalid:
    """The model does not take these values; each error names the allowed ones."""

    errors: list[FieldError]


@dataclass(frozen=True)
class QueueFull:
    """The owner has as many open jobs as allowed."""

    open_jobs: int


@dataclass(frozen=True)
class Accepted:
    """The job is in, with the jobs whose stories are to be started now, and what it is told if it waits."""

    job: Job
    admitted: list[Admitted]
    outlook: Forecast | None = None


Taken = Accepted | Replayed | KeyReused | QueueFull


@dataclass(frozen=True)
class Terms:
    """A request made complete: the pool's defaults filled in, every value known to be taken by a lane."""

    pool: Pool
    size: str
    seconds: int
    lane: Lane


def terms(request: JobRequest, pools_by_model: Mapping[str, Pool]) -> Terms | Invalid:
    """Complete a request and check it against the model's offers. Nothing is silently changed."""
    default = next(iter(pools_by_model))
    pool = pools_by_model.get(request.model or default)
    if pool is None:
        return Invalid([_error("/model", f"{request.model} is not configured; use {_or(pools_by_model)}")])
    size, seconds = request.asked_size or pool.default_size, request.seconds or pool.default_seconds
    fitting = [lane for lane in pool.lanes if lane.takes(size, seconds, request.variants)]
    if not fitting:
        return Invalid(_misfits(pool, size, seconds, request.variants))
    cheapest = min(fitting, key=lambda lane: (lane.price_usd_per_s(size) is None, lane.price_usd_per_s(size)))
    return Terms(pool, size, seconds, cheapest)


def new_job(
    request: JobRequest,
    complete: Terms,
    owner: str,
    now: datetime,
    default_deadline_s: int,
    *,
    parent_id: str | None = None,
) -> Job:
    """Make the job's record, queued and priced."""
    return Job(
        id=str(JobId.new()),
        owner=owner,
        state=JobState.QUEUED,
        prompt=request.prompt,
        model=complete.pool.model,
        size=complete.size,
        seconds=complete.seconds,
        variants=request.variants,
        priority=request.priority,
        metadata=request.metadata,
        deadline_at=now + timedelta(seconds=request.deadline_s or default_deadline_s),
        created_at=now,
        updated_at=now,
        cost_usd=pricing.quote(complete.lane, complete.size, complete.seconds, request.variants),
        parent_id=parent_id,
    )


async def submit(
    request: JobRequest,
    complete: Terms,
    owner: str,
    key: SubmitKey | None,
    settings: Settings,
    *,
    parent_id: str | None = None,
) -> Taken:
    """Write ticket, job and key, and admit who may start: six storage requests, the same for every job.

    The ticket comes first, not ready: cut anywhere, the sweeper readies it when the job exists and removes it when not.
    """
    job = new_job(request, complete, owner, clock.now(), settings.default_deadline_s, parent_id=parent_id)
    open_jobs, _ = await asyncio.gather(jobs.count_open(owner, settings.max_open_jobs), pools.add_ticket(job))
    if open_jobs >= settings.max_open_jobs:
        await pools.remove_ticket(job.model, ticket_key(job))
        return await jobs.sent_before(owner, key, job.created_at) or QueueFull(open_jobs)
    written = await jobs.create(job, key)
    if not isinstance(written, Created):
        await pools.remove_ticket(job.model, ticket_key(job))
        return written
    await pools.ready_ticket(job.model, ticket_key(job))
    try:
        return Accepted(job, *await pools.enter(job))
    except TimeoutError:  # the job is in already: where the pool is too busy to be changed, the sweeper admits
        return Accepted(job, [])


def _misfits(pool: Pool, size: str, seconds: int, variants: int) -> list[FieldError]:
    sizes = sorted({one for offer in pool.offers for one in offer.sizes})
    if size not in sizes:
        return [_error("/size", f"{pool.model} does not take {size}; use {_or(sizes)}")]
    of_size = [offer for offer in pool.offers if size in offer.sizes]
    lengths = sorted({one for offer in of_size for one in offer.seconds})
    if seconds not in lengths:
        return [_error("/seconds", f"{pool.model} does not take {seconds} s at {size}; use {_or(lengths)}")]
    most = max(offer.max_variants for offer in of_size if seconds in offer.seconds)
    return [_error("/variants", f"{pool.model} makes at most {most} at {size}, not {variants}")]


def _error(pointer: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, detail=detail)


def _or(values: Iterable[object]) -> str:
    words = [str(value) for value in values]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
