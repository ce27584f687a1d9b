"""Starting and waking the story of a job: the only place that knows how the Durable client answers. The instance has
the job's id, so a second start is refused or merged by the host, and both mean that the story runs.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from azure.durable_functions import DurableOrchestrationClient, OrchestrationRuntimeStatus

from shared import names, telemetry
from shared.models.job import Admitted, JobRef

StoryState = Literal["missing", "open", "suspended", "terminated", "ended"]

_STATES: dict[OrchestrationRuntimeStatus, StoryState] = {
    OrchestrationRuntimeStatus.Completed: "ended",
    OrchestrationRuntimeStatus.Failed: "ended",
    OrchestrationRuntimeStatus.Canceled: "terminated",
    OrchestrationRuntimeStatus.Terminated: "terminated",
    OrchestrationRuntimeStatus.Suspended: "suspended",
}

_BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)  # the filter has to begin somewhere


async def start(client: DurableOrchestrationClient, admitted: Iterable[Admitted]) -> None:
    """Start the stories of admitted jobs, each in the trace of the request that asked for it.

    One that runs already is a success: SDK 1.7 says so by a plain exception.
    """
    for one in admitted:
        try:
            with telemetry.within(one.traceparent):
                await client.start_new(names.GENERATE_VIDEO, one.ref.job_id, one.ref.model_dump())
        except Exception as error:
            if "already exists" not in str(error):
                raise


async def wake(client: DurableOrchestrationClient, job: JobRef) -> None:
    """Hint to a job's story that its row has changed; a story that is not there needs no hint."""
    try:
        await client.raise_event(job.job_id, names.WAKE, True)  # noqa: FBT003 - the event carries nothing else
    except Exception as error:
        if not any(word in str(error) for word in ("No instance", "is gone")):
            raise


async def state(client: DurableOrchestrationClient, job: JobRef) -> StoryState:
    """Tell how a job's story stands."""
    status = await client.get_status(job.job_id)
    if status.instance_id is None:
        return "missing"
    return _STATES.get(status.runtime_status, "open") if status.runtime_status else "open"


async def purge(client: DurableOrchestrationClient, began_before: datetime) -> int:
    """Forget stories that have ended and whose last execution began before that time; how many there were.

    Only ended ones are named: the host's filter deletes whatever it matches, running ones too
    (functions-host-measured.md, 5). One that starts again at this very moment may be lost with them, and is then a
    story that is missing.
    """
    ended = [status for status, state in _STATES.items() if state in {"ended", "terminated"}]
    purged = await client.purge_instance_history_by(_BEGINNING, began_before, ended)
    return purged.instances_deleted
