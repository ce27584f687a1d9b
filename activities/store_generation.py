"""Copy one finished video from the provider into Blob Storage, and write down only what probes as a video."""

import asyncio
from io import BufferedReader

import azure.durable_functions as df

from activities.payload import Payload
from shared import blobs, clock, disposal, job_telemetry, jobs, media, rates
from shared.blobs import BlobReader, Copied, Differs, Incomplete
from shared.ids import JobId
from shared.jobs import Event
from shared.models.job import Generation, Job, JobRef
from shared.providers.choose import provider
from shared.providers.port import NoAnswer
from shared.providers.transport import NeverSentError, NoReplyError

bp = df.Blueprint()

_CONTENT_TYPE = "video/mp4"


@bp.activity_trigger(input_name="payload")
async def store_generation(payload: Payload) -> Payload:
    """Answer stored (with the generation) or again (with the detail). A video that is there already is only probed."""
    ref = JobRef.model_validate(payload)
    n, source = int(payload["n"]), str(payload["source"])
    stored = await jobs.read(ref.owner, JobId.of(ref.job_id))
    if stored is None or stored.job.lane is None:
        return {"kind": "gone", "detail": "the job is not there any more"}
    name = blobs.video_name(ref.job_id, stored.job.created_at, n)
    copied_s = None
    if await blobs.blob_length(name) is None:
        copied_s = await _copy(stored.job, source, name)
        if isinstance(copied_s, str):
            return await _again(stored.job, n, copied_s)
        if copied_s is not None and await disposal.is_due(ref):
            await blobs.remove(name)
            return {"kind": "gone", "detail": "the job was deleted while its video was copied"}
    return await _probed(stored.job, n, name, copied_s)


async def _again(job: Job, n: int, detail: str) -> Payload:
    """Have the copy made again, and tell of it; a fault has no step of its own, so its line is named by its time."""
    now = clock.now()
    await jobs.tell(
        job, Event(f"copy-{n}-again-{int(now.timestamp())}", "copy_failed", {"n": n, "detail": detail}), now
    )
    return {"kind": "again", "detail": detail}


async def _copy(job: Job, source: str, name: str) -> float | str | None:
    """Copy the video: the seconds it took, None when another copy was there first, else what went wrong."""
    try:
        lane = rates.lane_of(job.model, job.lane or "")
        began_at = clock.now()
        async with provider(lane).content(source) as content:
            if isinstance(content, NoAnswer):
                return content.detail
            copied = await blobs.copy_stream(
                content.chunks, name, content_type=_CONTENT_TYPE, expected_bytes=content.length
            )
    except (NeverSentError, NoReplyError) as error:
        return str(error)
    match copied:
        case Copied(already_there=True):
            return None
        case Copied(bytes=received):
            copied_s = (clock.now() - began_at).total_seconds()
            job_telemetry.copied(job, received, copied_s)
            return copied_s
        case Differs():
            return None  # another copy is there, and probing decides
        case Incomplete(received_bytes=received, expected_bytes=expected):
            return f"the content ended after {received} of {expected or 'unknown'} bytes"


async def _probed(job: Job, n: int, name: str, copied_s: float | None) -> Payload:
    probe, blob = await asyncio.to_thread(_probe, name)
    if isinstance(probe, media.NotAVideo):
        await blobs.set_aside(name, etag=blob.etag)
        return await _again(job, n, f"what the provider sent is no video: {probe.reason}")
    generation = Generation(
        id=JobId.of(job.id).generation(n),
        blob=name,
        content_type=_CONTENT_TYPE,
        bytes=blob.bytes,
        seconds=probe.seconds,
        width=probe.width,
        height=probe.height,
        has_audio=probe.has_audio,
        copied_s=copied_s,
    )
    return {"kind": "stored", "generation": generation.model_dump(mode="json")}


def _probe(name: str) -> tuple[media.Probe | media.NotAVideo, BlobReader]:
    """Probe the blob as it is now, and name that version: another copy may replace it meanwhile."""
    blob = BlobReader(name)
    with BufferedReader(blob) as reader:
        return media.probe(reader), blob
