"""What the API says about jobs, as pydantic models. A field the server adds is kept, never refused; no I/O here."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from client.errors import Problem

JobState = Literal["queued", "running", "storing", "succeeded", "failed", "cancelled"]

FINAL_STATES = frozenset[str]({"succeeded", "failed", "cancelled"})


class _FromServer(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class QueuePlace(_FromServer):
    """Where a queued job stands in its pool: the first one has position 1 and nobody ahead."""

    position: int
    ahead: int | None = None


class Eta(_FromServer):
    """When the job is expected to end, and between which times it probably does."""

    at: datetime | None = None
    earliest: datetime | None = None
    latest: datetime | None = None


class Cost(_FromServer):
    """What the job costs in US dollars; None where the price is unknown. `state` says how final that is."""

    usd: Decimal | None = None
    state: str | None = None


class Generation(_FromServer):
    """One produced video of a job."""

    id: str
    content_type: str | None = None
    bytes: int | None = None
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    has_audio: bool | None = None
    links: dict[str, str] = {}


class Job(_FromServer):
    """One prompt with one set of parameters, and how far it has come. `state` is a `JobState`, or one added later."""

    id: str
    state: str
    prompt: str | None = None
    model: str | None = None
    size: str | None = None
    seconds: float | None = None
    variants: int = 1
    progress: float | None = None
    queue: QueuePlace | None = None
    eta: Eta | None = None
    overdue: bool = False
    generations: tuple[Generation, ...] = ()
    cost: Cost | None = None
    problem: Problem | None = None
    parent_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    finished_at: datetime | None = None
    links: dict[str, str] = {}

    @property
    def is_final(self) -> bool:
        """Whether the job has ended, for good or ill; a final state never changes."""
        return self.state in FINAL_STATES


class JobPage(_FromServer):
    """One page of jobs, newest first; `next_cursor` is None on the last one."""

    jobs: tuple[Job, ...]
    next_cursor: str | None = None


class TimelineEvent(_FromServer):
    """One line of a job's flight record: what happened, when, and what is known about it."""

    name: str
    at: datetime
    kind: str
    data: dict[str, Any] = {}


class Timeline(_FromServer):
    """The flight record of a job, oldest first."""

    job_id: str
    events: tuple[TimelineEvent, ...] = ()


class Quote(_FromServer):
    """What a job would cost in US dollars; None where the price is unknown."""

    model: str
    size: str
    seconds: int
    variants: int
    lane: str
    usd: Decimal | None = None
    price_source: str = ""


class Deleted(_FromServer):
    """How many failed jobs one call deleted, and whether there are more."""

    deleted: int
    more: bool = False


class LaneState(_FromServer):
    """One lane: its limits, what it is doing, and what an operator should know."""

    id: str
    model: str
    is_paused: bool = False
    is_retired: bool = False
    cooling_until: datetime | None = None
    attention: str | None = None
    in_flight: int = 0
    max_in_flight: int = 0
    creates_last_minute: int = 0
    creates_per_minute: int = 0
    retired_on: date | None = None
    renders_s: dict[str, tuple[float, ...]] = {}


class PoolState(_FromServer):
    """One model: how many jobs wait for it, and its lanes."""

    model: str
    waiting: int = 0
    lanes: tuple[LaneState, ...] = ()


class LaneList(_FromServer):
    """Every model's lanes."""

    models: tuple[PoolState, ...] = ()


class ContentLink(_FromServer):
    """A short-lived link to the bytes of one generation."""

    url: str
    expires_at: datetime
    content_type: str | None = None
    bytes: int | None = None
    file_name: str | None = None


class Fault(_FromServer):
    """A setting that is missing or wrong, and what to do about it."""

    setting: str
    message: str


class StorageStatus(_FromServer):
    """Whether the lab reaches its storage; else what it heard instead."""

    reachable: bool
    detail: str | None = None


class Offer(_FromServer):
    """Sizes and durations that go together."""

    sizes: tuple[str, ...] = ()
    seconds: tuple[int, ...] = ()


class LaneStatus(_FromServer):
    """One deployment of a model."""

    name: str
    max_in_flight: int | None = None
    usd_per_second: Decimal | None = None
    warning: str | None = None


class ModelStatus(_FromServer):
    """One model that can be asked for."""

    model: str
    offers: tuple[Offer, ...] = ()
    lanes: tuple[LaneStatus, ...] = ()


class MetricSeries(_FromServer):
    """One metric under one set of labels, since the lab's process began."""

    name: str
    unit: str = ""
    kind: str = "counter"
    labels: dict[str, str] = Field(default_factory=dict[str, str])
    count: int = 0
    total: float = 0.0
    most: float = 0.0


class LabMetrics(_FromServer):
    """What a lab's process counted since it began."""

    metrics: tuple[MetricSeries, ...] = ()


class LabStatus(_FromServer):
    """How a lab is set up, and what is missing."""

    version: str | None = None
    ready: bool
    faults: tuple[Fault, ...] = ()
    storage: StorageStatus | None = None
    models: tuple[ModelStatus, ...] = ()
