"""Create the render of a job at the provider, at most once (architecture, "Submitting at most once").

The attempt is on record before the request leaves, in one batch with the job; what the provider answered is written
under the attempt's own ETag. What is not known stays open, and find_render looks for it.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import azure.durable_functions as df

from activities.payload import Payload
from shared import attempts, clock, job_telemetry, jobs, polling, pools, pricing, rates
from shared.attempts import Tried
from shared.config import NotConfiguredError
from shared.ids import JobId
from shared.jobs import Stored
from shared.lanes import Lane
from shared.models.job import Job, JobRef
from shared.models.problem import CATALOGUE, Code
from shared.providers.choose import provider
from shared.providers.port import Busy, CreateEnd, Lost, NotSent, Order, Refused, Submitted

bp = df.Blueprint()

_TOKEN_IS_FRESH = timedelta(seconds=3)
_NO_LANE_WAIT_S = 60.0
_LOST: dict[str, Any] = {"kind": "lost"}
_SOON: dict[str, Any] = {"kind": "wait", "wait_s": polling.MIN_TIMER_S}
_NOW: dict[str, Any] = {"kind": "submitted", "wait_s": 0.0}


@bp.activity_trigger(input_name="payload")
async def submit_render(payload: Payload) -> Payload:
    """Answer submitted, refused, wait (with seconds), lost or stopped."""
    ref = JobRef.model_validate(payload)
    stored = await jobs.read(ref.owner, JobId.of(ref.job_id))
    if stored is None:
        return {"kind": "stopped"}
    tried = await attempts.read(stored.job)
    known = _already_known(stored.job, tried)
    return _by_deadline(stored.job, known or await _submit(stored, tried))


def _by_deadline(job: Job, answer: dict[str, Any]) -> dict[str, Any]:
    """Wait no longer than the job's deadline, however long the provider asks for: it ends then."""
    if answer["kind"] != "wait":
        return answer
    left_s = max((job.deadline_at - clock.now()).total_seconds(), polling.MIN_TIMER_S)
    return answer | {"wait_s": min(answer["wait_s"], left_s)}


def _already_known(job: Job, tried: list[Tried]) -> dict[str, Any] | None:
    if job.render_id:
        return _NOW
    if any(one.attempt.concluded == "refused" for one in tried):
        return {"kind": "refused"}
    if any(one.attempt.concluded == "unclear" for one in tried):
        return {"kind": "unclear"}
    if any(one.attempt.concluded is None for one in tried):
        return _LOST
    if job.state.is_final or job.cancel_requested or clock.now() > job.deadline_at:
        return {"kind": "stopped"}
    return None


async def _submit(stored: Stored, tried: list[Tried]) -> dict[str, Any]:
    job = stored.job
    run = await pools.read_run(job.ref)
    if run is None or run.row.lane is None:
        raise RuntimeError(f"{job.id} was never admitted")
    try:
        token = await rates.take_token(job.model, run.row.lane)
    except NotConfiguredError:
        return {"kind": "wait", "wait_s": _NO_LANE_WAIT_S}
    if isinstance(token, rates.Wait):
        return {"kind": "wait", "wait_s": token.seconds}
    if not await attempts.begin(_priced(stored, token.lane), run.row.lane, token.at, run.row.admitted_at):
        return _SOON
    if clock.now() - token.at > _TOKEN_IS_FRESH:
        end: CreateEnd = NotSent("too long after its rate token")
    else:
        end = await provider(token.lane).create(Order(job.prompt, job.size, job.seconds, job.variants))
    failed = sum(one.attempt.concluded == "not_sent" for one in tried)
    return await _conclude(job, token.lane, end, failed)


def _priced(stored: Stored, lane: Lane) -> Stored:
    """Reserve what the job costs on the lane it was admitted to: it was quoted on the cheapest, which may be full."""
    job = stored.job
    price = pricing.quote(lane, job.size, job.seconds, job.variants)
    return replace(stored, job=job.model_copy(update={"cost_usd": price}))


async def _conclude(job: Job, lane: Lane, end: CreateEnd, failed: int) -> dict[str, Any]:
    match end:
        case Submitted(render_id):
            adopted = await attempts.adopt(job.ref, lane.base_url, render_id)
            if adopted is None:
                return _LOST
            memory = await rates.memory_of(job.model, lane.name)
            if memory.attention or memory.retired:
                await rates.note_accepted(job.model, lane.name)
            expected = polling.predict(None, 0.0, memory.past(job.shape, lane.typical_render_s))
            return {"kind": "submitted", "wait_s": polling.next_look_s(expected, 0.0)}
        case Refused(code, detail):
            if CATALOGUE[code].needs_operator:
                needs = CATALOGUE[code].sentence
                retired = lane.target if code == Code.PROVIDER_RETIRED else None
                await rates.note_attention(job.model, lane.name, needs, retired=retired)
                job_telemetry.attention(job, lane.name, needs)
            await attempts.conclude_open(job, concluded="refused", code=code, detail=detail)
            return {"kind": "refused"}
        case Busy(wait_s, detail):
            await rates.cool(job.model, lane.name, wait_s)
            await attempts.conclude_open(job, concluded="busy", detail=detail)
            return {"kind": "wait", "wait_s": wait_s}
        case NotSent(detail):
            await attempts.conclude_open(job, concluded="not_sent", detail=detail)
            return {"kind": "wait", "wait_s": polling.not_sent_delay_s(failed + 1)}
        case Lost(detail, server_error):
            await attempts.conclude_open(job, detail=detail, server_error=server_error)
            return _LOST
