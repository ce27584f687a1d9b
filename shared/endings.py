"""How a job ends without a video, whoever ends it: state, money and problem agree here. Pure."""

from datetime import datetime

from shared.models.job import Job, JobState
from shared.models.problem import Code, Money, job_problem


def without_video(job: Job, at: datetime, code: Code, detail: str, *, money: Money) -> Job:
    """End a job: what was reserved is settled when the render was paid for, and released otherwise.

    A job that took a render over has nothing reserved: it is settled from its beginning.
    """
    is_settled = money == "spent" or job.cost_state == "settled"
    return job.changed(
        at,
        state=JobState.CANCELLED if code == Code.CANCELLED else JobState.FAILED,
        cost_state="settled" if is_settled else "released",
        problem=job_problem(code, detail, money=money),
    )
