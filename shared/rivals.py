"""Who else may own a render that nobody has claimed: every admitted job of the same account whose own create is not
accounted for. Knows pools, jobs and attempts; decides nothing.
"""

from shared import attempts, jobs, pools
from shared.config import configuration
from shared.ids import JobId
from shared.lanes import Lane
from shared.models.job import Job
from shared.pool_rows import Member

_UNACCOUNTED = {None, "absent", "unclear"}  # attempts whose render may be there, or may still surface


async def has_rival(job: Job, lane: Lane) -> bool:
    """Tell whether a job besides this one may own an unclaimed render of the lane's account, seen before this call.

    One range of each pool on that account, and two requests for each of its admitted jobs: asked after a lost reply.
    """
    for pool in configuration().pools.values():
        there = {one.name for one in pool.lanes if one.base_url == lane.base_url}
        running = (await pools.snapshot(pool.model)).running if there else {}
        for ulid, member in running.items():
            if ulid != job.ulid and member.row.lane in there and await _may_own(ulid, member):
                return True
    return False


async def _may_own(ulid: str, member: Member) -> bool:
    stored = await jobs.read(member.row.owner, JobId(ulid))
    return stored is None or any(one.attempt.concluded in _UNACCOUNTED for one in await attempts.read(stored.job))
