"""What a history looks like on a time axis: one bar for each activity, timer, child, pause and event. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from local.functions_host import history as ev

_PAUSE = -1  # no task has this id, and an execution is suspended once at a time


@dataclass(slots=True)
class Bar:
    """One thing that took time, or happened at one (``end_us`` is ``begin_us``).

    ``state`` is open, done, failed, or dropped: nobody waited for its end. ``fire_us`` is a timer's own time,
    ``instance_id`` a child's.
    """

    kind: str
    label: str
    begin_us: int
    end_us: int | None = None
    state: str = "open"
    fire_us: int | None = None
    instance_id: str | None = None


def bars(events: Sequence[ev.Event]) -> list[Bar]:
    """All bars, in the order in which they began; what was open when the execution ended is dropped."""
    found: list[Bar] = []
    open_bars: dict[int, Bar] = {}
    for event in events:
        if begun := _begun(event):
            task_id, bar = begun
            if open_bars.setdefault(task_id, bar) is bar:
                found.append(bar)
        elif ended := _ended(event):
            task_id, at_us, state = ended
            if bar := open_bars.pop(task_id, None):  # a duplicate has none
                bar.end_us, bar.state = at_us, state
        elif moment := _moment(event):
            found.append(moment)
        elif isinstance(event, ev.ExecutionCompleted):
            for bar in open_bars.values():
                bar.end_us, bar.state = event.at_us, "dropped"
            open_bars = {}
    return found


def steps(events: Sequence[ev.Event]) -> list[int]:
    """When the orchestrator function ran: it is replayed at each of these."""
    return [event.at_us for event in events if isinstance(event, ev.StepStarted)]


def _begun(event: ev.Event) -> tuple[int, Bar] | None:
    match event:
        case ev.TaskScheduled():
            return event.task_id, Bar("activity", event.name, event.at_us)
        case ev.ChildCreated():
            return event.task_id, Bar("child", event.name, event.at_us, instance_id=event.instance_id)
        case ev.TimerCreated():
            return event.task_id, Bar("timer", "timer", event.at_us, fire_us=event.fire_us)
        case ev.ExecutionSuspended():
            return _PAUSE, Bar("pause", "suspended", event.at_us)
        case _:
            return None


def _ended(event: ev.Event) -> tuple[int, int, str] | None:
    match event:
        case ev.TaskCompleted() | ev.ChildCompleted():
            return event.task_id, event.at_us, "done"
        case ev.TaskFailed() | ev.ChildFailed():
            return event.task_id, event.at_us, "failed"
        case ev.TimerFired():  # its own time stamp is that of its creation
            return event.task_id, max(event.at_us, event.fire_us), "done"
        case ev.ExecutionResumed():
            return _PAUSE, event.at_us, "done"
        case _:
            return None


def _moment(event: ev.Event) -> Bar | None:
    match event:
        case ev.EventRaised():
            return Bar("event", event.name, event.at_us, event.at_us, "done")
        case ev.ExecutionTerminated():
            return Bar("end", "terminated", event.at_us, event.at_us, "done")
        case ev.GenericEvent(data=str()):
            return Bar("event", "rewound", event.at_us, event.at_us, "done")
        case _:
            return None
