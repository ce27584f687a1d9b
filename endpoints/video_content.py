"""`/videos/generations/{id}/content`: a short link to a stored video or one of its pictures."""

from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func

from shared import blobs, clock, http, jobs, links
from shared.config import settings
from shared.http import ProblemError
from shared.ids import JobId, parse_generation_id
from shared.models.job import Generation, Job
from shared.models.job_view import ContentLink
from shared.models.problem import Code, FieldError

bp = df.Blueprint()


@bp.route(route="videos/generations/{generation_id}/content", methods=["GET"])
@http.answers
async def get_video_content(req: func.HttpRequest) -> func.HttpResponse:
    """Redirect to a SAS link, or show it with `redirect=false`. `variant`: video, poster, sprite or gif."""
    redirect = _flag(req, "redirect", default="true")
    job, generation = await _find(http.owner_of(req), req.route_params["generation_id"])
    ttl_s = _ttl_s(job)
    name, content_type, file_name = _file(generation, req.params.get("variant", "video"))
    length = generation.bytes if name == generation.blob else await blobs.blob_length(name)
    if length is None:
        raise ProblemError(Code.NOT_FOUND, "this picture could not be made of the video")
    inline = _flag(req, "inline", default="false")
    link = await links.sign(name, download_name=file_name, content_type=content_type, inline=inline, ttl_s=ttl_s)
    if redirect:
        return func.HttpResponse(status_code=302, headers={"Location": link.url, "Cache-Control": "no-store"})
    shown = ContentLink(
        url=link.url, expires_at=link.expires_at, content_type=content_type, bytes=length, file_name=file_name
    )
    return http.reply(shown)


async def _find(owner: str, generation_id: str) -> tuple[Job, Generation]:
    parsed = parse_generation_id(generation_id)
    stored = await jobs.read(owner, parsed[0]) if parsed else None
    if stored is None or stored.job.deleted_at:
        raise ProblemError(Code.NOT_FOUND, f"there is no generation {generation_id[:64]!r}")
    for generation in stored.job.generations:
        if generation.id == generation_id:
            return stored.job, generation
    if stored.job.state.is_final or generation_id not in _to_come(stored.job):
        raise ProblemError(Code.NOT_FOUND, f"the job has no generation {generation_id[:64]!r}")
    raise ProblemError(Code.NOT_READY, f"the job is {stored.job.state}: there is no video yet")


def _ttl_s(job: Job) -> int:
    """Give a link its seconds, fewer where the video's days end before; a 410 problem when they have ended."""
    days = settings().media_retention_days
    if days is None or job.finished_at is None:
        return settings().link_ttl_s
    until = job.finished_at + timedelta(days=days)
    left_s = int((until - clock.now()).total_seconds())
    if left_s <= 0:
        raise ProblemError(Code.VIDEO_EXPIRED, f"the videos of this job were kept until {clock.rfc3339(until)}")
    return min(settings().link_ttl_s, left_s)


def _to_come(job: Job) -> set[str]:
    return {JobId.of(job.id).generation(n) for n in range(job.variants)}


def _file(generation: Generation, variant: str) -> tuple[str, str, str]:
    """Name the blob, its content type and what a browser saves it as."""
    if variant == "video":
        return generation.blob, generation.content_type, f"{generation.id}.mp4"
    if variant not in blobs.PICTURE_TYPES:
        detail = f"{variant[:32]!r} is not one of video, {', '.join(blobs.PICTURE_TYPES)}"
        pointer = FieldError(pointer="variant", detail=detail)
        raise ProblemError(Code.VALIDATION_FAILED, "the request has invalid values", [pointer])
    file_name = blobs.picture_name(f"{generation.id}.mp4", variant)
    return blobs.picture_name(generation.blob, variant), blobs.PICTURE_TYPES[variant], file_name


def _flag(req: func.HttpRequest, name: str, *, default: str) -> bool:
    text = req.params.get(name, default)
    if text.lower() not in {"true", "false", "1", "0"}:
        pointer = FieldError(pointer=name, detail=f"{text[:32]!r} is not true or false")
        raise ProblemError(Code.VALIDATION_FAILED, "the request has invalid values", [pointer])
    return text.lower() in {"true", "1"}
