"""What can happen to an orchestration, as neutral events: no dialect of any SDK, no storage.

Stored as a kind and its fields.
"""

import json
from dataclasses import dataclass, fields
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Parent:
    """Who waits for a child: the parent's instance, execution and the id of the waiting task."""

    name: str
    instance_id: str
    execution_id: str
    task_id: int


class Trace(NamedTuple):
    """The trace of whoever started an instance: W3C's traceparent and tracestate, empty where there is none."""

    parent: str = ""
    state: str = ""


NO_TRACE = Trace()


@dataclass(frozen=True, slots=True)
class StepStarted:
    """One run of the orchestrator function begins; the newest of these is the orchestrator's clock."""

    at_us: int


@dataclass(frozen=True, slots=True)
class StepCompleted:
    """One run of the orchestrator function was committed.

    ``is_played`` only where continue_as_new put it in front of a run.
    """

    at_us: int
    is_played: bool = False


@dataclass(frozen=True, slots=True)
class ExecutionStarted:
    """The first message of an execution.

    ``input`` is JSON text; ``generation`` counts reuses of the id (None: child, continued). Children and later
    generations have the trace of the first.
    """

    at_us: int
    name: str
    input: str | None
    execution_id: str
    generation: int | None
    parent: Parent | None
    version: str | None = None
    trace: Trace = NO_TRACE


@dataclass(frozen=True, slots=True)
class TaskScheduled:
    """An activity was handed out under ``task_id``."""

    at_us: int
    task_id: int
    name: str


@dataclass(frozen=True, slots=True)
class TaskCompleted:
    """An activity ended well; ``result`` is compact JSON text, None for null."""

    at_us: int
    task_id: int
    result: str | None


@dataclass(frozen=True, slots=True)
class TaskFailed:
    """An activity ended in an exception."""

    at_us: int
    task_id: int
    reason: str
    details: str


@dataclass(frozen=True, slots=True)
class ChildCreated:
    """A sub-orchestration was started under ``task_id``."""

    at_us: int
    task_id: int
    name: str
    instance_id: str


@dataclass(frozen=True, slots=True)
class ChildCompleted:
    """A sub-orchestration ended well."""

    at_us: int
    task_id: int
    result: str | None


@dataclass(frozen=True, slots=True)
class ChildFailed:
    """A sub-orchestration failed or was terminated."""

    at_us: int
    task_id: int
    reason: str
    details: str


@dataclass(frozen=True, slots=True)
class TimerCreated:
    """A timer was set under ``task_id``."""

    at_us: int
    task_id: int
    fire_us: int


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer fell due. ``at_us`` is the time of its creation, as on the real host (functions-host-measured.md, 4)."""

    at_us: int
    task_id: int
    fire_us: int


@dataclass(frozen=True, slots=True)
class EventRaised:
    """An external event; ``input`` is compact JSON text."""

    at_us: int
    name: str
    input: str | None


@dataclass(frozen=True, slots=True)
class ExecutionSuspended:
    """From here on inbound events are parked."""

    at_us: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class ExecutionResumed:
    """Parked events are handed on."""

    at_us: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class ExecutionTerminated:
    """Someone ended the execution from outside."""

    at_us: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class GenericEvent:
    """Says nothing to a replay: the reason of a rewind, or what a rewind left of a dead event and its ``event_id``."""

    at_us: int
    data: str | None
    event_id: int = -1


@dataclass(frozen=True, slots=True)
class ExecutionCompleted:
    """The last event: final status and its JSON result, or plain text where ``status`` is not Completed."""

    at_us: int
    status: str
    result: str | None


Inbound = (
    ExecutionStarted
    | TaskCompleted
    | TaskFailed
    | ChildCompleted
    | ChildFailed
    | TimerFired
    | EventRaised
    | ExecutionSuspended
    | ExecutionResumed
    | ExecutionTerminated
    | GenericEvent
)
Outbound = TaskScheduled | ChildCreated | TimerCreated
Event = StepStarted | StepCompleted | Inbound | Outbound | ExecutionCompleted

_KINDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        *(StepStarted, StepCompleted, ExecutionStarted, ExecutionCompleted),
        *(TaskScheduled, TaskCompleted, TaskFailed, ChildCreated, ChildCompleted, ChildFailed),
        *(TimerCreated, TimerFired, EventRaised, ExecutionSuspended, ExecutionResumed, ExecutionTerminated),
        GenericEvent,
    )
}


def to_row(event: Event) -> tuple[str, str]:
    """Kind and fields of an event, as they are stored."""
    values: dict[str, Any] = {field.name: getattr(event, field.name) for field in fields(event)}
    if isinstance(event, ExecutionStarted) and event.parent is not None:
        values["parent"] = [
            event.parent.name,
            event.parent.instance_id,
            event.parent.execution_id,
            event.parent.task_id,
        ]
    return type(event).__name__, json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def from_row(kind: str, text: str) -> Event:
    """The event of a stored row."""
    values: dict[str, Any] = json.loads(text)
    if values.get("parent") is not None:
        values["parent"] = Parent(*values["parent"])
    if "trace" in values:
        values["trace"] = Trace(*values["trace"])
    return _KINDS[kind](**values)


def inbound_from_row(kind: str, text: str) -> Inbound:
    """The inbound event of a stored message."""
    event = from_row(kind, text)
    if isinstance(event, Inbound):
        return event
    raise TypeError(f"{kind} is not a message to an orchestration")
