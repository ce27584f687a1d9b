"""The seam between the host and whatever calls the app's functions.

Knows what a function is to the host; not how one is loaded or run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class InvocationError(Exception):
    """A function did not end well. ``reason`` stands in an activity's failure, ``report`` in an orchestrator's."""

    def __init__(self, reason: str, *, report: str, message: str, stack: str = "") -> None:
        super().__init__(reason.strip())
        self.reason = reason
        self.report = report
        self.message = message
        self.stack = stack


class UserCodeError(InvocationError):
    """The function raised; the texts are the worker's (functions-host.md, 4.2)."""

    def __init__(self, type_name: str, message: str, stack: str) -> None:
        text = f"{type_name}: {message}"
        report = f"Result: Failure\nException: {text}\nStack: {stack}"
        super().__init__(f" {text}", report=report, message=message, stack=stack)


class WorkerExitError(InvocationError):
    """The function tried to end its process.

    On the real host that kills the worker and everything in flight (measured, 9).
    """

    def __init__(self, executable: str, code: int) -> None:
        text = f"{executable} exited with code {code} ({code:#x})"
        super().__init__(text, report=text, message=text)
        self.code = code


class FunctionTimeoutError(InvocationError):
    """The function ran longer than functionTimeout."""

    def __init__(self, name: str, limit: str) -> None:
        text = f"Timeout value of {limit} was exceeded by function: Functions.{name}"
        super().__init__(text, report=text, message=text)


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the app, as its bindings describe it. ``bindings`` are the JSON objects of its function.json."""

    name: str
    trigger_type: str
    trigger: Mapping[str, Any]
    bindings: Sequence[Mapping[str, Any]]
    script_file: str
    is_disabled: bool = False
    not_served: str = ""

    @property
    def is_callable(self) -> bool:
        """Whether this host ever calls it: not switched off, and with no binding that is not served here."""
        return not self.is_disabled and not self.not_served

    @property
    def durable_client(self) -> str | None:
        """The parameter that takes the durable client, if there is one."""
        return next((str(b["name"]) for b in self.bindings if b["type"] == "durableClient"), None)


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A request as a function sees it."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    route_params: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A function's answer."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Extras:
    """What accompanies a trigger: the durable client's JSON, for functions that have one, the caller's trace, and what
    the trigger knows of its event (of a queue message: id, dequeue count, times).
    """

    durable_client: str = ""
    trace_parent: str = ""
    trace_state: str = ""
    metadata: Mapping[str, str | int] = field(default_factory=dict[str, str | int])


class Invoker(Protocol):
    """Loads an app once and calls its functions. Every call raises InvocationError when the function fails."""

    def load(self) -> Sequence[Function]:
        """Import and check the app; raises AppError with one clear sentence when it cannot be served."""
        ...

    async def http(self, name: str, call: HttpCall, extras: Extras) -> HttpReply:
        """Call an HTTP function."""
        ...

    async def activity(self, name: str, payload: str | None, extras: Extras) -> str:
        """Call an activity with JSON text; gives JSON text."""
        ...

    async def orchestrator(self, name: str, payload: str, extras: Extras) -> str:
        """Run one step of an orchestrator function with the dialect's text; gives the dialect's text."""
        ...

    async def timer(self, name: str, payload: str, extras: Extras) -> None:
        """Call a timer function with the JSON text of its schedule."""
        ...

    async def queue(self, name: str, body: str, extras: Extras) -> None:
        """Call a queue function with the decoded body of a message; ``extras.metadata`` tells of the message."""
        ...

    def close(self) -> None:
        """Let go of threads and loops; running functions are abandoned."""
        ...


class AppError(Exception):
    """The app cannot be served; the text says why and what to do."""
