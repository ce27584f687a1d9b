"""The seam between neutral history and what one SDK generation speaks.

A second SDK protocol is another class of this shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from local.functions_host.actions import RunResult
from local.functions_host.history import Event
from local.functions_host.invoker import InvocationError


@dataclass(frozen=True, slots=True)
class Step:
    """One run of an orchestrator function: its history so far, and what came in since. ``input`` is JSON text."""

    instance_id: str
    parent_instance_id: str | None
    input: str | None
    past: Sequence[Event]
    new: Sequence[Event]


class Dialect(Protocol):
    """Turns a step into what the orchestrator function is given, and what it returned or raised into actions."""

    def payload(self, step: Step) -> str:
        """The text handed to the orchestrator function."""
        ...

    def read(self, returned: str) -> RunResult:
        """What a returned text says."""
        ...

    def read_failure(self, failure: InvocationError) -> RunResult:
        """What a raised exception says; some carry the state of the run."""
        ...
