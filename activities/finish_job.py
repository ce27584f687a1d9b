"""End a job: state, list row, cost and timeline in one batch. Decides from the rows it reads in the same round."""

from typing import Any

import azure.durable_functions as df

from activities.payload import Payload
from shared import attempts, clock, endings, jobs, pricing
from shared.attempts import Tried
from shared.ids import JobId
from shared.jobs import Event
from shared.models.job import Generation, Job, JobRef, JobState
from shared.models.money import usd_text
from shared.models.problem import Code, Money

bp = df.Blueprint()

_TRIES = 10
_STALE: Payload = {"kind": "stale"}
_SAID = "the timeline has what the provider said, in its own words"
_WITHOUT_RENDER = {"refused", "stopped"}


@bp.activity_trigger(input_name="payload")
async def finish_job(payload: Payload) -> Payload:
    """Answer done (with the final state), or stale when the rows say something else than the story believes."""
    ref = JobRef.model_validate(payload)
    end: dict[str, Any] = payload["end"]
    for _ in range(_TRIES):
        stored = await jobs.read(ref.owner, JobId.of(ref.job_id))
        if stored is None:
            return {"kind": "done", "state": "deleted"}
        if stored.job.state.is_final:
            return {"kind": "done", "state": stored.job.state}
        tried = await attempts.read(stored.job)
        if end["kind"] in _WITHOUT_RENDER and _may_have_render(stored.job, tried):
            return _STALE
        job = _ended(stored.job, end, tried)
        if job is None:
            return _STALE
        if await jobs.save(stored, job, events=[*_copies(job), _event(job, end)]):
            return {"kind": "done", "state": job.state}
    return _STALE


def _copies(job: Job) -> list[Event]:
    """Tell of every copy with the batch that ends the job: no request is spent on it."""
    return [
        Event(f"copy-{n}", "copied", {"id": made.id, "bytes": made.bytes, "seconds": made.copied_s})
        for n, made in enumerate(job.generations)
    ]


def _event(job: Job, end: dict[str, Any]) -> Event:
    cost = {"usd": usd_text(job.cost_usd), "cost": job.cost_state}
    if job.problem:
        return Event("final", job.state, {"code": job.problem.code, "money": job.problem.money, **cost})
    return Event("final", job.state, {"made": len(end["sources"]), "stored": len(job.generations), **cost})


def _may_have_render(job: Job, tried: list[Tried]) -> bool:
    return job.render_id is not None or any(one.attempt.concluded is None for one in tried)


def _ended(job: Job, end: dict[str, Any], tried: list[Tried]) -> Job | None:
    match end["kind"]:
        case "succeeded" if end["generations"]:
            return _succeeded(job, [Generation.model_validate(one) for one in end["generations"]], len(end["sources"]))
        case "succeeded" if job.cancel_requested:
            return _failed(job, Code.CANCELLED, "cancelled after the render was bought; nothing is kept", money="spent")
        case "succeeded":
            return _failed(job, Code.STORAGE, "no video of the render could be stored", money="spent")
        case "failed":
            return _failed(job, Code(end["code"]), _SAID, money="may_be_spent")
        case "gone":
            return _failed(job, Code.RENDER_GONE, end["detail"], money="may_be_spent")
        case "refused":
            refused = next(one.attempt for one in tried if one.attempt.concluded == "refused")
            return _failed(job, Code(refused.code or Code.PROVIDER_REFUSED), _SAID, money="none")
        case "stopped" if job.cancel_requested:
            return _failed(job, Code.CANCELLED, "cancelled before anything was bought", money="none")
        case "stopped" if clock.now() > job.deadline_at:
            return _failed(job, Code.DEADLINE, "no provider accepted the job before its deadline", money="none")
        case _:
            return None


def _succeeded(job: Job, generations: list[Generation], made: int) -> Job:
    """End with what could be stored; what the provider made and could not be stored is paid for as well."""
    cost = pricing.settled(job.cost_usd, job.variants, made)
    return job.changed(
        clock.now(), state=JobState.SUCCEEDED, generations=generations, cost_usd=cost, cost_state="settled"
    )


def _failed(job: Job, code: Code, detail: str, *, money: Money) -> Job:
    return endings.without_video(job, clock.now(), code, detail, money=money)
