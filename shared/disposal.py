"""Getting rid of a deleted job once nothing is at work for it: its videos where that was asked, then its rows."""

from shared import blobs, jobs
from shared.models.job import Job


async def dispose(job: Job) -> None:
    """Remove what a deleted job leaves behind. Cut anywhere, it is repeated; the job's own row goes last."""
    if job.deletes_assets:
        await blobs.remove_all(job.id, job.created_at)
    await jobs.purge(job)
