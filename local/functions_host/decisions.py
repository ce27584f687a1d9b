"""What one step of an orchestration decides, for whoever commits it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.functions_host.history import EventRaised


@dataclass(frozen=True, slots=True)
class ScheduleActivity:
    """Hand this activity out."""

    task_id: int
    name: str
    input: str | None
    framework_name = "ScheduleTaskOrchestratorAction"


@dataclass(frozen=True, slots=True)
class ScheduleChild:
    """Start this sub-orchestration."""

    task_id: int
    name: str
    input: str | None
    instance_id: str
    version: str | None
    framework_name = "CreateSubOrchestrationAction"


@dataclass(frozen=True, slots=True)
class ScheduleTimer:
    """Set this timer."""

    task_id: int
    fire_us: int
    framework_name = "CreateTimerOrchestratorAction"


Scheduled = ScheduleActivity | ScheduleChild | ScheduleTimer


@dataclass(frozen=True, slots=True)
class Ended:
    """The execution is over. ``result`` is compact JSON text when Completed, plain text otherwise."""

    status: str
    result: str | None


@dataclass(frozen=True, slots=True)
class Continued:
    """The execution goes on as a new one, with the events that came after the code had asked for it."""

    input: str | None
    carried: tuple[EventRaised, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What one step adds to the history."""

    scheduled: tuple[Scheduled, ...]
    end: Ended | Continued | None
    custom_status: Any


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose history is walked, and which functions the app has."""

    instance_id: str
    execution_id: str
    name: str
    has_activity: Callable[[str], bool]
    has_orchestrator: Callable[[str], bool]
    default_version: str | None = None
