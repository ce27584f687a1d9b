"""What the event store holds, as the engine sees it: instances, messages, activities, timers, a step's changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from local.functions_host.decisions import ScheduleActivity, ScheduleTimer
from local.functions_host.history import Event, ExecutionStarted, Inbound

FINAL_STATUSES = frozenset({"Completed", "Failed", "Terminated", "Canceled"})


class InstanceRow(NamedTuple):
    """One orchestration instance. ``input``, ``output`` and ``custom_status`` are JSON text."""

    id: str
    execution_id: str
    name: str
    status: str
    input: str | None
    output: str | None
    custom_status: str | None
    status_is_inherited: int
    generation: int
    created_us: int
    updated_us: int

    @property
    def is_final(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.status in FINAL_STATUSES


class Message(NamedTuple):
    """One message to an orchestration; without an execution id it is for whichever execution is current."""

    seq: int
    execution_id: str | None
    event: Inbound


class WorkItem(NamedTuple):
    """One activity to run."""

    seq: int
    instance_id: str
    execution_id: str
    task_id: int
    name: str
    input: str | None
    leased_us: int | None


class DueTimer(NamedTuple):
    """One timer."""

    seq: int
    instance_id: str
    execution_id: str
    task_id: int
    created_us: int
    fire_us: int


@dataclass(frozen=True, slots=True)
class NewInstance:
    """An instance to create, or to put in the place of the one with its id."""

    id: str
    started: ExecutionStarted


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to send with a step."""

    instance_id: str
    execution_id: str | None
    event: Inbound


@dataclass(frozen=True, slots=True)
class StepCommit:
    """Everything one step changes, committed together or not at all."""

    loaded_execution_id: str
    consumed: Iterable[int]
    instance: InstanceRow
    keep_history: int
    append: Iterable[Event]
    activities: Iterable[ScheduleActivity]
    timers: Iterable[ScheduleTimer]
    children: Iterable[NewInstance]
    letters: Iterable[Letter]
