"""Plays a story to its end with scripted answers and keeps the history that a host would hold; replays any part of one.

The SDK is the real one, and so are dialect and interpreter of the host stand-in. Knows no activity and no storage.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import function_app
from local.functions_host import actions as ask
from local.functions_host import history as ev
from local.functions_host.decisions import Continued, Decision, Ended, ScheduleActivity, ScheduleTimer, Subject
from local.functions_host.dialect import Step
from local.functions_host.dialect_v1 import JsonDialect
from local.functions_host.interpreter import decide
from local.functions_host.invoker import UserCodeError
from local.functions_host.json_text import compact
from shared import names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

INSTANCE = "job_01K00000000000000000000000"
_BEGINNING_US = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
_ACTIVITY_TAKES_US = 500_000


@dataclass(frozen=True)
class Answers:
    """An activity that was called ends well."""

    activity: str
    result: dict[str, Any]


@dataclass(frozen=True)
class Raises:
    """An activity that was called ends in an exception: its worker died, or nobody planned for what happened."""

    activity: str


@dataclass(frozen=True)
class Wakes:
    """Somebody raises the event that makes a waiting story look at its job."""


Line = Answers | Raises | Wakes


@dataclass(frozen=True)
class Execution:
    """One execution of an instance: its input as JSON text, its whole history step by step, and its end."""

    input: str
    steps: tuple[tuple[ev.Event, ...], ...]
    end: Ended | Continued

    @property
    def events(self) -> list[ev.Event]:
        """The history as one list."""
        return [event for step in self.steps for event in step]


class OffScriptError(Exception):
    """The story asks for something else than its course has an answer for."""


def play(story: str, given: dict[str, Any], course: Sequence[Line]) -> list[Execution]:
    """Tell a story from its beginning; each line of the course answers what it then waits for. Timers fire unasked."""
    return _Stage(story, list(course)).play(compact(json.dumps(given)))


def replayed(
    story: str, text: str, past: Sequence[ev.Event], new: Sequence[ev.Event]
) -> tuple[ask.RunResult, Decision]:
    """Run the story's code against a history, as the host does in each step: what it returned, what follows."""
    dialect = JsonDialect()
    step = Step(instance_id=INSTANCE, parent_instance_id=None, input=text, past=past, new=new)
    try:
        result = dialect.read(functions()[story](dialect.payload(step)))
    except Exception as error:  # noqa: BLE001 - whatever the code raised, the host hears of it in this form
        result = dialect.read_failure(UserCodeError(type(error).__name__, str(error), ""))
    has = functions().__contains__
    subject = Subject(
        instance_id=INSTANCE, execution_id="execution", name=story, has_activity=has, has_orchestrator=has
    )
    return result, decide(subject, past, new, result)


def outbound(decision: Decision, at_us: int) -> list[ev.Event]:
    """Return what a commit of the decision adds to the history, without the mark of the step's end."""
    added: list[ev.Event] = []
    for item in decision.scheduled:
        match item:
            case ScheduleActivity(task_id=task_id, name=name):
                added.append(ev.TaskScheduled(at_us, task_id, name))
            case ScheduleTimer(task_id=task_id, fire_us=fire_us):
                added.append(ev.TimerCreated(at_us, task_id, fire_us))
            case _:
                raise OffScriptError(f"no course has an answer for {item}")
    return added


@cache
def functions() -> dict[str, Callable[..., Any]]:
    """What the app registers, by name."""
    registered = function_app.all_functions().get_functions()
    return {str(one.get_function_name()): inspect.unwrap(one.get_user_function()) for one in registered}


@dataclass
class _Stage:
    story: str
    course: list[Line]
    now_us: int = _BEGINNING_US
    waiting: dict[int, ScheduleActivity | ScheduleTimer] = field(default_factory=dict[int, Any])

    def play(self, text: str) -> list[Execution]:
        executions: list[Execution] = []
        carried: list[ev.Event] = []
        while True:
            execution = self._execution(text, carried)
            executions.append(execution)
            if isinstance(execution.end, Ended):
                break
            text = compact(execution.end.input)
            carried = [*execution.end.carried, ev.StepCompleted(self.now_us, is_played=True)]
        if self.course:
            raise OffScriptError(f"the story ended before {self.course[0]}")
        return executions

    def _execution(self, text: str, carried: list[ev.Event]) -> Execution:
        self.waiting.clear()
        steps: list[tuple[ev.Event, ...]] = []
        new: list[ev.Event] = [ev.ExecutionStarted(self.now_us, self.story, text, "execution", 0, None), *carried]
        while True:
            new = [ev.StepStarted(self.now_us), *new]
            past = [event for step in steps for event in step]
            _, decision = replayed(self.story, text, past, new)
            for item in decision.scheduled:
                if isinstance(item, ScheduleActivity | ScheduleTimer):
                    self.waiting[item.task_id] = item
            steps.append((*new, *outbound(decision, self.now_us), ev.StepCompleted(self.now_us)))
            if decision.end is not None:
                return Execution(text, tuple(steps), decision.end)
            new = [self._message()]

    def _message(self) -> ev.Event:
        line = self.course[0] if self.course else None
        if isinstance(line, Wakes):
            del self.course[0]
            return ev.EventRaised(self.now_us, names.WAKE, compact(json.dumps(obj=True)))
        called = [item for item in self.waiting.values() if isinstance(item, ScheduleActivity)]
        timers = [item for item in self.waiting.values() if isinstance(item, ScheduleTimer)]
        answered = next((item for item in called if line and item.name == line.activity), None)
        if line and answered:
            del self.course[0], self.waiting[answered.task_id]
            self.now_us += _ACTIVITY_TAKES_US
            if isinstance(line, Answers):
                return ev.TaskCompleted(self.now_us, answered.task_id, compact(line.result))
            reason = f"Activity function '{line.activity}' failed:  WorkerDied: exit code 137"
            return ev.TaskFailed(self.now_us, answered.task_id, reason, "")
        if called or not timers:
            raise OffScriptError(f"the story waits for {[item.name for item in called]}, the course says {line}")
        timer = min(timers, key=lambda item: item.fire_us)
        del self.waiting[timer.task_id]
        self.now_us, created_us = max(timer.fire_us, self.now_us), self.now_us
        return ev.TimerFired(created_us, timer.task_id, timer.fire_us)
