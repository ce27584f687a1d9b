"""Look at a job's render: ask the provider, leave behind progress and a prediction, and say when to look again.
Also the one place where a cancelled job that runs is ended; its render is watched on, for the slot is the render's.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import azure.durable_functions as df

from activities.payload import Payload
from shared import clock, endings, job_telemetry, jobs, polling, rates
from shared.calibration import forecasts, ratios
from shared.ids import JobId
from shared.jobs import Event, Stored
from shared.lanes import Lane
from shared.models.job import Job, JobRef, JobState, Live, Sample
from shared.models.problem import CATALOGUE, Code
from shared.polling import Past, Prediction
from shared.providers.choose import provider
from shared.providers.port import Content, Listing, LookEnd, Missing, NoAnswer, Refused, Render
from shared.providers.transport import NeverSentError, NoReplyError

bp = df.Blueprint()

_KEPT_SAMPLES = 20
_RETENTION = timedelta(hours=24)
_MP4_BRAND = slice(4, 8)  # where an MP4 says that it is one
_MISSES = 3
_BETWEEN_MISSES = timedelta(seconds=60)
_CLOCK_MARGIN = timedelta(seconds=30)
_SOON: Payload = {"kind": "wait", "wait_s": polling.MIN_TIMER_S, "progress": None}


@dataclass(frozen=True)
class _Gone:
    """The render will never be seen again, and why."""

    detail: str


@bp.activity_trigger(input_name="payload")
async def look_at_render(payload: Payload) -> Payload:
    """Answer wait (with seconds), succeeded (with sources), failed or gone; and what the story shows of itself."""
    ref = JobRef.model_validate(payload)
    stored = await jobs.read(ref.owner, JobId.of(ref.job_id))
    if stored is None or not stored.job.render_id or not stored.job.lane or not stored.job.accepted_at:
        return {"kind": "gone", "detail": "the job has no render", "progress": None}
    lane = rates.lane_of(ref.model, stored.job.lane)
    end: LookEnd | _Gone = await provider(lane).look(stored.job.render_id)
    if isinstance(end, Render) and end.state == "unknown":
        end = await _recognised(lane, end)
    now = clock.now()
    live = _seen(stored, end, now)
    if isinstance(end, Missing):
        end = await _missing(stored.job, lane, live, end)
    elif now - stored.job.accepted_at > _RETENTION and (not isinstance(end, Render) or end.state == "unknown"):
        end = _Gone("no answer about the render that we understand until the provider had deleted it")
    expected = await _expect(stored.job, lane, live, now)
    await jobs.write_live(stored.job, _with_eta(live, expected, now), [_event(stored.live, live, end, expected, now)])
    await _tell(stored, lane, live, end)
    if stored.job.cancel_requested and not stored.job.state.is_final:
        await _cancel(stored, now)
    return await _answer(stored, end, expected, now) | _shown(stored.job, live)


async def _recognised(lane: Lane, render: Render) -> Render:
    """Take a state that no contract has for success where the content is a film already; else it stays unknown."""
    head = b""
    for source in render.sources[:1]:
        try:
            async with provider(lane).content(source) as content:
                while isinstance(content, Content) and len(head) < _MP4_BRAND.stop:
                    if not (chunk := await anext(content.chunks, b"")):
                        break
                    head += chunk
        except (NeverSentError, NoReplyError):
            return render
    return replace(render, state="succeeded") if head[_MP4_BRAND] == b"ftyp" else render


def _shown(job: Job, live: Live) -> Payload:
    """Add what the story shows of itself."""
    state = JobState.CANCELLED if job.cancel_requested else job.state
    return {"state": state, "progress": live.progress, "eta": clock.rfc3339(live.eta_at) if live.eta_at else None}


async def _tell(stored: Stored, lane: Lane, live: Live, end: LookEnd | _Gone) -> None:
    """Tell operators of a final render, and that their lane needs them, or does no more."""
    if live.attention != stored.live.attention:
        await rates.note_attention(stored.job.model, lane.name, live.attention)
    if live.attention:
        job_telemetry.attention(stored.job, lane.name, live.attention)
    if isinstance(end, Render) and end.state in {"succeeded", "failed"}:
        forecast = stored.live.eta_at if end.state == "succeeded" else None
        job_telemetry.rendered(stored.job, live.looks, end.completed_at, live.looked_at or clock.now(), forecast)
    if isinstance(end, Render) and end.state == "succeeded":
        for one in forecasts(stored.live, live.looked_at or clock.now()):
            job_telemetry.foretold(stored.job, held=one.held)


def _seen(stored: Stored, end: LookEnd, now: datetime) -> Live:
    """Carry what earlier looks saw forward; progress never goes back."""
    live = stored.live.model_copy(deep=True)
    live.looks += 1
    live.looked_at = now
    live.overdue = now > stored.job.deadline_at
    live.attention = CATALOGUE[end.attention].sentence if isinstance(end, NoAnswer) and end.attention else None
    live.missing_at = live.missing_at if isinstance(end, Missing) else []
    if isinstance(end, Render):
        progress = 100 if end.state == "succeeded" else end.progress
        if progress is not None:
            live.progress = max(progress, live.progress or 0)
    return live


async def _missing(job: Job, lane: Lane, live: Live, end: Missing) -> Missing | _Gone:
    """Count a 404; three, a minute apart, and absence from the list mean that the render is gone."""
    if not live.missing_at or (live.looked_at or clock.now()) - live.missing_at[-1] >= _BETWEEN_MISSES:
        live.missing_at = [*live.missing_at, live.looked_at or clock.now()]
    if len(live.missing_at) < _MISSES or job.accepted_at is None:
        return end
    listing = await provider(lane).list_since(job.accepted_at - _CLOCK_MARGIN)
    if isinstance(listing, Listing) and all(render.id != job.render_id for render in listing.renders):
        return _Gone("the provider answers 404 and does not list the render any more")
    return end


async def _expect(job: Job, lane: Lane, live: Live, now: datetime) -> Prediction:
    """Predict what remains; the lane's past is read while the provider says no progress, and once when it does."""
    if live.progress and live.ratios is not None:
        past = Past(lane.typical_render_s, ratios=live.ratios)
    else:
        past = (await rates.memory_of(job.model, lane.name)).past(job.shape, lane.typical_render_s)
        live.ratios = list(past.ratios) if live.progress else None
    return polling.predict(live.progress, _elapsed_s(job, now), past)


