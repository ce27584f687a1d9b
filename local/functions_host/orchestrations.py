"""Runs orchestrator steps: reads history and messages, calls the function, interprets, commits.

One instance at a time each.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from local.functions_host import actions as ask
from local.functions_host import history as ev
from local.functions_host.decisions import Continued, Decision, Ended, Subject
from local.functions_host.dialect import Dialect, Step
from local.functions_host.disorder import SECOND_US, Disorder
from local.functions_host.instants import now_us
from local.functions_host.interpreter import decide
from local.functions_host.invoker import Extras, InvocationError, Invoker
from local.functions_host.large_values import warn_if_large
from local.functions_host.rows import InstanceRow, Message, StepCommit, WorkItem
from local.functions_host.steps import Progress, begin_again, commit_of, execution_started
from local.functions_host.store import Store
from local.functions_host.versions import Versions

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
        disorder: Disorder,
        versions: Versions,
    ) -> None:
        self._store = store
        self._invoker = invoker
        self._dialect = dialect
        self._registry = registry
        self._hand_out = hand_out
        self._timers_changed = timers_changed
        self._disorder = disorder
        self._versions = versions
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
            except Exception:  # noqa: BLE001 - one broken instance must not stop all others
                _log.exception("%s: the step could not be done; its messages stay", instance_id)
            finally:
                self._busy.discard(instance_id)
                if instance_id in self._again:
                    self._again.discard(instance_id)
                    self.wake([instance_id])

    async def _step(self, instance_id: str) -> None:
        row = self._store.instance(instance_id)
        messages = self._received(instance_id)
        mine = [] if row is None or row.is_final else _for_execution(messages, row.execution_id)
        if row is None or not mine:
            self._store.discard_messages(message.seq for message in messages)
            return
        past = self._store.history(instance_id)
        progress = Progress(row, past, [ev.StepStarted(now_us()), *(message.event for message in mine)], len(past))
        commit = await self._work_out(progress, row.execution_id, [message.seq for message in messages])
        work = self._store.commit(commit)
        if work is None:
            _log.info("%s: another execution took its place; this step is dropped", instance_id)
            self.wake([instance_id])
            return
        self._tell(commit, work)

    def _received(self, instance_id: str) -> Sequence[Message]:
        """Give the messages that have arrived, and come back for the next."""
        at_us = now_us()
        messages, next_us = self._disorder.arrived(self._store.messages(instance_id), at_us)
        if next_us is not None:
            asyncio.get_running_loop().call_later((next_us - at_us) / SECOND_US, self.wake, [instance_id])
        return messages

    async def _work_out(self, progress: Progress, loaded_execution_id: str, consumed: list[int]) -> StepCommit:
        while True:
            started = execution_started(progress)
            decision = await self._decide(progress, started)
            if not isinstance(decision.end, Continued):
                return commit_of(progress, started, decision, loaded_execution_id, consumed)
            _log.info("%s: %s continues as new", progress.row.id, progress.row.name)
            begin_again(progress, started, decision.end, decision)

    async def _decide(self, progress: Progress, started: ev.ExecutionStarted) -> Decision:
        row = progress.row
        refusal = self._versions.refusal(started.version)
        if refusal is not None:
            failure = Ended("Failed", f"Orchestrator function '{row.name}' failed: {refusal}")
            return Decision(scheduled=(), end=failure, custom_status=None)
        subject = Subject(
            instance_id=row.id,
            execution_id=row.execution_id,
            name=row.name,
            has_activity=lambda name: self._registry.activity(name) is not None,
            has_orchestrator=lambda name: self._registry.orchestrator(name) is not None,
            default_version=self._versions.own,
        )
        step = Step(row.id, started.parent and started.parent.instance_id, started.input, progress.past, progress.new)
        return decide(subject, progress.past, progress.new, await self._run(row, step, started.trace))

    async def _run(self, row: InstanceRow, step: Step, trace: ev.Trace) -> ask.RunResult:
        name = self._registry.orchestrator(row.name)
        if name is None:
            known = ", ".join(f"'{known}'" for known in self._registry.orchestrators())
            return ask.Crashed(
                f"The function '{row.name}' doesn't exist, is disabled, or is not an orchestrator function. "
                f"Additional info: The following are the known orchestrator functions: {known}."
            )
        try:
            extras = Extras(trace_parent=trace.parent, trace_state=trace.state)
            return self._dialect.read(await self._invoker.orchestrator(name, self._dialect.payload(step), extras))
        except ValueError as unreadable:  # an action of a newer SDK, or one that this host does not serve
            return ask.Crashed(str(unreadable))
        except InvocationError as error:
            result = self._dialect.read_failure(error)
            raised = error.__cause__
            if isinstance(result, ask.Said) and raised is not None:
                raised = raised.__cause__  # the SDK wraps what the code raised in an exception that carries the state
            _log.warning("%s: orchestrator %s raised", row.id, row.name, exc_info=raised)
            return result

    def _tell(self, commit: StepCommit, work: list[WorkItem]) -> None:
        row = commit.instance
        for item in work:
            warn_if_large(row.id, f"the input of {item.name}", item.input)
        if row.is_final:
            warn_if_large(row.id, "the output", row.output)
            level = logging.INFO if row.status == "Completed" else logging.WARNING
            _log.log(level, "%s: %s is %s%s", row.id, row.name, row.status, _first_line(row))
        self._hand_out(work)
        if commit.timers:
            self._timers_changed()
        self.wake([*(child.id for child in commit.children), *(letter.instance_id for letter in commit.letters)])


def _for_execution(messages: Iterable[Message], execution_id: str) -> list[Message]:
    return [message for message in messages if message.execution_id in {None, execution_id}]


def _first_line(row: InstanceRow) -> str:
    if row.status == "Completed" or row.output is None:
        return ""
    return f": {str(json.loads(row.output)).splitlines()[0][:300]}"
