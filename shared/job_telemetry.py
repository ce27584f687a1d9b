"""What is told to operators of a job's life: taken in, looked at, copied, ended, and how its queue stands. Knows which
facts of a job may leave the process (ids, states, numbers; a prompt only where TELEMETRY_PROMPTS is on).
"""

from datetime import datetime
from decimal import Decimal

from shared import telemetry
from shared.config import settings
from shared.models.job import Job, JobRef


def taken_in(job: Job) -> None:
    """A job was written."""
    telemetry.record("lab.jobs.submitted", model=job.model)
    prompt = job.prompt if settings().telemetry_prompts else None
    telemetry.event("job submitted", job_id=job.id, model=job.model, size=job.size, seconds=job.seconds, prompt=prompt)


def changed(before: Job, after: Job) -> None:
    """A job's row was replaced. Only what is different is told, so telling of every change is right."""
    if (spent := _spent(after) - _spent(before)) > 0:
        telemetry.record("lab.spend", float(spent), model=after.model)
    if after.state == before.state:
        return
    code = after.problem.code if after.problem else None
    if after.state.is_final:
        telemetry.record("lab.jobs.ended", model=after.model, state=after.state, code=code or "")
    telemetry.event(f"job {after.state}", job_id=after.id, model=after.model, lane=after.lane, code=code)


def _spent(job: Job) -> Decimal:
    return (job.cost_usd if job.cost_state == "settled" else None) or Decimal()


def attention(job: Job, lane: str, detail: str) -> None:
    """A provider refuses a create or a look in a way that needs a person."""
    telemetry.event("lane needs attention", job_id=job.id, model=job.model, lane=lane, detail=detail)


def started_again(ref: JobRef) -> None:
    """The sweeper found an admitted job without a story that runs."""
    telemetry.event("story started again", job_id=ref.job_id, model=ref.model)


def rendered(
    job: Job, looks: int, completed_at: datetime | None, now: datetime, forecast: datetime | None = None
) -> None:
    """A look found the render final: how many looks it took, how late it was seen, how wrong the forecast was."""
    telemetry.record("lab.jobs.looks", looks, model=job.model)
    if completed_at is not None:
        telemetry.record("lab.jobs.detection_delay", max((now - completed_at).total_seconds(), 0.0), model=job.model)
    if forecast is not None:
        ended_at = completed_at or now
        telemetry.record("lab.jobs.eta_error", abs((ended_at - forecast).total_seconds()), model=job.model)


def foretold(job: Job, *, held: bool) -> None:
    """The end of a render was seen: one of its looks had foretold it within its band, or not."""
    telemetry.record("lab.jobs.forecasts", model=job.model, in_band="yes" if held else "no")


def copied(job: Job, received_bytes: int, seconds: float) -> None:
    """A video was copied into Blob Storage."""
    if seconds > 0:
        telemetry.record("lab.copy.throughput", received_bytes / seconds, model=job.model)


def queue(model: str, waiting_since: list[datetime], now: datetime) -> None:
    """The sweeper looked at a pool: also an empty queue is told, so that silence means a silent sweeper."""
    telemetry.record("lab.queue.waiting", len(waiting_since), model=model)
    oldest_s = (now - min(waiting_since)).total_seconds() if waiting_since else 0.0
    telemetry.record("lab.queue.oldest", oldest_s, model=model)


def lane(model: str, name: str, *, in_flight: int, needs_attention: bool) -> None:
    """The sweeper looked at a lane."""
    telemetry.record("lab.lane.in_flight", in_flight, model=model, lane=name)
    if needs_attention:
        telemetry.record("lab.lane.attention", model=model, lane=name)