def _with_eta(live: Live, expected: Prediction, now: datetime) -> Live:
    sample = Sample(
        at=now,
        progress=live.progress,
        remaining_s=round(expected.remaining_s, 1),
        earliest_s=round(expected.earliest_s, 1),
        latest_s=round(expected.latest_s, 1),
    )
    live.samples = [*live.samples, sample][-_KEPT_SAMPLES:]
    live.eta_at = polling.moment(now, expected.remaining_s)
    live.eta_earliest = polling.moment(now, expected.earliest_s)
    live.eta_latest = polling.moment(now, expected.latest_s)
    return live


def _event(before: Live, live: Live, end: LookEnd | _Gone, expected: Prediction, now: datetime) -> Event:
    data: dict[str, Any] = {"progress": live.progress, "predicted_remaining_s": round(expected.remaining_s, 1)}
    match end:
        case Render(state="succeeded", provider_state=state):
            data |= {"provider_state": state, "forecasts": [one.shown for one in forecasts(before, now)]}
        case Render(provider_state=state, failure=failure):
            data |= {"provider_state": state} | ({"detail": failure.detail} if failure else {})
        case NoAnswer(detail=detail) | _Gone(detail=detail):
            data |= {"detail": detail}
        case Missing():
            data |= {"detail": "404"}
    return Event(f"look-{live.looks:04}", "looked", data)


async def _cancel(stored: Stored, now: datetime) -> None:
    """End a running job as its owner asked. The render is bought: its price is settled. On a conflict the next look."""
    detail = "cancelled while the provider was rendering; the render was paid for and is not kept"
    job = endings.without_video(stored.job, now, Code.CANCELLED, detail, money="spent")
    await jobs.save(stored, job, events=[Event("cancelled", "cancelled", {"while": "running"})])


async def _answer(stored: Stored, end: LookEnd | _Gone, expected: Prediction, now: datetime) -> Payload:
    job = stored.job
    elapsed_s = _elapsed_s(job, now)
    match end:
        case Render(state="succeeded") if job.state == JobState.RUNNING and not job.cancel_requested:
            storing = job.changed(now, state=JobState.STORING)
            if not await jobs.save(stored, storing, events=[Event("storing", "storing")]):
                return _SOON
            return _succeeded(stored, end, now)
        case Render(state="succeeded"):
            return _succeeded(stored, end, now)
        case Render(state="failed", failure=Refused(code=code)):
            return {"kind": "failed", "code": code}
        case _Gone(detail=detail):
            return {"kind": "gone", "detail": detail}
        case Render(state="unknown"):
            return {"kind": "wait", "wait_s": polling.next_look_s(expected, elapsed_s, polling.MAX_LOOK_S)}
        case Render(hint_s=hint_s) | NoAnswer(hint_s=hint_s):
            return {"kind": "wait", "wait_s": polling.next_look_s(expected, elapsed_s, hint_s)}
        case _:
            return {"kind": "wait", "wait_s": polling.next_look_s(expected, elapsed_s)}


def _succeeded(stored: Stored, render: Render, now: datetime) -> Payload:
    """Tell what to store, and what the lane learns. A job that has ended meanwhile keeps nothing: nothing is copied."""
    job = stored.job
    keep = not job.state.is_final and not job.cancel_requested
    sources = list(render.sources) if keep else []
    learnt = ratios(stored.live, job.accepted_at or now, now)
    return {"kind": "succeeded", "sources": sources, "render_s": _elapsed_s(job, now), "ratios": learnt}


def _elapsed_s(job: Job, now: datetime) -> float:
    return (now - job.accepted_at).total_seconds() if job.accepted_at else 0.0
