"""Finding what a URL names, among what its caller owns."""

from shared import jobs
from shared.http import ProblemError
from shared.ids import JobId
from shared.jobs import Stored
from shared.models.problem import Code


async def job_of(owner: str, job_id: str) -> Stored:
    """Read a job of an owner; 404 for what is not there, deleted, or someone else's alike. One request."""
    stored = await find_job(owner, job_id)
    if stored is None:
        raise ProblemError(Code.NOT_FOUND, f"there is no job {job_id[:64]!r}")
    return stored


async def find_job(owner: str, job_id: str) -> Stored | None:
    """Read a job of an owner; None for what is not there, deleted, or someone else's alike. One request."""
    parsed = JobId.parse(job_id)
    stored = await jobs.read(owner, parsed) if parsed else None
    return None if stored is None or stored.job.deleted_at else stored
