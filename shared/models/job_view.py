"""A job as clients see it. Fields may be added, never renamed."""

from datetime import datetime

from pydantic import BaseModel, field_serializer

from shared import clock
from shared.models.job import Cost, Generation, Job, JobState, Live, TimelineEvent
from shared.models.problem import JobProblem
from shared.polling import Prediction, moment


class Queue(BaseModel):
    """Place in the queue, 1 being the next, and how many start before it, as things stand."""

    position: int
    ahead: int


class Eta(BaseModel):
    """When the render is expected to be done, with an 80 % band; of a job that waits, as the queue stands."""

    at: datetime
    earliest: datetime
    latest: datetime

    @field_serializer("at", "earliest", "latest")
    def _time(self, value: datetime) -> str:
        return clock.rfc3339(value)


class GenerationView(BaseModel):
    """One video, with the address that leads to it."""

    id: str
    content_type: str
    bytes: int
    seconds: float
    width: int
    height: int
    has_audio: bool
    links: dict[str, str]


class JobView(BaseModel):
    """The job's document."""

    id: str
    state: JobState
    prompt: str
    model: str
    size: str
    seconds: int
    variants: int
    priority: str
    metadata: dict[str, str]
    progress: int | None
    queue: Queue | None
    eta: Eta | None
    overdue: bool
    cancel_requested: bool
    attention: str | None
    generations: list[GenerationView]
    cost: Cost
    problem: JobProblem | None
    parent_id: str | None
    created_at: datetime
    updated_at: datetime
    deadline_at: datetime
    finished_at: datetime | None
    links: dict[str, str]

    @field_serializer("created_at", "updated_at", "deadline_at", "finished_at")
    def _time(self, value: datetime | None) -> str | None:
        return clock.rfc3339(value) if value else None


class JobList(BaseModel):
    """One page of jobs, newest first."""

    jobs: list[JobView]
    next_cursor: str | None
    links: dict[str, str]


class ContentLink(BaseModel):
    """A short-lived address of one file."""

    url: str
    expires_at: datetime
    content_type: str
    bytes: int
    file_name: str

    @field_serializer("expires_at")
    def _time(self, value: datetime) -> str:
        return clock.rfc3339(value)


def eta_in(expected: Prediction, now: datetime) -> Eta:
    """Say as times what a prediction says in seconds from now."""
    return Eta(
        at=moment(now, expected.remaining_s),
        earliest=moment(now, expected.earliest_s),
        latest=moment(now, expected.latest_s),
    )


def view(job: Job, live: Live, base: str, queue: Queue | None = None, eta: Eta | None = None) -> JobView:
    """Show a job; `base` is the address of the API, up to its prefix. `queue` and `eta` are of a job that waits."""
    home = f"{base}/videos/jobs/{job.id}"
    running = job.state == JobState.RUNNING
    cancel = {} if job.state.is_final else {"cancel": f"{home}/cancel"}
    return JobView(
        **job.model_dump(include=_SAME),
        progress=_progress(job, live),
        queue=queue,
        eta=_eta(live) if running else eta,
        overdue=running and live.overdue,
        attention=live.attention if running else None,
        generations=[_generation(one, base) for one in job.generations],
        cost=Cost(usd=job.cost_usd, state=job.cost_state),
        links={"self": home, "timeline": f"{home}/timeline"} | cancel,
    )


_SAME = set(JobView.model_fields) & set(Job.model_fields) - {"generations"}


def _progress(job: Job, live: Live) -> int | None:
    match job.state:
        case JobState.QUEUED:
            return 0
        case JobState.STORING | JobState.SUCCEEDED:
            return 100
        case _:
            return live.progress


def _eta(live: Live) -> Eta | None:
    if live.eta_at is None or live.eta_earliest is None or live.eta_latest is None:
        return None
    return Eta(at=live.eta_at, earliest=live.eta_earliest, latest=live.eta_latest)


def _generation(one: Generation, base: str) -> GenerationView:
    content = f"{base}/videos/generations/{one.id}/content"
    pictures = {kind: f"{content}?variant={kind}" for kind in one.pictures}
    return GenerationView(
        **one.model_dump(include=set(GenerationView.model_fields) - {"links"}), links={"content": content} | pictures
    )


class Timeline(BaseModel):
    """The flight record of a job, oldest first."""

    job_id: str
    events: list[TimelineEvent]


class Deleted(BaseModel):
    """How many jobs were deleted, and whether there are more."""

    deleted: int
    more: bool
