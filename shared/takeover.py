"""Jobs for renders that are there already: those of a job that failed to keep its video, and those made elsewhere.
Nothing is bought: the story starts with a render and only stores.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from shared import attempts, clock, jobs, pools
from shared.config import configuration
from shared.ids import JobId
from shared.jobs import Created, KeyReused, Replayed, SubmitKey
from shared.lanes import Lane
from shared.models.job import Job, JobState
from shared.models.problem import Code, JobProblem, job_problem
from shared.providers.choose import provider
from shared.providers.port import LookEnd, Missing, NoAnswer, Render

_RETENTION = timedelta(hours=24)  # what providers keep
_DEADLINE = timedelta(minutes=30)
_CLOCK_MARGIN = timedelta(seconds=30)


def lane_named(name: str | None) -> Lane | None:
    """Find a lane by its name in any pool, or the first one there is."""
    lanes = [lane for pool in configuration().pools.values() for lane in pool.lanes]
    return next((lane for lane in lanes if name in {lane.name, None}), None)


async def look(lane: Lane, render_id: str) -> LookEnd:
    """Ask the provider of a lane about a render."""
    return await provider(lane).look(render_id)


async def salvageable(parent: Job) -> Render | NoAnswer | None:
    """Look for the render of a job that ended without a video: there to be stored, unknowable for now, or gone."""
    if not parent.render_id or not parent.lane or not parent.accepted_at:
        return None
    if clock.now() - parent.accepted_at > _RETENTION:
        return None
    lane = lane_named(parent.lane)
    if lane is None:
        return None  # it was taken out of the settings: nobody can fetch that render any more
    seen = await look(lane, parent.render_id)
    if isinstance(seen, Missing):
        seen = await _listed(lane, parent.render_id, parent.accepted_at)
    return seen if isinstance(seen, NoAnswer) or (isinstance(seen, Render) and seen.state != "failed") else None


async def _listed(lane: Lane, render_id: str, accepted_at: datetime) -> Render | NoAnswer | None:
    """Look a render up in the list: one 404 alone proves nothing, and a new render would be bought for it."""
    listing = await provider(lane).list_since(accepted_at - _CLOCK_MARGIN)
    if isinstance(listing, NoAnswer):
        return listing
    return next((render for render in listing.renders if render.id == render_id), None)


def storable(code: Code, detail: str) -> JobProblem:
    """Say of a job that failed that its render is known after all: it was paid for, and retry stores it."""
    return job_problem(
        code, detail, money="spent", advice="Retry the job: it stores that render for nothing.", retry_helps=True
    )


def heir(parent: Job, now: datetime) -> Job:
    """Make the job that takes its parent's render over: it copies the id, the claim stays, and it costs nothing."""
    return parent.model_copy(
        update={
            "id": str(JobId.new()),
            "parent_id": parent.id,
            "state": JobState.RUNNING,
            "attempts": 0,
            "cost_usd": Decimal(0),
            "cost_state": "settled",
            "problem": None,
            "cancel_requested": False,
            "generations": [],
            "finished_at": None,
            "created_at": now,
            "updated_at": now,
            "deadline_at": now + _DEADLINE,
        }
    )


def imported(
    lane: Lane, render: Render, owner: str, now: datetime, *, prompt: str | None, metadata: dict[str, str]
) -> Job:
    """Make the job of a render that was bought elsewhere; what the provider does not say comes from the lane."""
    return Job(
        id=str(JobId.new()),
        owner=owner,
        state=JobState.RUNNING,
        prompt=prompt or render.prompt or "(imported; the provider does not say its prompt)",
        model=lane.model,
        size=render.size or lane.default_size,
        seconds=render.seconds or lane.default_seconds,
        variants=render.variants or 1,
        priority="normal",
        metadata=metadata,
        deadline_at=now + _DEADLINE,
        created_at=now,
        updated_at=now,
        lane=lane.name,
        render_id=render.id,
        accepted_at=render.created_at or now,
        cost_usd=Decimal(0),
        cost_state="settled",
    )


async def claim(lane: Lane, render_id: str, job: Job) -> str:
    """Claim a render for a job; the id of the job that holds it, this one's or another's."""
    return await attempts.claim(lane.base_url, render_id, job)


async def unfinished(lane: Lane, job: Job, holder: str) -> Job | None:
    """Go on with an import that was cut after its claim: the job under the id that the claim names.

    None when that job is there, was deleted, or is another owner's: then the render is taken.
    """
    held = await attempts.claimant(lane.base_url, job.render_id or "")
    if held is None or held.owner != job.owner:
        return None
    there = await jobs.read(job.owner, JobId.of(holder))
    if there or await jobs.purged(job.owner, JobId.of(holder)):
        return None
    return job.model_copy(update={"id": holder})


async def begin(job: Job, key: SubmitKey | None) -> Created | Replayed | KeyReused:
    """Write a job that starts with its render, its admitted row first: without a job, it is removed after an hour."""
    await pools.add_running(job)
    return await jobs.create(job, key)
