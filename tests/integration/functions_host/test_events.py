"""External events, suspension and termination (functions-host-measured.md, 6 and 18)."""

from typing import Any

import pytest

from tests.integration.functions_host.running_host import RunningHost


def raised(status: dict[str, Any]) -> int:
    """How many events the history holds."""
    return [event["EventType"] for event in status["historyEvents"]].count("EventRaised")


@pytest.mark.parametrize(
    "value", [{"a": 1}, "text", 5, 1.5, [1], True, None, '{"a": 1}'], ids=lambda value: type(value).__name__
)
def test_event_by_webhook_arrives_as_json_says(host: RunningHost, value: Any) -> None:
    """The body is the value."""
    begun = host.begin("waits")
    host.raise_event(begun, value)
    assert host.final(begun)["output"] == [type(value).__name__, value]


@pytest.mark.parametrize(
    ("value", "text"), [({"a": 1}, '{"a": 1}'), ("hello", '"hello"'), (False, "false"), (None, "null")]
)
def test_event_by_sdk_arrives_as_text(host: RunningHost, value: Any, text: str) -> None:
    """The SDK encodes twice, so the orchestrator always gets a str of JSON."""
    begun = host.begin("waits")
    assert host.client("raise_event", begun, "Go", value) == {"result": None}
    assert host.final(begun)["output"] == ["str", text]


def test_event_names_are_case_sensitive_in_effect(host: RunningHost) -> None:
    """An event in another case is accepted and shown, but the code never sees it."""
    begun = host.begin("waits")
    host.raise_event(begun, 1, name="go")
    host.until(begun, lambda seen: raised(seen) == 1)
    host.raise_event(begun, 2)
    host.until(begun, lambda seen: raised(seen) == 2)
    assert host.status(begun)["runtimeStatus"] in {"Running", "Completed"}
    assert host.client("terminate", begun, "enough") == {"result": None}


def test_events_in_turn(host: RunningHost) -> None:
    """Two events after their first wait are two events: [1, 2]."""
    begun = host.begin("waits_twice")
    host.until(begun, lambda seen: seen["runtimeStatus"] == "Running")
    host.raise_event(begun, 1)
    host.until(begun, lambda seen: seen["customStatus"] == "first")
    host.raise_event(begun, 2)
    assert host.final(begun)["output"] == [1, 2]


def test_two_early_events(host: RunningHost) -> None:
    """Both before the first wait: the last is seen twice (trace events-buffered)."""
    begun = host.begin("naps_then_waits_twice")
    for value in (1, 2):
        host.raise_event(begun, value)
    assert host.final(begun)["output"] == [2, 2]


def test_one_early_event_and_one_late(host: RunningHost) -> None:
    """One before the first wait satisfies both waits of the code; the second only lets the host go on: [1, 1]."""
    begun = host.begin("naps_then_waits_twice")
    host.raise_event(begun, 1)
    host.until(begun, lambda seen: seen["customStatus"] == "first")
    assert host.status(begun)["runtimeStatus"] == "Running"
    host.raise_event(begun, 2)
    assert host.final(begun)["output"] == [1, 1]


def test_waits_side_by_side_are_a_stack(host: RunningHost) -> None:
    """Two waits in one task_all: the last is served first."""
    begun = host.begin("waits_side_by_side")
    host.until(begun, lambda seen: seen["runtimeStatus"] == "Running")
    host.raise_event(begun, 1)
    host.until(begun, lambda seen: raised(seen) == 1)
    host.raise_event(begun, 2)
    assert host.final(begun)["output"] == [2, 1]


@pytest.mark.parametrize(("how", "wins"), [("fresh", [True] * 4), ("kept", [True, False, False, False])])
def test_early_event_is_sticky(host: RunningHost, how: str, wins: list[bool]) -> None:
    """One event before its first wait wins every later fresh wait of its name; one wait kept for all is won once."""
    begun = host.begin("looks_four_times", how)
    host.raise_event(begun, 1)
    assert host.final(begun)["output"] == wins


@pytest.mark.parametrize(("seconds", "output"), [(60, "came"), (0.2, "timer")])
def test_event_against_timer(host: RunningHost, seconds: float, output: str) -> None:
    """The first wins; a cancelled timer does not hold the instance."""
    begun = host.begin("waits_with_deadline", seconds)
    if output == "came":
        host.raise_event(begun, "came")
    assert host.final(begun)["output"] == output


