"""Getting rid of a deleted job once nothing is at work for it: its videos where that was asked, then its rows."""

from shared import blobs, jobs
from shared.blobs import PictureKind
from shared.models.job import Job

_PICTURES: tuple[PictureKind, ...] = ("poster", "sprite", "gif")


async def dispose(job: Job) -> None:
    """Remove what a deleted job leaves behind. Cut anywhere, it is repeated; the job's own row goes last."""
    if job.deletes_assets:
        for generation in job.generations:
            for kind in _PICTURES:
                await blobs.remove(blobs.picture_name(generation.blob, kind))
            await blobs.remove(generation.blob)
    await jobs.purge(job)
