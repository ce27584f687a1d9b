"""How a job is answered with, whichever function took it in or shows it."""

import azure.durable_functions as df
import azure.functions as func
from pydantic import BaseModel

from shared import clock, http, jobs, pools, stories
from shared.forecast import Forecast
from shared.http import ProblemError
from shared.ids import JobId
from shared.jobs import KeyReused, Replayed, Stored, SubmitKey
from shared.models.job import Admitted, JobState
from shared.models.job_view import JobView, Queue, eta_in, view
from shared.models.problem import Code, FieldError
from shared.pool_rows import ticket_key
from shared.submission import Accepted, QueueFull, Taken

RETRY_AFTER = {"Retry-After": "3"}
_MOST_KEY_CHARACTERS = 255


async def job_view(req: func.HttpRequest, stored: Stored, seen: Forecast | None = None) -> JobView:
    """Show a job; while it waits, with its place and when it will be done (one more request, where not yet seen)."""
    base = http.base_of(req)
    if stored.job.state != JobState.QUEUED or stored.job.cancel_requested:
        return view(stored.job, stored.live, base)
    seen = seen or await pools.outlook(stored.job)
    queue = Queue(position=seen.ahead + 1, ahead=seen.ahead)
    return view(stored.job, stored.live, base, queue, eta_in(seen.done, clock.now()) if seen.done else None)


def _accepted(shown: JobView, headers: dict[str, str] | None = None) -> func.HttpResponse:
    """Answer 202 with the job and where to look at it."""
    return http.reply(shown, 202, {"Location": shown.links["self"]} | RETRY_AFTER | (headers or {}))


async def answer(
    req: func.HttpRequest, client: df.DurableOrchestrationClient, owner: str, taken: Taken
) -> func.HttpResponse:
    """Answer what became of a job that was to be taken in, and start the stories that were admitted with it."""
    match taken:
        case Accepted(job, admitted, outlook):
            await stories.start(client, admitted)
            return _accepted(await job_view(req, Stored(job, etag=""), outlook))
        case Replayed(job_id):
            stored = await _carried_on(owner, job_id, client)
            return _accepted(await job_view(req, stored), {"Idempotency-Replayed": "true"})
        case KeyReused():
            raise ProblemError(Code.IDEMPOTENCY_KEY_REUSED, "this key was sent with another request before")
        case QueueFull(open_jobs):
            raise ProblemError(Code.QUEUE_FULL, f"there are {open_jobs} open jobs, more are not taken")


async def _carried_on(owner: str, job_id: str, client: df.DurableOrchestrationClient) -> Stored:
    """Find the job an Idempotency-Key made, and carry on what its first submit may have left undone."""
    stored = await jobs.read(owner, JobId.of(job_id))
    if stored is None or stored.job.deleted_at:
        raise ProblemError(Code.JOB_DELETED, f"this key made {job_id}, which was deleted")
    if stored.job.render_id and not stored.job.attempts and not stored.job.state.is_final:
        took_over = Admitted(ref=stored.job.ref)
        await stories.start(client, [took_over])  # a story that runs already goes on
    if stored.job.state == JobState.QUEUED and await pools.ready_ticket(stored.job.model, ticket_key(stored.job)):
        await stories.start(client, await pools.admit(stored.job.model))
    return stored


def submit_key(req: func.HttpRequest, request: BaseModel, about: str = "") -> SubmitKey | None:
    """Hash the request's Idempotency-Key with what is asked; None without a key."""
    key = _idempotency_key(req)
    return jobs.submit_key(key, request, about) if key else None


def _idempotency_key(req: func.HttpRequest) -> str | None:
    """Return the request's Idempotency-Key; a 422 problem when it is none."""
    key = http.header(req, "idempotency-key")
    if key is not None and not (key.isascii() and key.isprintable() and 0 < len(key) <= _MOST_KEY_CHARACTERS):
        detail = f"Idempotency-Key is 1 to {_MOST_KEY_CHARACTERS} printable ASCII characters"
        pointer = FieldError(pointer="Idempotency-Key", detail=detail)
        raise ProblemError(Code.VALIDATION_FAILED, detail, [pointer])
    return key