def test_events_across_generations(host: RunningHost) -> None:
    """Events that come after the code has asked for continue_as_new are carried over: [1, 2, 3]."""
    begun = host.begin("one_a_generation")
    for value in (1, 2, 3):
        host.raise_event(begun, value)
    assert host.final(begun)["output"] == [1, 2, 3]


def test_unread_event_is_lost_with_its_generation(host: RunningHost) -> None:
    """An event nobody waited for does not survive continue_as_new."""
    begun = host.begin("forgets_events")
    host.raise_event(begun, 1)
    assert host.final(begun)["output"] == "lost"


def test_event_can_be_seen_again_by_the_next_generation(host: RunningHost) -> None:
    """A poke that beats a cancelled timer wakes its own generation, and the next one too (section 18)."""
    begun = host.begin("singleton")
    host.until(begun, lambda seen: any(event["EventType"] == "TimerCreated" for event in seen["historyEvents"]))
    host.raise_event(begun, 1, name="Poke")
    assert host.final(begun)["output"] == ["poke", "poke"]


def test_terminated_instance_ends_at_once(host: RunningHost) -> None:
    """Terminated with the reason as output; open work is abandoned, the event in the history."""
    begun = host.begin("sleeper", 60)
    host.until(begun, lambda seen: seen["runtimeStatus"] == "Running")
    assert host.manage("POST", f"/instances/{begun}/terminate", params={"reason": "enough"}).status_code == 202
    status = host.final(begun)
    assert (status["runtimeStatus"], status["output"]) == ("Terminated", "enough")
    assert [event["EventType"] for event in status["historyEvents"][-2:]] == [
        "ExecutionTerminated",
        "ExecutionCompleted",
    ]
    assert status["historyEvents"][-1]["Result"] == "enough"


def test_children_survive_their_parent(host: RunningHost) -> None:
    """Terminating a parent leaves the child running."""
    begun = host.begin("parent_of_named", ["sleeper", "orphan", 60])
    host.until(begun, lambda seen: seen["historyEvents"][-1]["EventType"] == "SubOrchestrationInstanceCreated")
    host.manage("POST", f"/instances/{begun}/terminate")
    assert host.final(begun)["output"] is None
    assert host.until("orphan", lambda seen: seen["runtimeStatus"] == "Running")


def test_suspended_instance_stands_still(host: RunningHost) -> None:
    """What ends while suspended is recorded; the next step waits for the resumption. Reasons show in the output."""
    begun = host.begin("waits_then_works", instance_id="parked")
    assert host.manage("POST", f"/instances/{begun}/suspend", params={"reason": "hold on"}).status_code == 202
    status = host.until(begun, lambda seen: seen["historyEvents"][-1]["EventType"] == "TaskCompleted")
    assert (status["runtimeStatus"], status["output"]) == ("Suspended", "hold on")
    assert host.notes("nap parked:") == ["nap parked:1"]
    assert host.manage("GET", f"/instances/{begun}").status_code == 202
    assert host.manage("POST", f"/instances/{begun}/resume", params={"reason": "go on"}).status_code == 202
    status = host.final(begun)
    assert status["output"] == "worked"
    kinds = [event["EventType"] for event in status["historyEvents"]]
    assert kinds == [
        *("ExecutionStarted", "ExecutionSuspended", "TaskCompleted", "ExecutionResumed"),
        *("TaskCompleted", "ExecutionCompleted"),
    ]


def test_event_while_suspended_waits(host: RunningHost) -> None:
    """The event is accepted and shown; the code gets it when resumed."""
    begun = host.begin("waits")
    host.until(begun, lambda seen: seen["runtimeStatus"] == "Running")
    host.manage("POST", f"/instances/{begun}/suspend")
    host.until(begun, lambda seen: seen["runtimeStatus"] == "Suspended")
    host.raise_event(begun, 1)
    assert host.until(begun, lambda seen: raised(seen) == 1)["runtimeStatus"] == "Suspended"
    host.manage("POST", f"/instances/{begun}/resume")
    assert host.final(begun)["output"] == ["int", 1]
