"""A render and what it is at any moment: every answer follows from the plan made at its creation and the time.

So a restart changes nothing, and time can be moved at will. It knows no request, no file and no wire format.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from local.azure_openai.models import Dialect


class Phase(StrEnum):
    """The steps of a render, in the emulator's own words; each dialect has its own for them."""

    QUEUED = "queued"
    PREPARING = "preparing"
    RENDERING = "rendering"
    FINISHING = "finishing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"

    @property
    def is_final(self) -> bool:
        """Whether the render has ended."""
        return self in (Phase.SUCCEEDED, Phase.FAILED, Phase.EXPIRED)


class Failure(StrEnum):
    """Why a render failed."""

    INPUT_MODERATION = "input_moderation"
    OUTPUT_MODERATION = "output_moderation"
    UNSUPPORTED_SIZE = "unsupported_size"
    INTERNAL = "internal_error"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Stage:
    """One phase of a plan: when it ends, counted from the creation, and the progress reached by then."""

    phase: Phase
    until_s: float
    progress: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The life a render will have."""

    stages: tuple[Stage, ...]
    failure: Failure | None = None

    @property
    def duration_s(self) -> float:
        """From creation to the end."""
        return self.stages[-1].until_s


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for, whichever dialect it was asked in."""

    dialect: Dialect
    deployment: str
    prompt: str
    width: int
    height: int
    seconds: int
    variants: int = 1
    opening: str | None = None
    """Name of the stored picture the film begins with."""
    remixed_from: str | None = None
    inpaint_items: tuple[dict[str, Any], ...] | None = None

    @property
    def size(self) -> str:
        """As `{width}x{height}`."""
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a render is kept, and from when on that counts (azure-openai.md H 15)."""

    seconds: float
    begins_at_end: bool


@dataclass(frozen=True, slots=True)
class Render:
    """One accepted create, as it is stored."""

    id: str
    number: int
    """Counts up with every render: the order of creation."""
    order: Order
    model: str
    created_at: float
    plan: Plan
    generation_ids: tuple[str, ...]
    """One for each film the plan ends with."""
    films_ready_at: float | None = None
    deleted_at: float | None = None
    vanishes_at: float | None = None
    """From then on nobody is told of it, although it is not deleted: a fault."""
    kept_until: float | None = None
    """Instead of what the service's retention says: a fault."""
    is_foreign: bool = False
    """Whether another client of the resource had it made."""

    def with_failure(self, failure: Failure, at: float) -> "Render":
        """The render as one that fails at that time, instead of what was planned."""
        *earlier, last = self.plan.stages
        last = replace(last, until_s=max(last.until_s, at - self.created_at))
        return replace(self, plan=Plan((*earlier, last), failure))


@dataclass(frozen=True, slots=True)
class Look:
    """What a render is at one moment."""

    phase: Phase
    progress: int


def look(render: Render, now: float) -> Look:
    """Return phase and progress (0..100, never falling). A film that is not drawn yet holds the last phase open."""
    elapsed_s = now - render.created_at
    begun_s, reached = 0.0, 0
    for stage in render.plan.stages:
        if elapsed_s < stage.until_s:
            share = max(0.0, elapsed_s - begun_s) / (stage.until_s - begun_s)
            return Look(stage.phase, reached + int(share * (stage.progress - reached)))
        begun_s, reached = stage.until_s, stage.progress
    ended_at = finished_at(render)
    if ended_at is None or now < ended_at:
        return Look(render.plan.stages[-1].phase, reached)
    return Look(Phase.FAILED, reached) if render.plan.failure else Look(Phase.SUCCEEDED, 100)


def finished_at(render: Render) -> float | None:
    """When the render ends, also in the future; None while that depends on a film that is still being drawn."""
    planned = render.created_at + render.plan.duration_s
    if render.plan.failure:
        return planned
    return None if render.films_ready_at is None else max(planned, render.films_ready_at)


def expires_at(render: Render, retention: Retention) -> float | None:
    """When the render and its films are removed; None while that is not known yet."""
    if render.kept_until is not None:
        return render.kept_until
    begins_at = finished_at(render) if retention.begins_at_end else render.created_at
    return None if begins_at is None else begins_at + retention.seconds


def is_expired(render: Render, retention: Retention, now: float) -> bool:
    """Whether the time of keeping it is over."""
    until = expires_at(render, retention)
    return until is not None and now >= until


def leaves_flight_at(render: Render, retention: Retention) -> float:
    """When it stops counting against the cap: at its end, or when it is removed before that. May be infinite."""
    ends = (finished_at(render), expires_at(render, retention), render.deleted_at)
    return min((end for end in ends if end is not None), default=float("inf"))
