"""What a rewind keeps of a history, and what it strikes out."""

from local.functions_host import history as ev
from local.functions_host.rewinding import rewound

STARTED = ev.ExecutionStarted(1, "flow", None, "execution", 0, None)
FAILED_END = ev.ExecutionCompleted(9, "Failed", "why")


def test_failed_activity_is_struck_out_with_what_scheduled_it() -> None:
    """What succeeded stays; a dead event keeps its place and time, the scheduling one also its id."""
    kept = [ev.StepStarted(0), STARTED, ev.TaskScheduled(2, 0, "good"), ev.TaskCompleted(3, 0, "1")]
    dead = [ev.TaskScheduled(4, 1, "bad"), ev.TaskFailed(5, 1, "why", "{}"), FAILED_END]
    assert rewound([*kept, *dead]) == (
        [*kept, ev.GenericEvent(4, None, 1), ev.GenericEvent(5, None), ev.GenericEvent(9, None)],
        [],
    )


def test_failed_child_stays_scheduled_and_is_named() -> None:
    """The child runs again under its id; one that completed is left alone."""
    good = [ev.ChildCreated(2, 0, "flow", "good"), ev.ChildCompleted(3, 0, None)]
    bad = ev.ChildCreated(4, 1, "flow", "bad")
    assert rewound([STARTED, *good, bad, ev.ChildFailed(5, 1, "why", ""), FAILED_END]) == (
        [STARTED, *good, bad, ev.GenericEvent(5, None), ev.GenericEvent(9, None)],
        ["bad"],
    )


def test_orchestrator_that_raised_is_only_run_again() -> None:
    """Where no step failed, the end alone is struck out."""
    assert rewound([STARTED, FAILED_END]) == ([STARTED, ev.GenericEvent(9, None)], [])
