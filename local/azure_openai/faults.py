"""The script of a fault: which calls it is for, how often, and what happens to them; also as a tag of a prompt.

It decides nothing about a request by itself, and knows neither URL nor socket. A tag is one fault for its own prompt:
`[call:effect,option=value,…]`, as in `[create:lost,seconds=20]`, `[create:429,retry_after_s=2,retry_after=date]` or
`[status:404,skip=1,times=3]`. A number is the effect `answer` with that status, `html` an HTML page with 200.
"""

import re
from enum import StrEnum
from random import Random
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

_TAG = re.compile(r"\[(create|status|content|delete):([a-z0-9_]+)((?:,[a-z_]+=[^\[\],=]+)*)\]")
_MOST_WAIT_S = 86_400.0


class Call(StrEnum):
    """The calls of both dialects."""

    CREATE = "create"
    STATUS = "status"
    LIST = "list"
    CONTENT = "content"
    DELETE = "delete"


class Effect(StrEnum):
    """What can happen to a call (azure-openai.md H 21-25)."""

    RESET = "reset"
    """The connection is reset before the request arrives."""
    LOST = "lost"
    """The request is carried out and the connection closed without a reply; a create is accepted `seconds` later."""
    SLOW = "slow"
    """Everything happens `seconds` later."""
    ANSWER = "answer"
    """Something else is answered, with `status` and `body`; the request arrives only where `arrives` says so."""
    CUT = "cut"
    """The body ends after `bytes`, or half-way, although its header promised all of it."""
    SHORT = "short"
    """The body is only `bytes` long, or half of it, and its header agrees."""
    IGNORE_RANGE = "ignore_range"
    """A Range is answered with 200 and everything."""
    STATE = "state"
    """The render is shown in a state called `word`, which no contract has."""
    PROGRESS = "progress"
    """A render in progress shows `progress`, or jumps to and fro where none is given."""
    HINT = "hint"
    """The reply asks to be looked at again in `seconds`, with `openai-poll-after-ms`."""
    VANISH = "vanish"
    """In `seconds` nobody knows the render any more: neither status nor list nor content."""
    EXPIRE = "expire"
    """The render is kept only until `seconds` from now, and says so."""


class RetryAfter(StrEnum):
    """How a reply says when to try again."""

    SECONDS = "seconds"
    DATE = "date"
    MS = "ms"
    X_MS = "x_ms"


class Body(StrEnum):
    """What an answer that takes the place of another one holds."""

    JSON = "json"
    UNWRAPPED = "unwrapped"
    HTML = "html"
    EMPTY = "empty"


_OF_RENDERS = {Effect.STATE, Effect.PROGRESS, Effect.HINT}
_ALLOWED = {
    Effect.IGNORE_RANGE: {Call.CONTENT},
    Effect.VANISH: {Call.CREATE, Call.STATUS},
    Effect.EXPIRE: {Call.CREATE, Call.STATUS},
} | {effect: {Call.STATUS, Call.LIST} for effect in _OF_RENDERS}


class Fault(BaseModel):
    """One fault. What is None matches everything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    call: Call | None = None
    effect: Effect
    deployment: str | None = None
    prompt: str | None = Field(None, description="part of the render's prompt")
    render: str | None = Field(None, description="id of the render")

    skip: int = Field(0, ge=0, description="so many matching calls are spared first")
    times: int | None = Field(1, ge=1, description="so many calls are hit; null: all")
    for_s: float | None = Field(None, gt=0, description="only so long after the first matching call")
    probability: float = Field(1.0, gt=0, le=1)
    seed: int = 0

    status: int = Field(503, ge=200, le=599)
    body: Body = Body.JSON
    message: str | None = None
    arrives: bool = False
    retry_after_s: float | None = Field(None, ge=0, le=_MOST_WAIT_S)
    retry_after: RetryAfter = RetryAfter.SECONDS
    should_retry: bool | None = Field(None, description="sent as x-should-retry")
    seconds: float = Field(0.0, ge=0, le=_MOST_WAIT_S)
    bytes: int | None = Field(None, ge=0)
    word: str = "under_review"
    progress: int | None = Field(None, ge=0, le=100)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse an effect that its call cannot have."""
        allowed = _ALLOWED.get(self.effect)
        if allowed is not None and self.call not in allowed:
            raise ValueError(f"{self.effect} is for the calls {', '.join(sorted(allowed))}")
        return self

    def chance(self, nth: int) -> Random:
        """Return the luck of the nth matching call: the same for the same seed, whenever it is asked."""
        return Random(f"{self.seed}:{nth}")  # noqa: S311 -- a script that repeats, not a secret


def tagged(prompt: str) -> dict[str, Fault]:
    """Return the faults that a prompt asks for, by their tags. A tag that is no valid fault is part of the prompt."""
    return {tag[0]: fault for tag in _TAG.finditer(prompt) if (fault := _fault(*tag.groups()))}


def _fault(call: str, effect: str, options: str) -> Fault | None:
    given: dict[str, Any] = dict(option.split("=") for option in options.split(",")[1:])
    if given.get("times") == "all":
        given["times"] = None
    if effect == "html":
        given |= {"effect": Effect.ANSWER, "status": 200, "body": Body.HTML}
    elif effect.isdigit():
        given |= {"effect": Effect.ANSWER, "status": effect}
    else:
        given["effect"] = effect
    try:
        return Fault.model_validate({**given, "call": call})
    except ValidationError:
        return None
