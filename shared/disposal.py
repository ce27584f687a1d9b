"""Getting rid of a deleted job once nothing is at work for it: its videos where that was asked, then its rows."""

from shared import blobs, jobs
from shared.ids import JobId
from shared.models.job import Job, JobRef


async def dispose(job: Job) -> None:
    """Remove what a deleted job leaves behind. Cut anywhere, it is repeated; the job's own row goes last."""
    if job.deletes_assets:
        await blobs.remove_all(job.id, job.created_at)
    await jobs.purge(job)


async def is_due(ref: JobRef) -> bool:
    """Tell whether a job's blobs are to go, or went, so that a late delivery takes back what it wrote. One request, two
    where the job is gone.

    Whoever disposed of the job did not see what was written after. Of a job that was deleted without its videos nothing
    is taken back: another delivery may have stored the same blob.
    """
    job_id = JobId.of(ref.job_id)
    if stored := await jobs.read(ref.owner, job_id):
        return stored.job.deletes_assets and stored.job.state.is_final
    mark = await jobs.purged(ref.owner, job_id)
    return mark is not None and mark.deletes_assets
