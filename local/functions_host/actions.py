"""What an orchestrator function asks the host to do, and what one run of it said; the same for every dialect."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Retry:
    """Constant interval between at most ``attempts`` tries: all that SDK 1.x can say."""

    interval_us: int
    attempts: int


@dataclass(frozen=True, slots=True)
class CallActivity:
    """Run an activity; ``input`` is JSON text."""

    name: str
    input: str | None
    retry: Retry | None = None


@dataclass(frozen=True, slots=True)
class CallChild:
    """Run a sub-orchestration; ``input`` is JSON text, a missing id is derived from execution and task id."""

    name: str
    input: str | None
    instance_id: str | None
    version: str | None = None
    retry: Retry | None = None


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Wake up at ``fire_us``, unless cancelled."""

    fire_us: int
    is_cancelled: bool


@dataclass(frozen=True, slots=True)
class WaitForEvent:
    """Wait for an external event of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class ContinueAsNew:
    """When the code returns, begin again with this input."""

    input: str | None


@dataclass(frozen=True, slots=True)
class CallHttp:
    """Make an HTTP request as a built-in activity; ``request`` is JSON text."""

    request: str


@dataclass(frozen=True, slots=True)
class WhenAll:
    """Finished for the host when every member is, failed ones included."""

    members: tuple["Action", ...]


@dataclass(frozen=True, slots=True)
class WhenAny:
    """Finished for the host when one member is."""

    members: tuple["Action", ...]


Action = CallActivity | CallChild | StartTimer | WaitForEvent | ContinueAsNew | CallHttp | WhenAll | WhenAny


@dataclass(frozen=True, slots=True)
class Said:
    """A run's complete action list since the start of the execution, and how far the code came.

    ``output`` is compact JSON text.
    """

    actions: tuple[Action, ...]
    is_done: bool
    output: str | None = None
    error: str | None = None
    custom_status: Any = None


@dataclass(frozen=True, slots=True)
class Crashed:
    """A run that said nothing: its failure carried no state. ``text`` is what the host then reports."""

    text: str


RunResult = Said | Crashed
