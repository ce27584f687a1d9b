"""Delete a job's row in its pool: the very last effect of a job."""

import azure.durable_functions as df

from activities.payload import Payload
from shared import pools
from shared.models.job import JobRef

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
async def forget_job(payload: Payload) -> Payload:
    """A row that is gone already stays so."""
    await pools.forget(JobRef.model_validate(payload))
    return {"kind": "forgotten"}
