"""Look for a render whose create lost its reply: adopt it, or say honestly that it is unclear (architecture,
"Submitting at most once"). Buys nothing itself; only a search that proves absence lets submit_render try again.
"""

from datetime import datetime, timedelta

import azure.durable_functions as df

from activities.payload import Payload
from shared import attempts, clock, jobs, polling, rates, rivals
from shared.attempts import Tried
from shared.ids import JobId
from shared.jobs import Event, Stored
from shared.models.job import Job, JobRef, JobState
from shared.models.problem import Code, job_problem
from shared.providers.choose import provider
from shared.providers.port import Listing, NoAnswer, Render

bp = df.Blueprint()

_CLOCK_MARGIN = timedelta(seconds=30)
_ABSENT_AFTER_S = 120.0
_LIST_AGAIN_S = 60.0
_GIVE_UP_LISTING_S = 86_400.0  # what the provider kept is gone after a day
_SOON: Payload = {"kind": "wait", "wait_s": polling.MIN_TIMER_S}


@bp.activity_trigger(input_name="payload")
async def find_render(payload: Payload) -> Payload:
    """Answer submitted, wait (with seconds) or unclear."""
    ref = JobRef.model_validate(payload)
    stored = await jobs.read(ref.owner, JobId.of(ref.job_id))
    if stored is None:
        return {"kind": "stopped"}
    tried = await attempts.read(stored.job)
    lost = next((one for one in tried if one.attempt.concluded is None), None)
    if stored.job.render_id or lost is None:
        return _SOON  # another copy settled it: submit_render knows what it means
    now = clock.now()
    if lost.attempt.lost_at is None:
        event = Event(f"try-{lost.attempt.n}-lost", "lost", {"lane": lost.attempt.lane})
        await attempts.update(stored.job, lost, event, lost_at=now)
        return {"kind": "wait", "wait_s": polling.FIND_AFTER_S[0]}
    since_lost_s = (now - lost.attempt.lost_at).total_seconds()
    wait_s = polling.next_find_s(lost.attempt.looked, since_lost_s)
    if wait_s:
        return {"kind": "wait", "wait_s": wait_s}
    return await _search(stored, lost, tried[0].attempt.sent_at, since_lost_s)


async def _search(stored: Stored, lost: Tried, first_sent_at: datetime, since_lost_s: float) -> Payload:
    job = stored.job
    lane = rates.lane_of(job.model, lost.attempt.lane)
    listing = await provider(lane).list_since(first_sent_at - _CLOCK_MARGIN)
    if isinstance(listing, NoAnswer):
        if since_lost_s < _GIVE_UP_LISTING_S:
            return {"kind": "wait", "wait_s": max(_LIST_AGAIN_S, listing.hint_s or 0.0)}
        return await _unclear(stored, lost, [])
    unclaimed: list[str] = []
    candidates = _candidates(job, listing)
    holders = {render.id: await attempts.claimed_by(lane.base_url, render.id) for render in candidates}
    own_first = sorted(candidates, key=lambda one: holders[one.id] != job.id)  # however old others are
    for render in own_first:
        holder = holders[render.id]
        if holder == job.id or (holder is None and render.prompt == job.prompt):
            adopted = await attempts.adopt(job.ref, lane.base_url, render.id)
            if adopted is not None:
                return {"kind": "submitted", "wait_s": 0.0}
        elif holder is None:
            unclaimed.append(render.id)
    if lane.exclusive and len(unclaimed) == 1 and not await rivals.has_rival(job, lane):
        adopted = await attempts.adopt(job.ref, lane.base_url, unclaimed[0])
        return {"kind": "submitted", "wait_s": 0.0} if adopted else _SOON
    return await _absent(stored, lost, since_lost_s, unclaimed, resubmits=lane.on_lost_reply == "resubmit")


def _candidates(job: Job, listing: Listing) -> list[Render]:
    """Choose the renders that may be the job's, oldest first; a list without prompts leaves only claims to tell."""
    fitting = [render for render in listing.renders if render.prompt in {job.prompt, None} and render.fits(job)]
    return sorted(fitting, key=lambda render: (render.created_at is None, render.created_at, render.id))


async def _absent(
    stored: Stored, lost: Tried, since_lost_s: float, candidates: list[str], *, resubmits: bool
) -> Payload:
    """Conclude what absence allows: a new attempt after a plain 5xx, or on a lane that would rather pay twice.

    A render that may be the job's, since its list names no prompts, is no absence.
    """
    attempt = lost.attempt
    absent = attempt.server_error is not None and not candidates
    if (absent or resubmits) and since_lost_s >= _ABSENT_AFTER_S:
        event = Event(f"try-{attempt.n}-absent", "absent", {"server_error": attempt.server_error})
        await attempts.update(stored.job, lost, event, concluded="absent")
        return _SOON
    looked = attempt.looked + 1
    wait_s = polling.next_find_s(looked, since_lost_s)
    if wait_s is not None:
        event = Event(f"try-{attempt.n}-search-{looked}", "searched", {"candidates": len(candidates)})
        await attempts.update(stored.job, lost, event, looked=looked)
        return {"kind": "wait", "wait_s": wait_s}
    return await _unclear(stored, lost, candidates)


async def _unclear(stored: Stored, lost: Tried, candidates: list[str]) -> Payload:
    seen = f"; renders that may be it: {', '.join(candidates)}" if candidates else ""
    answer = f"HTTP {lost.attempt.server_error}" if lost.attempt.server_error else "no usable reply"
    detail = f"the provider gave {answer} to the create, and no render was found{seen}"
    problem = job_problem(Code.SUBMISSION_UNCLEAR, detail, money="may_be_spent")
    job = stored.job.changed(clock.now(), state=JobState.FAILED, cost_state="disputed", problem=problem)
    return {"kind": "unclear"} if await attempts.end_unclear(stored, lost, job, candidates) else _SOON
