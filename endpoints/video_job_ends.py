"""`/videos/jobs/{id}` ended by hand: cancel, and delete, of one job or of all that failed."""

from datetime import datetime

import azure.durable_functions as df
import azure.functions as func

from endpoints.job_answers import job_view
from endpoints.lookup import find_job, job_of
from shared import clock, disposal, endings, http, jobs, pools, stories
from shared.http import ProblemError
from shared.jobs import Event, Stored
from shared.models.job import Job, JobState
from shared.models.job_view import Deleted
from shared.models.problem import Code
from shared.pool_rows import ticket_key

bp = df.Blueprint()

_TRIES = 10
_DELETED_AT_ONCE = 200


@bp.route(route="videos/jobs/{job_id}/cancel", methods=["POST"])
@bp.durable_client_input(client_name="client")
@http.answers
async def cancel_video_job(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Cancel a job: at once while it is queued, else flag it and wake its story. Repeating it changes nothing."""
    owner, job_id = http.owner_of(req), req.route_params["job_id"]
    for _ in range(_TRIES):
        stored = await job_of(owner, job_id)
        if stored.job.state.is_final and stored.job.state != JobState.CANCELLED:
            raise ProblemError(Code.ALREADY_FINAL, f"the job has already ended: {stored.job.state}")
        if stored.job.state == JobState.CANCELLED or stored.job.cancel_requested:
            return await _cancelled(req, stored, client)
        if await _end(stored, _cancelled_job(stored.job, clock.now())):
            return await _cancelled(req, await job_of(owner, job_id), client)
    raise TimeoutError(f"{job_id} was changed by others {_TRIES} times in a row")


@bp.route(route="videos/jobs/{job_id}", methods=["DELETE"])
@bp.durable_client_input(client_name="client")
@http.answers
async def delete_video_job(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Delete a job (204), or with `failed` as its id up to 200 failed ones. `assets=delete`: their videos too.

    One function for both: the host tries templates by function name, and a literal does not beat a parameter.
    """
    owner, job_id = http.owner_of(req), req.route_params["job_id"]
    with_assets = _with_assets(req)
    if job_id == "failed":
        return await _delete_failed(owner, client, with_assets=with_assets)
    if not await _delete(owner, job_id, client, with_assets=with_assets):
        raise ProblemError(Code.NOT_FOUND, f"there is no job {job_id[:64]!r}")
    return func.HttpResponse(status_code=204)


async def _delete_failed(owner: str, client: df.DurableOrchestrationClient, *, with_assets: bool) -> func.HttpResponse:
    found = await jobs.failed(owner, top=_DELETED_AT_ONCE + 1)
    deleted = 0
    for stored in found[:_DELETED_AT_ONCE]:
        deleted += await _delete(owner, stored.job.id, client, with_assets=with_assets)
    return http.reply(Deleted(deleted=deleted, more=len(found) > _DELETED_AT_ONCE))


async def _delete(owner: str, job_id: str, client: df.DurableOrchestrationClient, *, with_assets: bool) -> bool:
    """Hide a job at once; False when it is not there. Its rows go now when nothing is at work for it, else with the
    last effect of its story. A row in its pool stands for what is left to do: a delete that is cut is ended by the
    sweeper.
    """
    is_ours = False
    for _ in range(_TRIES):
        stored, now = await find_job(owner, job_id), clock.now()
        if stored is None:
            return False
        job = stored.job
        ended = job if job.state.is_final else _cancelled_job(job, now)
        hidden = ended.changed(now, deleted_at=now, deletes_assets=with_assets)
        is_ours = is_ours or (job.state.is_final and await pools.add_running(job))
        if not await jobs.save(stored, hidden, events=[Event("deleted", "deleted", {"while": job.state})]):
            continue
        if job.state == JobState.QUEUED and hidden.state.is_final:
            await disposal.dispose(hidden)
            await pools.remove_ticket(job.model, ticket_key(job))
        elif not hidden.state.is_final:
            await stories.wake(client, hidden.ref)
        elif await pools.add_or_renew_running(hidden) or is_ours:
            await disposal.dispose(hidden)
            if held := await pools.read_run(hidden.ref):
                await pools.forget(job.model, held)
        return True
    raise TimeoutError(f"{job_id} was changed by others {_TRIES} times in a row")


def _cancelled_job(job: Job, now: datetime) -> Job:
    """End a job nothing was ever sent for; flag any other, for its story to see."""
    if job.state != JobState.QUEUED or job.attempts:
        return job.changed(now, cancel_requested=True)
    return endings.without_video(job, now, Code.CANCELLED, "cancelled while it was queued", money="none")


async def _end(stored: Stored, job: Job) -> bool:
    """Write the end that was asked for, and take the ticket out where the job had one."""
    kind = "cancelled" if job.state.is_final else "cancel_requested"
    if not await jobs.save(stored, job, events=[Event(kind, kind, {"while": stored.job.state})]):
        return False
    if job.state.is_final:
        await pools.remove_ticket(job.model, ticket_key(job))
    return True


async def _cancelled(req: func.HttpRequest, stored: Stored, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    if not stored.job.state.is_final:
        await stories.wake(client, stored.job.ref)
    return http.reply(await job_view(req, stored), 200 if stored.job.state.is_final else 202)


def _with_assets(req: func.HttpRequest) -> bool:
    asked = req.params.get("assets", "keep")
    if asked not in {"keep", "delete"}:
        raise ProblemError(Code.VALIDATION_FAILED, f"assets={asked[:32]!r} is neither keep nor delete")
    return asked == "delete"
