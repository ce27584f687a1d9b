"""Runs orchestrator steps: reads history and messages, calls the function, interprets, commits. One instance at a time each."""

import asyncio
import json
import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from local.functions_host import actions as ask
from local.functions_host import history as ev
from local.functions_host.dialect import Dialect, Step
from local.functions_host.dialect_v1 import compact
from local.functions_host.instants import now_us
from local.functions_host.interpreter import (
    Continued,
    Decision,
    Ended,
    ScheduleActivity,
    ScheduleChild,
    ScheduleTimer,
    Subject,
    decide,
)
from local.functions_host.invoker import InvocationError, Invoker
from local.functions_host.store import InstanceRow, Letter, Message, NewInstance, StepCommit, Store, WorkItem

_log = logging.getLogger("host.orchestrations")


class Registry(Protocol):
    """Which durable functions the app has; names are compared without case."""

    def orchestrator(self, name: str) -> str | None:
        """The function's own spelling, or None."""
        ...

    def activity(self, name: str) -> str | None:
        """The function's own spelling, or None."""
        ...

    def orchestrators(self) -> Sequence[str]:
        """All orchestrator functions."""
        ...


@dataclass(slots=True)
class _Progress:
    """One step while it is being worked out; continue_as_new starts it over with an empty past."""

    row: InstanceRow
    past: list[ev.Event]
    new: list[ev.Event]
    keep_history: int


