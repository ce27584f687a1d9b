"""A task hub in memory: instances, their messages, activities and timers, with everything a real one does to them.

Orchestrators are replayed by the SDK from JSON history at every step, through the dialect and the interpreter of the
host stand-in. Activities are delivered at least once, maybe twice at once. Knows no job, no storage and no provider.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from azure.durable_functions import OrchestrationRuntimeStatus
from azure.durable_functions.models.PurgeHistoryResult import PurgeHistoryResult

from local.functions_host import actions as ask
from local.functions_host import history as ev
from local.functions_host.decisions import Continued, Decision, ScheduleActivity, ScheduleTimer, Subject
from local.functions_host.dialect import Step
from local.functions_host.dialect_v1 import JsonDialect, compact
from local.functions_host.instants import from_datetime
from local.functions_host.interpreter import decide
from local.functions_host.invoker import UserCodeError
from local.functions_host.rows import InstanceRow
from local.functions_host.steps import Progress, begin_again, commit_of, execution_started
from tests.faults.virtual_time import now_us
from tests.faults.workers import Death, Worker, acting, dead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from tests.faults.chance import Chance

DELIVERIES = ("twice", "again", "slow")
CALLS = ("crash", "crash_after", "fails", "lost")
_DIED = "python exited with code 137 (0x89)"


@dataclass
class Instance:
    """One orchestration: its row, its history, and the messages it has not seen."""

    row: InstanceRow
    number: int
    history: list[ev.Event] = field(default_factory=list[ev.Event])
    inbox: list[tuple[str | None, ev.Inbound]] = field(default_factory=list[tuple[str | None, ev.Inbound]])
    steps: int = 0

    @property
    def place(self) -> str:
        """Name the step it has come to, for draws."""
        return f"{self.row.id}#{self.number}.{self.steps}"


@dataclass(eq=False)
class Delivery:
    """One activity handed out, until its result is written."""

    instance_id: str
    execution_id: str
    task: ScheduleActivity
    label: str
    is_done: bool = False
    runs: int = 0


@dataclass
class Hub:
    """The engine. `functions` are the app's as registered; `worker` chooses a living process."""

    chance: Chance
    crash: Callable[[str], None]
    rates: dict[str, float]
    is_over: Callable[[], bool]
    functions: dict[str, Callable[..., Any]]
    worker: Callable[[str], Worker]
    instances: dict[str, Instance] = field(default_factory=dict[str, Instance])
    in_flight: dict[asyncio.Task[Any], Delivery] = field(default_factory=dict[asyncio.Task[Any], Delivery])
    ruined: set[str] = field(default_factory=set[str])
    steps_taken: int = 0
    _starts: int = 0

    @property
    def is_quiet(self) -> bool:
        """Whether no instance runs and no activity is under way."""
        return not self.in_flight and all(one.row.is_final for one in self.instances.values())

    # ---- what clients do

    def start(self, name: str, instance_id: str, text: str | None) -> None:
        """Put a new execution in place, whatever was there."""
        self._starts += 1
        at_us, execution_id = now_us(), f"{instance_id}#{self._starts}"
        row = InstanceRow(
            id=instance_id,
            execution_id=execution_id,
            name=name,
            status="Pending",
            input=text,
            output=None,
            custom_status=None,
            status_is_inherited=0,
            generation=self._starts,
            created_us=at_us,
            updated_us=at_us,
        )
        self.instances[instance_id] = Instance(row, self._starts)
        self.post(instance_id, execution_id, ev.ExecutionStarted(at_us, name, text, execution_id, 0, None))

    def post(self, instance_id: str, execution_id: str | None, event: ev.Inbound) -> None:
        """Send a message; it is dropped when its instance has gone or begun anew."""
        instance = self.instances.get(instance_id)
        if instance is None or instance.row.is_final:
            return
        instance.inbox.append((execution_id, event))
        place = f"{instance.place}+{len(instance.inbox)}"
        delay_s = self.chance.stretched(f"{place}?queue", 0.005, 0.3)
        if not self.is_over() and self.chance.fault(place, {"slow": self.rates.get("hub slow", 0.0)}):
            delay_s = self.chance.stretched(f"{place}?slow", 1, 90)
        asyncio.get_running_loop().call_later(delay_s, self._step, instance)

    def terminate(self, instance_id: str) -> None:
        """End an instance from outside."""
        self.post(instance_id, None, ev.ExecutionTerminated(now_us(), "an operator"))

    def forget_everything(self) -> None:
        """Lose the whole task hub; activities that run at this moment go on, and nobody hears of them."""
        self.instances.clear()
        for delivery in self.in_flight.values():
            delivery.is_done = True

    # ---- steps of orchestrations

    def _step(self, instance: Instance) -> None:
        row = instance.row
        if self.instances.get(row.id) is not instance or row.is_final or not instance.inbox:
            return
        mine = [event for execution, event in instance.inbox if execution in {None, row.execution_id}]
        instance.inbox.clear()
        if not mine:
            return
        self.steps_taken += 1
        instance.steps += 1
        progress = Progress(row, instance.history, [ev.StepStarted(now_us()), *mine], len(instance.history))
        while True:
            started = execution_started(progress)
            decision = self._decide(progress, started)
            if not isinstance(decision.end, Continued):
                break
            begin_again(progress, started, decision.end, decision)
        commit = commit_of(progress, started, decision, row.execution_id, [])
        instance.row = commit.instance
        instance.history = [*instance.history[: commit.keep_history], *commit.append]
        self._hand_out(instance, commit.activities, commit.timers)

    def _decide(self, progress: Progress, started: ev.ExecutionStarted) -> Decision:
        row = progress.row
        subject = Subject(row.id, row.execution_id, row.name, self._knows, self._knows)
        step = Step(row.id, None, started.input, progress.past, progress.new)
        return decide(subject, progress.past, progress.new, self._run(row.name, step))

    def _knows(self, name: str) -> bool:
        return name in self.functions

    def _run(self, name: str, step: Step) -> ask.RunResult:
        dialect = JsonDialect()
        try:
            return dialect.read(self.functions[name](dialect.payload(step)))
        except Exception as error:  # noqa: BLE001 - whatever the code raised, the host hears of it in this form
            return dialect.read_failure(UserCodeError(type(error).__name__, str(error), ""))

    def _hand_out(
        self, instance: Instance, activities: Iterable[ScheduleActivity], timers: Iterable[ScheduleTimer]
    ) -> None:
        row, place = instance.row, instance.place
        for task in activities:
            label = f"{place}.{task.task_id}/{task.name}"
            self._deliver(Delivery(row.id, row.execution_id, task, label))
        for timer in timers:
            self._set(row, timer, f"{place}.{timer.task_id}/timer")

    def _set(self, row: InstanceRow, timer: ScheduleTimer, place: str) -> None:
        created_us = now_us()
        left_s = (timer.fire_us - created_us) / 1e6
        early_s = self.chance.between(f"{place}?early", -0.5, 0.9)
        fired = ev.TimerFired(created_us, timer.task_id, timer.fire_us)
        loop = asyncio.get_running_loop()
        loop.call_later(max(left_s - early_s, 0.0), self.post, row.id, row.execution_id, fired)

    # ---- activities

    def _deliver(self, delivery: Delivery) -> None:
        loop = asyncio.get_running_loop()
        place = delivery.label
        fault = None if self.is_over() else self.chance.fault(place, self._named("hub", DELIVERIES))
        delay_s = self.chance.stretched(f"{place}?queue", 0.005, 0.3)
        if fault == "slow":
            delay_s = self.chance.stretched(f"{place}?slow", 1, 120)
        loop.call_later(delay_s, self._begin, delivery)
        if fault == "twice":
            loop.call_later(delay_s + self.chance.stretched(f"{place}?gap", 0.001, 1), self._begin, delivery)
        if fault == "again":
            loop.call_later(self.chance.stretched(f"{place}?gap", 1, 900), self._begin, delivery)

    def _begin(self, delivery: Delivery) -> None:
        delivery.runs += 1
        label = f"{delivery.label}*{delivery.runs}"
        payload = json.loads(delivery.task.input or "null")
        function = self.functions[delivery.task.name]
        options = {"client": DurableClient(self)} if hasattr(function, "client_function") else {}
        function = getattr(function, "client_function", function)
        worker = self.worker(label)
        task = worker.run(label, function(payload, **options), job=payload.get("job_id"))
        self.in_flight[task] = delivery
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[Any]) -> None:
        delivery = self.in_flight.pop(task)
        if delivery.is_done or task.cancelled():
            return
        delivery.is_done = True
        task_id, error = delivery.task.task_id, task.exception()
        event = (
            ev.TaskCompleted(now_us(), task_id, compact(task.result()))
            if error is None
            else ev.TaskFailed(now_us(), task_id, f"Activity function failed: {error!r}", str(error))
        )
        self.post(delivery.instance_id, delivery.execution_id, event)

    def mourn(self, worker: Worker, how: Death) -> None:
        """Do to the activities of a dead process what the host does: fail them, or let them come back later."""
        loop = asyncio.get_running_loop()
        lost = [delivery for task, delivery in self.in_flight.items() if task in worker.tasks]
        for delivery in lost:
            if delivery.is_done:
                continue
            place = f"{delivery.label}*{delivery.runs}"
            if how == "host":
                loop.call_later(self.chance.one_of(f"{place}?back", (60.0, 300.0)), self._begin, delivery)
                continue
            delivery.is_done = True
            failed = ev.TaskFailed(now_us(), delivery.task.task_id, _DIED, _DIED)
            loop.call_later(0.2, self.post, delivery.instance_id, delivery.execution_id, failed)
            if self.chance.draw(f"{place}?ruined") < self.rates.get("hub ruined", 0.0):
                self._ruin(delivery.instance_id)

    def _ruin(self, instance_id: str) -> None:
        instance = self.instances.get(instance_id)
        if instance and not instance.row.is_final and self.chance.happens(f"{instance.place}=ruined"):
            self.ruined.add(instance_id)
            instance.row = instance.row._replace(status="Failed", output='"Non-Deterministic workflow detected"')

    def _named(self, family: str, kinds: Iterable[str]) -> dict[str, float]:
        return {kind: self.rates.get(f"{family} {kind}", 0.0) for kind in kinds}

    async def call(self, effect: str, apply: Callable[[], Any]) -> Any:
        """Carry out what a function asked of the durable client, through a network that may fail."""
        place = acting().place(effect)
        fault = None if self.is_over() else self.chance.fault(place, self._named("client", CALLS))
        await asyncio.sleep(self.chance.stretched(f"{place}?way", 0.002, 0.1))
        if fault == "crash":
            self.crash(place)
            await dead()
        if fault == "fails":
            raise ConnectionError("the host did not answer")
        done = apply()
        if fault == "crash_after":
            self.crash(place)
            await dead()
        if fault == "lost":
            raise ConnectionError("the host's answer was lost")
        return done


