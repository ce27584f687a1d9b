"""Renders that surface after their attempt was given up: found by the sweeper for a day, recorded as twins, and paid
for on the books. The job's state stays; a retry can take such a render over.
"""

from datetime import datetime, timedelta

from shared import attempts, clock, jobs, pricing, rates, takeover
from shared.attempts import Tried
from shared.ids import JobId
from shared.jobs import Stored
from shared.models.job import Job, JobRef
from shared.providers.choose import provider
from shared.providers.port import Listing, Render

WATCHED = timedelta(hours=24)  # providers keep a render no longer

_GIVEN_UP = {"absent", "unclear"}
_CLOCK_MARGIN = timedelta(seconds=30)
_SETTLED_IN = timedelta(minutes=20)  # a younger render may be one whose create another story is still waiting for


def watch_until(tried: list[Tried]) -> datetime | None:
    """Tell until when renders of attempts that were given up may surface; None when there is no such attempt."""
    sent = [one.attempt.sent_at for one in tried if one.attempt.concluded in _GIVEN_UP]
    return max(sent) + WATCHED if sent else None


async def look(ref: JobRef) -> None:
    """Look once for such renders of a job, and record what is found. Nothing while an attempt is open."""
    stored = await jobs.read(ref.owner, JobId.of(ref.job_id))
    tried = await attempts.read(stored.job) if stored else []
    given_up = [one for one in tried if one.attempt.concluded in _GIVEN_UP]
    if stored is None or not given_up or any(one.attempt.concluded is None for one in tried):
        return
    lane = rates.lane_of(ref.model, given_up[0].attempt.lane)
    listing = await provider(lane).list_since(given_up[0].attempt.sent_at - _CLOCK_MARGIN)
    if not isinstance(listing, Listing):
        return
    for render in _surfaced(stored.job, listing, clock.now()):
        free = await attempts.claimed_by(lane.base_url, render.id) in {None, ref.job_id}
        if free and await _record(stored, lane.base_url, render):
            return  # the next sweep looks again, at the job as it is by then


def _surfaced(job: Job, listing: Listing, now: datetime) -> list[Render]:
    return [
        render
        for render in listing.renders
        if render.prompt == job.prompt
        and render.fits(job)
        and render.id != job.render_id
        and render.created_at is not None
        and now - render.created_at > _SETTLED_IN
    ]


async def _record(stored: Stored, endpoint: str, render: Render) -> bool:
    """Claim the render, then write it as a twin with what it cost, in one batch under the job's ETag.

    False when another job holds it, or it is on record already.
    """
    if await attempts.claim(endpoint, render.id, stored.job) != stored.job.id:
        return False
    return await attempts.record_twin(stored, _paid(stored.job, render), render.id)


def _paid(job: Job, render: Render) -> Job:
    """Settle an ended job with the render it now has; add the price of a second one to a job that has its own."""
    now = clock.now()
    if job.render_id is None and job.problem is not None:
        problem = takeover.storable(job.problem.code, f"the render surfaced later as {render.id}")
        return job.changed(
            now, cost_state="settled", problem=problem, render_id=render.id, accepted_at=render.created_at
        )
    price = pricing.quote(rates.lane_of(job.model, job.lane or ""), job.size, job.seconds, job.variants)
    both = None if job.cost_usd is None or price is None else job.cost_usd + price
    return job.changed(now, cost_usd=both, cost_state="settled" if job.state.is_final else job.cost_state)
