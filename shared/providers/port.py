"""What the lab asks of a video provider, and the ends that are expected of each question. Knows no HTTP, no settings.

Every answer is a value: what nobody planned is the only exception that leaves a dialect.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from shared.models.job import Job
from shared.models.problem import Code


@dataclass(frozen=True)
class Order:
    """What is bought: `size` is `WIDTHxHEIGHT`, `seconds` whole seconds of each of `variants` videos."""

    prompt: str
    size: str
    seconds: int
    variants: int = 1


@dataclass(frozen=True)
class Submitted:
    """The provider took the order; `at` is its clock's time where it said one."""

    render_id: str


@dataclass(frozen=True)
class Refused:
    """The provider said no, for good; nothing was bought."""

    code: Code
    detail: str


@dataclass(frozen=True)
class Busy:
    """The provider said not now (429); nothing was bought."""

    wait_s: float
    detail: str


@dataclass(frozen=True)
class NotSent:
    """The request never left: nothing was bought."""

    detail: str


@dataclass(frozen=True)
class Lost:
    """The provider may have taken the order. `server_error` is the status of a plain 5xx answer."""

    detail: str
    server_error: int | None = None


CreateEnd = Submitted | Refused | Busy | NotSent | Lost

RenderState = Literal["waiting", "rendering", "succeeded", "failed", "unknown"]


@dataclass(frozen=True)
class Render:
    """A render as the provider shows it. `sources` are what `content` takes, one for each finished video, also where
    the state is a word that nobody knows.
    """

    id: str
    state: RenderState
    provider_state: str
    prompt: str | None
    size: str | None
    seconds: int | None
    created_at: datetime | None
    variants: int | None = None
    progress: int | None = None
    sources: tuple[str, ...] = ()
    completed_at: datetime | None = None
    expires_at: datetime | None = None
    failure: Refused | None = None
    hint_s: float | None = None

    def fits(self, job: Job) -> bool:
        """Tell whether it may be what a job asks for, its prompt aside; what is not told contradicts nothing."""
        told = (self.size, job.size), (self.seconds, job.seconds), (self.variants, job.variants)
        return all(mine in {asked, None} for mine, asked in told)


@dataclass(frozen=True)
class Missing:
    """The provider does not know the render (any more)."""


@dataclass(frozen=True)
class NoAnswer:
    """Nothing was learnt. `attention` says what an operator has to do something about (401, 403)."""

    detail: str
    hint_s: float | None = None
    attention: Code | None = None


LookEnd = Render | Missing | NoAnswer


@dataclass(frozen=True)
class Listing:
    """All renders since a moment, and the provider's clock less ours; an incomplete listing is a NoAnswer instead."""

    renders: tuple[Render, ...]


@dataclass(frozen=True)
class Content:
    """A finished video's bytes, and their number where the provider said it."""

    chunks: AsyncIterator[bytes]
    length: int | None


class VideoProvider(Protocol):
    """One lane's provider, speaking one dialect."""

    async def create(self, order: Order) -> CreateEnd:
        """Send one order, once, with no automatic retry anywhere."""
        ...

    async def look(self, render_id: str) -> LookEnd:
        """Ask how a render is getting on."""
        ...

    async def list_since(self, since: datetime) -> Listing | NoAnswer:
        """List every render made since a moment of our clock, all pages; the moment is put on the provider's clock."""
        ...

    def content(self, source: str) -> AbstractAsyncContextManager[Content | NoAnswer]:
        """Open a finished video for streaming."""
        ...
