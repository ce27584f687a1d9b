"""The host's own replay: walks the history beside the action list and decides what is new (functions-host.md, 5.6).

Pure: no clock, no storage, no SDK.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from local.functions_host import actions as ask
from local.functions_host import history as ev
from local.functions_host.decisions import (
    Continued,
    Decision,
    Ended,
    ScheduleActivity,
    ScheduleChild,
    Scheduled,
    ScheduleTimer,
    Subject,
)
from local.functions_host.json_text import compact
from local.functions_host.nondeterminism import NotDeterministicError, complain
from local.functions_host.pending import Pending, all_of, any_of, run, settled

HTTP_ACTIVITY = "BuiltIn::HttpActivity"
CUSTOM_STATUS_LIMIT_BYTES = 16 * 1024
ACTION_LIMIT = 100_000


class _LoudFailureError(Exception):
    """What the real host swallows, leaving the instance Running for ever, and this one reports (functions-host-
    measured.md, 7).
    """


def decide(subject: Subject, past: Iterable[ev.Event], new: Iterable[ev.Event], result: ask.RunResult) -> Decision:
    """Walk past and new events beside what the run said, and return what has to happen now."""
    replay = _Replay(subject, result)
    try:
        for event in (*past, *new):
            replay.see(event)
        end = replay.end()
    except NotDeterministicError as broken:
        end = Ended("Failed", f"Non-Deterministic workflow detected: {broken}")
    except _LoudFailureError as loud:
        end = Ended("Failed", f"Orchestrator function '{subject.name}' failed: {loud}")
    return Decision(scheduled=replay.scheduled(), end=end, custom_status=replay.custom_status)


class _Replay:
    def __init__(self, subject: Subject, result: ask.RunResult) -> None:
        self._subject = subject
        self._result = result
        self.custom_status: Any = None
        self._clock_us = 0
        self._next_task_id = 0
        self._to_schedule: dict[int, Scheduled] = {}
        self._held_back: dict[int, Scheduled] = {}
        self._open: dict[int, Pending] = {}
        self._waiters: dict[str, list[Pending]] = {}
        self._early: Counter[str] = Counter()
        self._outcome: Ended | None = None
        self._terminated: Ended | None = None
        self._continue: ask.ContinueAsNew | None = None
        self._carried: list[ev.EventRaised] = []
        self._parked: list[ev.Event] | None = None

    # ---- the walk

    def see(self, event: ev.Event) -> None:
        """Let one event happen. A suspended execution parks everything but its resumption and its termination."""
        if isinstance(event, ev.StepStarted):
            self._clock_us = event.at_us
        elif self._parked is not None and not isinstance(event, ev.ExecutionResumed | ev.ExecutionTerminated):
            self._parked.append(event)
        else:
            self._happen(event)

    def _happen(self, event: ev.Event) -> None:
        match event:
            case ev.ExecutionStarted():
                run(self._story())
            case ev.TaskScheduled() | ev.ChildCreated() | ev.TimerCreated():
                self._confirm(event)
            case ev.TaskCompleted() | ev.ChildCompleted() | ev.TimerFired():
                self._settle(event.task_id, well=True)
            case ev.TaskFailed() | ev.ChildFailed():
                self._settle(event.task_id, well=False)
            case ev.EventRaised():
                self._raise(event)
            case ev.ExecutionSuspended():
                self._suspend()
            case ev.ExecutionResumed():
                self._resume()
            case ev.ExecutionTerminated():
                self._terminated = self._terminated or Ended("Terminated", event.reason)
            case ev.StepStarted() | ev.StepCompleted() | ev.ExecutionCompleted() | ev.GenericEvent():
                pass

    def _settle(self, task_id: int, *, well: bool) -> None:
        waiting = self._open.pop(task_id, None)
        if waiting is not None:  # else a duplicate, or a cancelled timer: ignored, as on the real host
            waiting.settle(well=well)

    def _raise(self, event: ev.EventRaised) -> None:
        if self._continue is not None:
            self._carried.append(event)
            return
        name = event.name.casefold()  # the host compares names without case, the SDK with (5.5)
        waiters = self._waiters.get(name)
        if waiters:
            waiters.pop().settle()  # a stack: the last waiter is served first
        else:
            self._early[name] += 1

    def _suspend(self) -> None:
        self._parked = []
        self._held_back.update(self._to_schedule)
        self._to_schedule.clear()

    def _resume(self) -> None:
        parked, self._parked = self._parked or [], None
        self._to_schedule = {**self._held_back, **self._to_schedule}
        self._held_back = {}
        for event in parked:
            self.see(event)

    def _confirm(self, event: ev.Outbound) -> None:
        produced = self._to_schedule.pop(event.task_id, None)
        match event, produced:
            case ev.TaskScheduled(), ScheduleActivity() if event.name.casefold() == produced.name.casefold():
                return
            case ev.ChildCreated(), ScheduleChild() if event.name.casefold() == produced.name.casefold():
                return
            case ev.TimerCreated(), ScheduleTimer():
                return
            case _:
                if produced is not None:
                    self._to_schedule[event.task_id] = produced  # it is still new, and the real host still schedules it
                complain(event, produced)

    # ---- the host's own story: one action after the other

    async def _story(self) -> None:
        match self._result:
            case ask.Crashed(text=text):
                self._outcome = self._failed(text)
            case ask.Said() as said:
                oversize = _custom_status_problem(said.custom_status)
                if oversize is not None:
                    self._outcome = self._failed(oversize)
                    return
                self.custom_status = said.custom_status
                for action in said.actions:
                    await self._invoke(action)  # a failure is swallowed: the code hears of it by replay
                if said.error is not None:
                    self._outcome = self._failed(said.error)
                elif said.is_done:
                    self._outcome = Ended("Completed", said.output)

    def _failed(self, text: str) -> Ended:
        return Ended("Failed", f"Orchestrator function '{self._subject.name}' failed: {text}")

    def _invoke(self, action: ask.Action) -> Pending:
        match action:
            case ask.CallActivity():
                return self._activity(action)
            case ask.CallChild():
                return self._child(action)
            case ask.StartTimer():
                return self._timer(action.fire_us, is_cancelled=action.is_cancelled)
            case ask.WaitForEvent():
                return self._wait(action.name.casefold())
            case ask.ContinueAsNew():
                self._continue = action
                return settled()
            case ask.CallHttp():
                return self._schedule(ScheduleActivity(self._take_id(), HTTP_ACTIVITY, action.request))
            case ask.WhenAll():
                return all_of([self._invoke(member) for member in action.members])
            case ask.WhenAny():
                return any_of([self._invoke(member) for member in action.members])

    def _activity(self, action: ask.CallActivity) -> Pending:
        if not self._subject.has_activity(action.name):
            raise _LoudFailureError(_unknown("activity", action.name))

        def attempt() -> Pending:
            return self._schedule(ScheduleActivity(self._take_id(), action.name, action.input))

        return run(self._retrying(action.retry, attempt)) if action.retry else attempt()

    def _child(self, action: ask.CallChild) -> Pending:
        if not self._subject.has_orchestrator(action.name):
            raise _LoudFailureError(_unknown("orchestrator", action.name))
        if action.instance_id == self._subject.instance_id:
            raise _LoudFailureError(
                f"The sub-orchestration '{action.name}' was given its parent's own id '{action.instance_id}'. "
                "On Azure this instance would stay Running for ever; this host fails it instead."
            )

        def attempt() -> Pending:
            task_id = self._take_id()
            instance_id = action.instance_id or f"{self._subject.execution_id}:{task_id}"
            version = action.version or self._subject.default_version
            return self._schedule(ScheduleChild(task_id, action.name, action.input, instance_id, version))

        return run(self._retrying(action.retry, attempt)) if action.retry else attempt()

    async def _retrying(self, retry: ask.Retry, attempt: Callable[[], Pending]) -> bool:
        for number in range(1, retry.attempts + 1):
            if await attempt():
                return True
            # After the last failure the framework sets one more timer, which is due at once (5.5).
            delay_us = retry.interval_us if number < retry.attempts else 0
            await self._timer(self._clock_us + delay_us, is_cancelled=False)
        return False

    def _timer(self, fire_us: int, *, is_cancelled: bool) -> Pending:
        task_id = self._take_id()
        waiting = self._schedule(ScheduleTimer(task_id, fire_us))
        if is_cancelled:
            del self._open[task_id]
            waiting.settle(well=False)
        return waiting

    def _wait(self, name: str) -> Pending:
        if self._early[name] > 0:
            self._early[name] -= 1
            return settled()
        waiting = Pending()
        self._waiters.setdefault(name, []).append(waiting)
        return waiting

    def _take_id(self) -> int:
        if self._next_task_id >= ACTION_LIMIT:
            raise _LoudFailureError(f"Maximum amount of orchestration actions ({ACTION_LIMIT}) has been reached.")
        task_id = self._next_task_id
        self._next_task_id += 1
        return task_id

    def _schedule(self, what: Scheduled) -> Pending:
        waiting = Pending()
        self._to_schedule[what.task_id] = what
        self._open[what.task_id] = waiting
        return waiting

    # ---- what is left when the walk is over

    def scheduled(self) -> tuple[Scheduled, ...]:
        """What was not in the history yet, in the order of ids; nothing while suspended."""
        return tuple(self._to_schedule[task_id] for task_id in sorted(self._to_schedule))

    def end(self) -> Ended | Continued | None:
        """How the execution ended, if it did: anything still open keeps it running (functions-host.md, 3, item 3)."""
        if self._terminated is not None:
            return self._terminated
        if self._open or self._outcome is None:
            return None
        if self._outcome.status == "Completed" and self._continue is not None:
            return Continued(self._continue.input, tuple(self._carried))
        return self._outcome


def _custom_status_problem(status: Any) -> str | None:
    size_bytes = 0 if status is None else len(compact(status).encode("utf-16-le"))
    if size_bytes <= CUSTOM_STATUS_LIMIT_BYTES:
        return None
    return (
        "The UTF-16 size of the JSON-serialized payload must not exceed 16 KB. "
        f"The current payload size is {size_bytes // 1024} KB."
    )


def _unknown(kind: str, name: str) -> str:
    return (
        f"There is no {kind} function '{name}'. On Azure this instance would stay Running for ever "
        "without a word (durable-python#132); this host fails it instead."
    )