class Orchestrations:
    """The orchestrator side of the engine."""

    def __init__(
        self,
        store: Store,
        invoker: Invoker,
        dialect: Dialect,
        registry: Registry,
        *,
        hand_out: Callable[[Sequence[WorkItem]], None],
        timers_changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._invoker = invoker
        self._dialect = dialect
        self._registry = registry
        self._hand_out = hand_out
        self._timers_changed = timers_changed
        self._ready: asyncio.Queue[str] = asyncio.Queue()
        self._queued: set[str] = set()
        self._busy: set[str] = set()
        self._again: set[str] = set()

    def wake(self, instance_ids: Iterable[str]) -> None:
        """There are messages for these instances."""
        for instance_id in instance_ids:
            if instance_id in self._busy:
                self._again.add(instance_id)
            elif instance_id not in self._queued:
                self._queued.add(instance_id)
                self._ready.put_nowait(instance_id)

    async def work(self) -> None:
        """Run steps for ever; as many of these run side by side as host.json allows."""
        while True:
            instance_id = await self._ready.get()
            self._queued.discard(instance_id)
            self._busy.add(instance_id)
            try:
                await self._step(instance_id)
            except Exception:
                _log.exception("%s: the step could not be done; its messages stay", instance_id)
            finally:
                self._busy.discard(instance_id)
                if instance_id in self._again:
                    self._again.discard(instance_id)
                    self.wake([instance_id])

    async def _step(self, instance_id: str) -> None:
        row = self._store.instance(instance_id)
        messages = self._store.messages(instance_id)
        mine = [] if row is None or row.is_final else _for_execution(messages, row.execution_id)
        if row is None or not mine:
            self._store.discard_messages(message.seq for message in messages)
            return
        past = self._store.history(instance_id)
        progress = _Progress(row, past, [ev.StepStarted(now_us()), *(message.event for message in mine)], len(past))
        commit = await self._work_out(progress, row.execution_id, [message.seq for message in messages])
        work = self._store.commit(commit)
        if work is None:
            _log.info("%s: another execution took its place; this step is dropped", instance_id)
            self.wake([instance_id])
            return
        self._tell(commit, work)

    async def _work_out(self, progress: _Progress, loaded_execution_id: str, consumed: list[int]) -> StepCommit:
        while True:
            started = _execution_started(progress)
            decision = await self._decide(progress, started)
            if not isinstance(decision.end, Continued):
                return _commit_of(progress, started, decision, loaded_execution_id, consumed)
            _log.info("%s: %s continues as new", progress.row.id, progress.row.name)
            _begin_again(progress, started, decision.end, decision)

    async def _decide(self, progress: _Progress, started: ev.ExecutionStarted) -> Decision:
        row = progress.row
        subject = Subject(
            instance_id=row.id,
            execution_id=row.execution_id,
            name=row.name,
            has_activity=lambda name: self._registry.activity(name) is not None,
            has_orchestrator=lambda name: self._registry.orchestrator(name) is not None,
        )
        step = Step(row.id, started.parent and started.parent.instance_id, started.input, progress.past, progress.new)
        return decide(subject, progress.past, progress.new, await self._run(row, step))

    async def _run(self, row: InstanceRow, step: Step) -> ask.RunResult:
        name = self._registry.orchestrator(row.name)
        if name is None:
            known = ", ".join(f"'{known}'" for known in self._registry.orchestrators())
            return ask.Crashed(
                f"The function '{row.name}' doesn't exist, is disabled, or is not an orchestrator function. "
                f"Additional info: The following are the known orchestrator functions: {known}."
            )
        try:
            return self._dialect.read(await self._invoker.orchestrator(name, self._dialect.payload(step)))
        except InvocationError as error:
            result = self._dialect.read_failure(error)
            raised = error.__cause__
            if isinstance(result, ask.Said) and raised is not None:
                raised = raised.__cause__  # the SDK wraps what the code raised in an exception that carries the state
            _log.warning("%s: orchestrator %s raised", row.id, row.name, exc_info=raised)
            return result

    def _tell(self, commit: StepCommit, work: list[WorkItem]) -> None:
        row = commit.instance
        if row.is_final:
            level = logging.INFO if row.status == "Completed" else logging.WARNING
            _log.log(level, "%s: %s is %s%s", row.id, row.name, row.status, _first_line(row))
        self._hand_out(work)
        if commit.timers:
            self._timers_changed()
        self.wake([*(child.id for child in commit.children), *(letter.instance_id for letter in commit.letters)])


def _for_execution(messages: Iterable[Message], execution_id: str) -> list[Message]:
    return [message for message in messages if message.execution_id in {None, execution_id}]


def _execution_started(progress: _Progress) -> ev.ExecutionStarted:
    return next(event for event in (*progress.past, *progress.new) if isinstance(event, ev.ExecutionStarted))


def _begin_again(progress: _Progress, started: ev.ExecutionStarted, end: Continued, decision: Decision) -> None:
    """Replace the history by the beginning of the next generation, as the framework does within the same step."""
    at_us = now_us()
    text = None if end.input is None else compact(end.input)
    execution_id = uuid.uuid4().hex
    again = ev.ExecutionStarted(at_us, started.name, text, execution_id, None, started.parent)
    # The old custom status stays visible during the next generation (functions-host-measured.md, 8.2).
    shown = _status_text(decision)
    progress.row = progress.row._replace(
        execution_id=execution_id, input=text, created_us=at_us, custom_status=shown, status_is_inherited=int(bool(shown))
    )
    progress.past = []
    progress.new = [ev.StepStarted(at_us), again, *end.carried, ev.StepCompleted(at_us, is_played=True)]
    progress.keep_history = 0


def _commit_of(
    progress: _Progress, started: ev.ExecutionStarted, decision: Decision, loaded_execution_id: str, consumed: list[int]
) -> StepCommit:
    at_us = now_us()
    row = _row_after(progress, decision, at_us)
    append: list[ev.Event] = list(progress.new)
    children: list[NewInstance] = []
    for item in decision.scheduled:
        match item:
            case ScheduleActivity():
                append.append(ev.TaskScheduled(at_us, item.task_id, item.name))
            case ScheduleTimer():
                append.append(ev.TimerCreated(at_us, item.task_id, item.fire_us))
            case ScheduleChild():
                append.append(ev.ChildCreated(at_us, item.task_id, item.name, item.instance_id))
                children.append(_child(row, item, at_us))
    if isinstance(decision.end, Ended):
        append.append(ev.ExecutionCompleted(at_us, decision.end.status, decision.end.result))
    append.append(ev.StepCompleted(at_us))
    return StepCommit(
        loaded_execution_id=loaded_execution_id,
        consumed=consumed,
        instance=row,
        keep_history=progress.keep_history,
        append=append,
        activities=[item for item in decision.scheduled if isinstance(item, ScheduleActivity)],
        timers=[item for item in decision.scheduled if isinstance(item, ScheduleTimer)],
        children=children,
        letters=_to_parent(started.parent, decision.end, at_us),
    )


def _row_after(progress: _Progress, decision: Decision, at_us: int) -> InstanceRow:
    row = progress.row._replace(updated_us=at_us)
    status = _status_text(decision)
    is_inherited = bool(row.status_is_inherited and status is None and decision.end is None)
    row = row._replace(
        custom_status=row.custom_status if is_inherited else status, status_is_inherited=int(is_inherited)
    )
    if isinstance(decision.end, Ended):
        result = decision.end.result
        output = result if decision.end.status == "Completed" or result is None else compact(result)
        return row._replace(status=decision.end.status, output=output)
    for event in reversed(progress.new):
        match event:
            case ev.ExecutionSuspended(reason=reason):
                return row._replace(status="Suspended", output=reason and compact(reason))
            case ev.ExecutionResumed(reason=reason):
                return row._replace(status="Running", output=reason and compact(reason))
            case _:
                pass
    return row if row.status == "Suspended" else row._replace(status="Running")


def _status_text(decision: Decision) -> str | None:
    return None if decision.custom_status is None else compact(decision.custom_status)


def _child(row: InstanceRow, item: ScheduleChild, at_us: int) -> NewInstance:
    parent = ev.Parent(row.name, row.id, row.execution_id, item.task_id)
    text = None if item.input is None else compact(item.input)
    return NewInstance(item.instance_id, ev.ExecutionStarted(at_us, item.name, text, uuid.uuid4().hex, None, parent))


def _to_parent(parent: ev.Parent | None, end: Ended | Continued | None, at_us: int) -> list[Letter]:
    if parent is None or not isinstance(end, Ended):
        return []
    if end.status == "Completed":
        event: ev.Inbound = ev.ChildCompleted(at_us, parent.task_id, end.result)
    else:
        text = end.result or ""
        event = ev.ChildFailed(at_us, parent.task_id, text, f"Message: {text.partition(' failed: ')[2] or text}")
    return [Letter(parent.instance_id, parent.execution_id, event)]


def _first_line(row: InstanceRow) -> str:
    if row.status == "Completed" or row.output is None:
        return ""
    return f": {str(json.loads(row.output)).splitlines()[0][:300]}"
