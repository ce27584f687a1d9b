"""`/videos/jobs`: take jobs in, list them, show them."""

import azure.durable_functions as df
import azure.functions as func

from endpoints.job_answers import RETRY_AFTER, answer, job_view, submit_key
from endpoints.lookup import job_of
from endpoints.terms import terms_of
from shared import http, jobs, submission
from shared.config import settings
from shared.http import ProblemError
from shared.models.job import JobRequest, JobState
from shared.models.job_view import JobList, Timeline, view
from shared.models.problem import Code, FieldError

bp = df.Blueprint()


@bp.route(route="videos/jobs", methods=["POST"])
@bp.durable_client_input(client_name="client")
@http.answers
async def submit_video_job(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Take a job in: 202 with its document, or a problem; the same Idempotency-Key gives the same job."""
    owner = http.owner_of(req)
    request = http.body_of(req, JobRequest)
    terms = terms_of(request)
    key = submit_key(req, request)
    return await answer(req, client, owner, await submission.submit(request, terms, owner, key, settings()))


@bp.route(route="videos/jobs", methods=["GET"])
@http.answers
async def list_video_jobs(req: func.HttpRequest) -> func.HttpResponse:
    """List jobs, newest first: `limit` 1..100, `cursor`, and `state`, or `cost=disputed`."""
    owner = http.owner_of(req)
    limit = http.limit_of(req, default=20, most=100)
    state = _state(req.params.get("state"))
    cursor = req.params.get("cursor")
    if cursor is not None and not jobs.cursor_is_valid(cursor):
        raise ProblemError(Code.BAD_CURSOR, f"{cursor[:64]!r} is not a cursor of this list")
    is_disputed = _is_disputed(req, state)
    if is_disputed:
        page = await jobs.disputed(owner, limit=limit, after=cursor)
    else:
        page = await jobs.page(owner, limit=limit, after=cursor, state=state)
    base = http.base_of(req)
    home = f"{base}/videos/jobs?limit={limit}" + (f"&state={state}" if state else "")
    home += "&cost=disputed" if is_disputed else ""
    links = {"self": home + (f"&cursor={cursor}" if cursor else "")}
    if page.after:
        links["next"] = f"{home}&cursor={page.after}"
    shown = [view(stored.job, stored.live, base) for stored in page.jobs]
    return http.reply(JobList(jobs=shown, next_cursor=page.after, links=links))


@bp.route(route="videos/jobs/{job_id}", methods=["GET"])
@http.answers
async def get_video_job(req: func.HttpRequest) -> func.HttpResponse:
    """Show one job: one request to the storage, two while it is queued."""
    stored = await job_of(http.owner_of(req), req.route_params["job_id"])
    return http.reply(await job_view(req, stored), headers={} if stored.job.state.is_final else RETRY_AFTER)


@bp.route(route="videos/jobs/{job_id}/timeline", methods=["GET"])
@http.answers
async def get_video_job_timeline(req: func.HttpRequest) -> func.HttpResponse:
    """Show the flight record of a job, oldest first."""
    stored = await job_of(http.owner_of(req), req.route_params["job_id"])
    return http.reply(Timeline(job_id=stored.job.id, events=await jobs.timeline(stored.job)))


def _state(text: str | None) -> JobState | None:
    if text is None:
        return None
    try:
        return JobState(text)
    except ValueError as error:
        detail = f"{text[:32]!r} is not one of {', '.join(JobState)}"
        pointer = FieldError(pointer="state", detail=detail)
        raise ProblemError(Code.VALIDATION_FAILED, "the request has invalid values", [pointer]) from error


def _is_disputed(req: func.HttpRequest, state: JobState | None) -> bool:
    """Tell whether disputed jobs alone are asked for; all of them have failed."""
    asked = req.params.get("cost")
    if asked is None:
        return False
    if asked != "disputed" or state not in {None, JobState.FAILED}:
        detail = f"cost={asked[:32]!r} with state={state}: only cost=disputed can be asked for, of failed jobs"
        pointer = FieldError(pointer="cost", detail=detail)
        raise ProblemError(Code.VALIDATION_FAILED, "the request has invalid values", [pointer])
    return True
