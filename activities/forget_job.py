"""Delete a job's row in its pool: the very last effect of a job that stays; what a deleted one leaves goes with it."""

from datetime import timedelta

import azure.durable_functions as df

from activities import late_renders
from activities.payload import Payload
from shared import attempts, clock, disposal, jobs, pools
from shared.ids import JobId
from shared.jobs import Stored
from shared.models.job import JobRef
from shared.pool_rows import Member

bp = df.Blueprint()

ORPHAN_AFTER = timedelta(hours=1)
"""A row without a job stays so long: whoever put it in, longer than any function can live, may still write the job."""


@bp.activity_trigger(input_name="payload")
async def forget_job(payload: Payload) -> Payload:
    """A row that is gone already stays so; one whose given-up attempts may still surface is kept for the sweeper."""
    ref = JobRef.model_validate(payload)
    held = await pools.read_run(ref)
    stored = await jobs.read(ref.owner, JobId.of(ref.job_id))
    until = late_renders.watch_until(await attempts.read(stored.job)) if stored else None
    if until and until > clock.now():
        await pools.keep_looking(ref, until)
    elif held is None or await _is_over(ref, held, stored):
        await forget(ref, held, stored)
    return {"kind": "forgotten"}


async def _is_over(ref: JobRef, held: Member, stored: Stored | None) -> bool:
    """Tell whether a row is to go: its job has ended, was deleted, or never came. A job that came after its story had
    found none has the row tell it again.
    """
    if stored:
        return stored.job.state.is_final
    is_old = clock.now() - held.row.created_at > ORPHAN_AFTER
    return is_old or await jobs.purged(ref.owner, JobId.of(ref.job_id)) is not None


async def forget(ref: JobRef, held: Member | None, stored: Stored | None) -> None:
    """Delete the row that was held before the job was read, after what a deleted job leaves: until then the row has
    the story told again.

    The job is read once more when its row is gone: who deletes it meanwhile either sees that row, or is seen here.
    """
    await _dispose_deleted(stored)
    if held:
        await pools.forget(ref.model, held)
    await _dispose_deleted(await jobs.read(ref.owner, JobId.of(ref.job_id)))


async def _dispose_deleted(stored: Stored | None) -> None:
    if stored and stored.job.deleted_at:
        await disposal.dispose(stored.job)
