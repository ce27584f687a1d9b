"""`/videos/jobs/…/retry`, `…/resolve` and `/videos/jobs/import`: making the best of renders that were paid for."""

import azure.durable_functions as df
import azure.functions as func

from endpoints.job_answers import answer, job_view, submit_key
from endpoints.lookup import job_of
from endpoints.terms import terms_of
from shared import clock, http, jobs, submission, takeover
from shared.config import settings
from shared.http import ProblemError
from shared.ids import JobId
from shared.jobs import Created, Event, Stored, SubmitKey
from shared.lanes import Lane
from shared.models.job import Admitted, ImportRequest, Job, JobRequest, JobState, ResolveRequest, RetryRequest
from shared.models.problem import Code, job_problem
from shared.providers.port import NoAnswer, Render
from shared.submission import Accepted, Taken

bp = df.Blueprint()


@bp.route(route="videos/jobs/{job_id}/retry", methods=["POST"])
@bp.durable_client_input(client_name="client")
@http.answers
async def retry_video_job(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Make a new job of one that failed or was cancelled; a render that is still there is stored for nothing."""
    owner = http.owner_of(req)
    asked = http.body_of(req, RetryRequest) if req.get_body() else RetryRequest()
    key = submit_key(req, asked, f"retry {req.route_params['job_id']}")
    if earlier := await jobs.sent_before(owner, key, clock.now()):
        return await answer(req, client, owner, earlier)
    parent = (await job_of(owner, req.route_params["job_id"])).job
    if parent.state not in {JobState.FAILED, JobState.CANCELLED}:
        raise ProblemError(Code.NOT_RETRYABLE, f"the job is {parent.state}")
    found = None if asked.changes else await takeover.salvageable(parent)
    if isinstance(found, NoAnswer):
        raise ProblemError(Code.PROVIDER_UNAVAILABLE, "the render of the job cannot be looked for just now")
    if found is not None:
        return await _begin(req, client, takeover.heir(parent, clock.now()), key)
    if parent.cost_state == "disputed" and not asked.confirm_new_charge:
        raise ProblemError(Code.CONFIRM_NEW_CHARGE, "it is unclear whether the first render was bought")
    return await answer(req, client, owner, await _again(parent, asked, key))


@bp.route(route="videos/jobs/{job_id}/resolve", methods=["POST"])
@http.answers
async def resolve_video_job(req: func.HttpRequest) -> func.HttpResponse:
    """Settle a job whose submission is unclear: with the render that was bought, or by the word that none was.

    The state stays; with a render known, retry stores it for nothing.
    """
    owner = http.owner_of(req)
    asked = http.body_of(req, ResolveRequest)
    stored = await job_of(owner, req.route_params["job_id"])
    job = stored.job
    if job.cost_state != "disputed":
        raise ProblemError(Code.NOT_DISPUTED, f"the cost of the job is {job.cost_state}")
    if asked.render_id is None:
        problem = job_problem(
            Code.SUBMISSION_UNCLEAR,
            "the operator said that no render was bought",
            money="none",
            advice="Retry the job: it buys a new render.",
            retry_helps=True,
        )
        settled = job.changed(clock.now(), cost_state="released", problem=problem)
    else:
        settled = await _with_render(job, asked.render_id)
    if not await jobs.save(stored, settled, events=[Event("resolved", "resolved", {"cost": settled.cost_state})]):
        raise ProblemError(Code.STORAGE_UNAVAILABLE, "the job was changed at the same time; look at it again")
    return http.reply(await job_view(req, Stored(settled, "", stored.live)))


@bp.route(route="videos/jobs/import", methods=["POST"])
@bp.durable_client_input(client_name="client")
@http.answers
async def import_video_job(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Adopt a render made elsewhere by its id at the provider: store it, for nothing."""
    owner = http.owner_of(req)
    asked = http.body_of(req, ImportRequest)
    key = submit_key(req, asked, "import")
    if earlier := await jobs.sent_before(owner, key, clock.now()):
        return await answer(req, client, owner, earlier)
    lane = takeover.lane_named(asked.lane)
    if lane is None:
        raise ProblemError(Code.NOT_FOUND, f"there is no lane {asked.lane!r}")
    render = await _render(lane, asked.render_id)
    fresh = takeover.imported(lane, render, owner, clock.now(), prompt=asked.prompt, metadata=asked.metadata)
    holder = await takeover.claim(lane, render.id, fresh)
    job = fresh if holder == fresh.id else await takeover.unfinished(lane, fresh, holder)
    if job is None:
        raise ProblemError(Code.RENDER_CLAIMED, f"the render {render.id} belongs to {await _shown(owner, holder)}")
    return await _begin(req, client, job, key)


async def _render(lane: Lane, render_id: str) -> Render:
    seen = await takeover.look(lane, render_id)
    if isinstance(seen, NoAnswer):
        raise ProblemError(Code.PROVIDER_UNAVAILABLE, f"the provider of {lane.name} does not answer about the render")
    if not isinstance(seen, Render):
        raise ProblemError(Code.RENDER_UNKNOWN, f"the provider of {lane.name} does not know {render_id[:64]!r}")
    return seen


async def _with_render(job: Job, render_id: str) -> Job:
    """Name the render on the job, when it can be this job's: its prompt is the same, and no other job holds it."""
    lane = takeover.lane_named(job.lane)
    if lane is None:
        raise ProblemError(Code.RENDER_UNKNOWN, f"the lane {job.lane} of the job is not in the settings any more")
    render = await _render(lane, render_id)
    if render.prompt not in {job.prompt, None}:
        raise ProblemError(Code.RENDER_UNKNOWN, "that render was made from another prompt")
    if await takeover.claim(lane, render.id, job) != job.id:
        raise ProblemError(Code.RENDER_CLAIMED, f"the render {render.id} belongs to another job")
    problem = takeover.storable(Code.SUBMISSION_UNCLEAR, f"the render is {render.id}")
    return job.changed(
        clock.now(),
        render_id=render.id,
        accepted_at=render.created_at or job.created_at,
        cost_state="settled",
        problem=problem,
    )


async def _again(parent: Job, asked: RetryRequest, key: SubmitKey | None) -> Taken:
    """Submit what the parent was, with what is to be different."""
    same = parent.model_dump(include={"prompt", "model", "size", "seconds", "variants", "priority", "metadata"})
    request = http.valid(JobRequest, same | asked.changes)
    terms = terms_of(request)
    return await submission.submit(request, terms, parent.owner, key, settings(), parent_id=parent.id)


async def _begin(
    req: func.HttpRequest, client: df.DurableOrchestrationClient, job: Job, key: SubmitKey | None
) -> func.HttpResponse:
    written = await takeover.begin(job, key)
    taken = Accepted(job, [Admitted(ref=job.ref)]) if isinstance(written, Created) else written
    return await answer(req, client, job.owner, taken)


async def _shown(owner: str, job_id: str) -> str:
    """Name the job that holds a render, if the caller may know it."""
    return job_id if await jobs.read(owner, JobId.of(job_id)) else "another job"
