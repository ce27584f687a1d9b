"""Every minute: what was begun and not carried on is carried on. Reads pool partitions only; frees no slot itself, it
starts the story again, which does.
"""

import logging
from datetime import datetime, timedelta

import azure.durable_functions as df
import azure.functions as func

from activities import forget_job, late_renders
from shared import clock, disposal, endings, job_telemetry, jobs, pools, stories
from shared.config import configuration
from shared.ids import JobId
from shared.lanes import Pool
from shared.models.job import Admitted, JobRef, JobState
from shared.models.problem import Code
from shared.pool_rows import Member, Snapshot
from shared.stories import StoryState
from shared.version import VERSION

bp = df.Blueprint()
_log = logging.getLogger("lab.sweeper")

_SUBMIT_TAKES_AT_MOST = timedelta(minutes=1)
_IDLE_AFTER = timedelta(minutes=2)
_QUICK_RESTARTS = 5
_LATE_LOOK_EVERY_MIN = 10
_SLOW_RESTART_EVERY = timedelta(minutes=10)
_PURGES_AT_MINUTE = 30
_HISTORY_KEPT = timedelta(hours=24)  # for whoever looks at a story in the portal or a monitor; the app reads rows


@bp.durable_client_input(client_name="client")
@bp.timer_trigger(arg_name="timer", schedule="0 * * * * *")
async def sweep(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:
    """Sweep every pool; one that fails does not keep the others waiting."""
    del timer
    for model, pool in configuration().pools.items():
        try:
            found = await pools.snapshot(model, whole=True)
            _tell(pool, found)
            for ulid, member in found.waiting.items():
                if ulid in found.running:
                    await pools.remove_ticket(model, member.key)
                else:
                    await _ticket(model, ulid, member)
            await stories.start(client, await pools.admit(model))
            await _stories(model, found, client)
        except Exception:  # noqa: BLE001 - logged, and the other pools are swept
            _log.exception("sweeping the pool %s failed; the next minute tries again", model)
    if clock.now().minute == _PURGES_AT_MINUTE:
        purged = await stories.purge(client, clock.now() - _HISTORY_KEPT)
        _log.info("%s stories that ended more than %s ago are forgotten", purged, _HISTORY_KEPT)


def _tell(pool: Pool, found: Snapshot) -> None:
    job_telemetry.queue(pool.model, [one.row.created_at for one in found.waiting.values()], clock.now())
    for lane in pool.lanes:
        in_flight = sum(slot.lane == lane.name for slot in found.slots)
        memory = found.state.lane(lane.name)
        needs_attention = memory.attention is not None or memory.is_retired(lane)
        job_telemetry.lane(pool.model, lane.name, in_flight=in_flight, needs_attention=needs_attention)


async def _ticket(model: str, ulid: str, member: Member) -> None:
    """Ready the ticket of a submit that was cut, remove an orphan, end a job whose deadline has passed."""
    now = clock.now()
    if now - member.row.created_at < _SUBMIT_TAKES_AT_MOST or (member.row.ready and now < member.row.deadline_at):
        return
    stored = await jobs.read(member.row.owner, JobId(ulid))
    if stored is None:
        if now - member.row.created_at > forget_job.ORPHAN_AFTER:
            await pools.remove_ticket(model, member.key)
    elif stored.job.state.is_final:
        if stored.job.deleted_at:
            await disposal.dispose(stored.job)
        await pools.remove_ticket(model, member.key)
    elif now >= member.row.deadline_at and stored.job.state == JobState.QUEUED and not stored.job.attempts:
        detail = "the job waited in the queue until its deadline"
        overdue = endings.without_video(stored.job, now, Code.DEADLINE, detail, money="none")
        if await jobs.save(stored, overdue, events=[jobs.Event("final", "failed")]):
            await pools.remove_ticket(model, member.key)
    elif not member.row.ready:
        await pools.ready_ticket(model, member.key)


async def _stories(model: str, found: Snapshot, client: df.DurableOrchestrationClient) -> None:
    """Carry on every admitted job of a pool; one that fails does not keep the others waiting."""
    for ulid, member in found.running.items():
        ref = JobRef(job_id=f"job_{ulid}", owner=member.row.owner, model=model)
        try:
            await _story(ref, member, client)
        except Exception:  # noqa: BLE001 - logged, and the other jobs are carried on
            _log.exception("carrying on %s failed; the next minute tries again", ref.job_id)


async def _story(ref: JobRef, member: Member, client: df.DurableOrchestrationClient) -> None:
    """Start the story of an admitted job again that is not there, has failed, or ended without its last effect."""
    now = clock.now()
    if member.row.look_until:
        await _late(ref, member, member.row.look_until, now)
        return
    if now < _next_try(member):
        return
    state = await stories.state(client, ref)
    if state == "terminated":
        await _flag_cancelled(ref)
    if state in {"missing", "ended", "terminated"} and await pools.note_restart(ref.model, member, now):
        job_telemetry.started_again(ref)
        await _record(ref, member, state, now)
        await stories.start(client, [Admitted(ref=ref, traceparent=member.row.traceparent)])


async def _record(ref: JobRef, member: Member, story: StoryState, now: datetime) -> None:
    """Tell in the timeline of a job that has not ended how its story was found; ask for attention if that goes on, and
    end a job that still has not sent anything by then: nothing was bought.

    Under the job's ETag, so that nothing is written beside rows that are being deleted; a conflict leaves a line out.
    """
    stored = await jobs.read(ref.owner, JobId.of(ref.job_id))
    if stored is None or stored.job.state.is_final:
        return
    n = member.row.restarts + 1
    found = {"story": story, "told_by": member.row.version, "version": VERSION}
    job, events = stored.job.changed(now), [jobs.Event(f"restarted-{n}", "restarted", found)]
    if n <= _QUICK_RESTARTS:
        await jobs.save(stored, job, events=events)
        return
    attention = f"its story had to be started again {n} times; the log of the app says why"
    live = stored.live.model_copy(update={"attention": attention})
    if not (job.attempts or job.render_id):
        detail = "its story could not be carried on, and nothing was ever sent"
        job = endings.without_video(job, now, Code.INTERNAL, detail, money="none")
        events.append(jobs.Event("final", "failed", {"code": Code.INTERNAL}))
    await jobs.save(stored, job, events=events, also=[jobs.live_row(job, live)])


async def _flag_cancelled(ref: JobRef) -> None:
    """Take the termination of a story for what it says: its job is not wanted any more. A conflict: the next minute."""
    stored = await jobs.read(ref.owner, JobId.of(ref.job_id))
    if stored and not stored.job.state.is_final:
        flagged = stored.job.changed(clock.now(), cancel_requested=True)
        await jobs.save(
            stored, flagged, events=[jobs.Event("cancel-requested", "cancel_requested", {"by": "operator"})]
        )


async def _late(ref: JobRef, member: Member, until: datetime, now: datetime) -> None:
    """Look for renders of given-up attempts now and then; after a day nothing can surface any more."""
    if now >= until:
        await forget_job.forget(ref, member, await jobs.read(ref.owner, JobId.of(ref.job_id)))
    elif now.minute % _LATE_LOOK_EVERY_MIN == 0:
        await late_renders.look(ref)


def _next_try(member: Member) -> datetime:
    row = member.row
    if row.restarted_at is None:
        return (row.admitted_at or row.created_at) + _IDLE_AFTER
    pause = timedelta(minutes=2 ** min(row.restarts, _QUICK_RESTARTS) / 2)
    return row.restarted_at + (pause if row.restarts < _QUICK_RESTARTS else _SLOW_RESTART_EVERY)
