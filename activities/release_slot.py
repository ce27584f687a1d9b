"""Give a job's slot back, and admit who is next in the same batch."""

import azure.durable_functions as df

from activities.payload import Payload
from shared import pools, stories
from shared.models.job import JobRef
from shared.pools import Released

bp = df.Blueprint()


@bp.durable_client_input(client_name="client")
@bp.activity_trigger(input_name="payload")
async def release_slot(payload: Payload, client: df.DurableOrchestrationClient) -> Payload:
    """A slot that was given back already stays so; the stories of the admitted are started."""
    ref = JobRef.model_validate(payload)
    released = Released(ref.job_id.removeprefix("job_"), payload.get("render_s"), payload.get("ratios") or ())
    await stories.start(client, await pools.admit(ref.model, released))
    return {"kind": "released"}
