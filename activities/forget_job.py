"""Delete a job's row in its pool: the very last effect of a job that stays; what a deleted one leaves goes with it."""

import azure.durable_functions as df

from activities.payload import Payload
from shared import disposal, jobs, pools
from shared.ids import JobId
from shared.models.job import JobRef

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
async def forget_job(payload: Payload) -> Payload:
    """A row that is gone already stays so.

    The job is read after its row is gone: who deletes it meanwhile either sees that row, or is seen here.
    """
    ref = JobRef.model_validate(payload)
    await pools.forget(ref)
    stored = await jobs.read(ref.owner, JobId.of(ref.job_id))
    if stored and stored.job.deleted_at:
        await disposal.dispose(stored.job)
    return {"kind": "forgotten"}
