"""Rules of what a history looks like on a time axis."""

from dataclasses import astuple

import pytest

from local.functions_host import history as ev
from local.functions_host.inspector.timeline import bars, steps

END = ev.ExecutionCompleted(90, "Completed", None)


def shown(*events: ev.Event) -> list[tuple[str, str, int, int | None, str]]:
    """Kind, label, begin, end and state of each bar."""
    return [astuple(bar)[:5] for bar in bars(events)]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("opening", "closing", "bar"),
    [
        (ev.TaskScheduled(1, 0, "a"), ev.TaskCompleted(5, 0, None), ("activity", "a", 1, 5, "done")),
        (ev.TaskScheduled(1, 0, "a"), ev.TaskFailed(5, 0, "", ""), ("activity", "a", 1, 5, "failed")),
        (ev.ChildCreated(1, 0, "c", "kid"), ev.ChildCompleted(5, 0, None), ("child", "c", 1, 5, "done")),
        (ev.ChildCreated(1, 0, "c", "kid"), ev.ChildFailed(5, 0, "", ""), ("child", "c", 1, 5, "failed")),
        (ev.TimerCreated(1, 0, 7), ev.TimerFired(1, 0, 7), ("timer", "timer", 1, 7, "done")),
        (ev.TimerCreated(3, 0, 2), ev.TimerFired(3, 0, 2), ("timer", "timer", 3, 3, "done")),
        (ev.ExecutionSuspended(1, "r"), ev.ExecutionResumed(5, None), ("pause", "suspended", 1, 5, "done")),
    ],
)
def test_what_is_waited_for_is_a_bar(opening: ev.Event, closing: ev.Event, bar: tuple[str, str, int, int, str]) -> None:
    """It begins when it was asked for and ends with its answer; without one it is open, and dropped at the end."""
    kind, label, begin, _, _ = bar
    assert shown(opening, closing, END) == [bar]
    assert shown(opening) == [(kind, label, begin, None, "open")]
    assert shown(opening, END) == [(kind, label, begin, 90, "dropped")]


def test_what_happens_at_one_time_is_a_point() -> None:
    """Events, a termination and a rewind have no length."""
    events = (ev.EventRaised(2, "Go", None), ev.ExecutionTerminated(3, "r"), ev.GenericEvent(4, "again"))
    assert shown(*events) == [
        ("event", "Go", 2, 2, "done"),
        ("end", "terminated", 3, 3, "done"),
        ("event", "rewound", 4, 4, "done"),
    ]


def test_duplicates_change_nothing() -> None:
    """A second answer to one task, and a second suspension, are not shown."""
    answered = (ev.TaskScheduled(1, 0, "a"), ev.TaskCompleted(5, 0, None), ev.TaskCompleted(8, 0, None))
    assert shown(*answered) == [("activity", "a", 1, 5, "done")]
    twice = (ev.ExecutionSuspended(1, None), ev.ExecutionSuspended(2, None))
    assert shown(*twice) == [("pause", "suspended", 1, None, "open")]


def test_a_child_can_be_followed() -> None:
    """Its bar names its instance, and a timer's bar its time."""
    child, timer = bars([ev.ChildCreated(1, 0, "c", "kid"), ev.TimerCreated(1, 1, 9)])
    assert (child.instance_id, timer.fire_us) == ("kid", 9)


def test_each_replay_is_marked() -> None:
    """The orchestrator function ran at the beginning of each step."""
    assert steps([ev.StepStarted(1), ev.StepCompleted(2), ev.StepStarted(5), END]) == [1, 5]
