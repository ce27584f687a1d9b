"""`/videos/jobs`: take jobs in, show them, cancel them."""

import azure.durable_functions as df
import azure.functions as func

from endpoints.terms import terms_of
from shared import clock, http, jobs, pools, stories, submission
from shared.config import settings
from shared.http import ProblemError
from shared.ids import JobId
from shared.jobs import Event, KeyReused, Replayed, Stored
from shared.models.job import JobRequest, JobState
from shared.models.job_view import JobList, JobView, Queue, Timeline, view
from shared.models.problem import Code, FieldError, job_problem
from shared.submission import Accepted, QueueFull

bp = df.Blueprint()

_RETRY_AFTER = {"Retry-After": "3"}
_MOST_KEY_CHARACTERS = 255
_CANCEL_TRIES = 10


@bp.route(route="videos/jobs", methods=["POST"])
@bp.durable_client_input(client_name="client")
@http.answers
async def submit_video_job(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Take a job in: 202 with its document, or a problem; the same Idempotency-Key gives the same job."""
    owner = http.owner_of(req)
    request = http.body_of(req, JobRequest)
    terms = terms_of(request)
    key = _idempotency_key(req)
    submit_key = jobs.submit_key(key, request.model_dump_json()) if key else None
    match await submission.submit(request, terms, owner, submit_key, settings()):
        case Accepted(job, admitted):
            await stories.start(client, admitted)
            return await _accepted(req, Stored(job, etag=""))
        case Replayed(job_id):
            return await _accepted(req, await _find(owner, job_id), {"Idempotency-Replayed": "true"})
        case KeyReused():
            raise ProblemError(Code.IDEMPOTENCY_KEY_REUSED, "this key was sent with another request before")
        case QueueFull(open_jobs):
            raise ProblemError(Code.QUEUE_FULL, f"there are {open_jobs} open jobs, more are not taken")


@bp.route(route="videos/jobs", methods=["GET"])
@http.answers
async def list_video_jobs(req: func.HttpRequest) -> func.HttpResponse:
    """List jobs, newest first: `limit` 1..100, `cursor`, `state`."""
    owner = http.owner_of(req)
    limit = http.limit_of(req, default=20, most=100)
    state = _state(req.params.get("state"))
    cursor = req.params.get("cursor")
    if cursor is not None and not jobs.cursor_is_valid(cursor):
        raise ProblemError(Code.BAD_CURSOR, f"{cursor[:64]!r} is not a cursor of this list")
    page = await jobs.page(owner, limit=limit, after=cursor, state=state)
    base = http.base_of(req)
    home = f"{base}/videos/jobs?limit={limit}" + (f"&state={state}" if state else "")
    links = {"self": home + (f"&cursor={cursor}" if cursor else "")}
    if page.after:
        links["next"] = f"{home}&cursor={page.after}"
    shown = [view(stored.job, stored.live, base) for stored in page.jobs]
    return http.reply(JobList(jobs=shown, next_cursor=page.after, links=links))


@bp.route(route="videos/jobs/{job_id}", methods=["GET"])
@http.answers
async def get_video_job(req: func.HttpRequest) -> func.HttpResponse:
    """Show one job: one request to the storage, two while it is queued."""
    stored = await _find(http.owner_of(req), req.route_params["job_id"])
    return http.reply(await _view(req, stored), headers={} if stored.job.state.is_final else _RETRY_AFTER)


@bp.route(route="videos/jobs/{job_id}/timeline", methods=["GET"])
@http.answers
async def get_video_job_timeline(req: func.HttpRequest) -> func.HttpResponse:
    """Show the flight record of a job, oldest first."""
    stored = await _find(http.owner_of(req), req.route_params["job_id"])
    return http.reply(Timeline(job_id=stored.job.id, events=await jobs.timeline(stored.job)))


@bp.route(route="videos/jobs/{job_id}/cancel", methods=["POST"])
@bp.durable_client_input(client_name="client")
@http.answers
async def cancel_video_job(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Cancel a job: at once while it is queued, else flag it and wake its story. Repeating it changes nothing."""
    owner = http.owner_of(req)
    for _ in range(_CANCEL_TRIES):
        stored = await _find(owner, req.route_params["job_id"])
        if stored.job.state == JobState.CANCELLED or (stored.job.cancel_requested and not stored.job.state.is_final):
            return await _cancelled(req, stored, client)
        if stored.job.state.is_final:
            raise ProblemError(Code.ALREADY_FINAL, f"the job has already ended: {stored.job.state}")
        if await _cancel(stored):
            return await _cancelled(req, await _find(owner, stored.job.id), client)
    raise TimeoutError(f"{req.route_params['job_id']} was changed by others {_CANCEL_TRIES} times in a row")


async def _cancel(stored: Stored) -> bool:
    """End a job nothing was ever sent for; flag any other. False when it was changed meanwhile."""
    now, job = clock.now(), stored.job
    if job.state == JobState.QUEUED and not job.attempts:
        problem = job_problem(Code.CANCELLED, "cancelled while it was queued", money="none")
        ended = job.changed(now, state=JobState.CANCELLED, cost_state="released", problem=problem)
        if not await jobs.save(stored, ended, events=[Event("cancelled", "cancelled", {"while": "queued"})]):
            return False
        await pools.remove_ticket(job.model, pools.ticket_key(job))
        return True
    flagged = job.changed(now, cancel_requested=True)
    return await jobs.save(stored, flagged, events=[Event("cancel-requested", "cancel_requested")])


async def _cancelled(req: func.HttpRequest, stored: Stored, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    if not stored.job.state.is_final:
        await stories.wake(client, stored.job.ref)
    return http.reply(await _view(req, stored), 200 if stored.job.state.is_final else 202)


async def _find(owner: str, job_id: str) -> Stored:
    parsed = JobId.parse(job_id)
    stored = await jobs.read(owner, parsed) if parsed else None
    if stored is None:
        raise ProblemError(Code.NOT_FOUND, f"there is no job {job_id[:64]!r}")
    return stored


async def _accepted(req: func.HttpRequest, stored: Stored, headers: dict[str, str] | None = None) -> func.HttpResponse:
    shown = await _view(req, stored)
    return http.reply(shown, 202, {"Location": shown.links["self"]} | _RETRY_AFTER | (headers or {}))


async def _view(req: func.HttpRequest, stored: Stored) -> JobView:
    queue = None
    if stored.job.state == JobState.QUEUED and not stored.job.cancel_requested:
        position = await pools.position(stored.job)
        queue = Queue(position=position, ahead=position - 1)
    return view(stored.job, stored.live, http.base_of(req), queue)


def _idempotency_key(req: func.HttpRequest) -> str | None:
    key = http.header(req, "idempotency-key")
    if key is not None and not (key.isascii() and key.isprintable() and 0 < len(key) <= _MOST_KEY_CHARACTERS):
        detail = f"Idempotency-Key is 1 to {_MOST_KEY_CHARACTERS} printable ASCII characters"
        raise ProblemError(Code.VALIDATION_FAILED, detail, [FieldError(pointer="Idempotency-Key", detail=detail)])
    return key


def _state(text: str | None) -> JobState | None:
    if text is None:
        return None
    try:
        return JobState(text)
    except ValueError as error:
        detail = f"{text[:32]!r} is not one of {', '.join(JobState)}"
        pointer = FieldError(pointer="state", detail=detail)
        raise ProblemError(Code.VALIDATION_FAILED, "the request has invalid values", [pointer]) from error