@dataclass(frozen=True)
class _Status:
    instance_id: str | None
    runtime_status: OrchestrationRuntimeStatus | None


@dataclass(frozen=True)
class DurableClient:
    """What functions are given to start, wake and look at orchestrations."""

    hub: Hub

    async def start_new(self, name: str, instance_id: str, client_input: Any) -> str:
        """Start an instance; one that runs refuses, or, in a race, gives way (both happen on the real host)."""

        def start() -> str:
            there = self.hub.instances.get(instance_id)
            is_open = there is not None and not there.row.is_final
            if there and is_open and self.hub.chance.draw(f"{there.place}?race") < 0.9:
                raise RuntimeError(f"Instance with ID {instance_id} already exists.")
            self.hub.start(name, instance_id, compact(client_input))
            return instance_id

        return await self.hub.call("start", start)

    async def raise_event(self, instance_id: str, name: str, data: Any) -> None:
        """Send an event."""

        def send() -> None:
            there = self.hub.instances.get(instance_id)
            if there is None:
                raise RuntimeError(f"No instance with ID {instance_id} found.")
            if there.row.is_final:
                raise RuntimeError(f"Instance with ID {instance_id} is gone: either completed or failed")
            self.hub.post(instance_id, None, ev.EventRaised(now_us(), name, compact(data)))

        await self.hub.call("event", send)

    async def get_status(self, instance_id: str) -> _Status:
        """Tell how an instance stands."""

        def look() -> _Status:
            there = self.hub.instances.get(instance_id)
            if there is None:
                return _Status(None, None)
            return _Status(instance_id, OrchestrationRuntimeStatus(there.row.status))

        return await self.hub.call("status", look)

    async def terminate(self, instance_id: str, reason: str) -> None:
        """End an instance."""
        del reason
        await self.hub.call("terminate", lambda: self.hub.terminate(instance_id))

    async def purge_instance_history_by(
        self, created_time_from: datetime, created_time_to: datetime, runtime_status: list[OrchestrationRuntimeStatus]
    ) -> PurgeHistoryResult:
        """Remove the instances in those states that began between those times."""
        begun, until = from_datetime(created_time_from), from_datetime(created_time_to)
        named = {status.value for status in runtime_status}

        def purge() -> int:
            rows = [one.row for one in self.hub.instances.values()]
            gone = [row.id for row in rows if begun <= row.created_us <= until and row.status in named]
            for instance_id in gone:
                del self.hub.instances[instance_id]
            return len(gone)

        return PurgeHistoryResult(instancesDeleted=await self.hub.call("purge", purge))
