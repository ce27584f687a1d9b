"""What SDK 1.x is given and what it answers, beyond what the process tests see."""

import json

import pytest

from local.functions_host import actions as ask
from local.functions_host import history as ev
from local.functions_host.dialect import Step
from local.functions_host.dialect_v1 import JsonDialect
from local.functions_host.invoker import InvocationError

PARENT = ev.Parent("all", "raw-all", "parent-execution", 9)


def test_child_knows_its_parent() -> None:
    """ParentInstance as traced (trigger-payload-orch-raw-kid-step00)."""
    started = ev.ExecutionStarted(0, "kid", '"{}"', "execution", None, PARENT)
    step = Step("kid-id", "raw-all", started.input, past=(), new=(ev.StepStarted(0), started))
    payload = json.loads(JsonDialect().payload(step))
    assert (payload["parentInstanceId"], payload["isReplaying"], payload["input"]) == ("raw-all", False, "{}")
    assert payload["history"][1]["ParentInstance"] == {
        "Name": "all",
        "OrchestrationInstance": {"InstanceId": "raw-all", "ExecutionId": "parent-execution"},
        "TaskScheduleId": 9,
        "Version": None,
    }


def test_continued_execution_begins_with_a_closed_step() -> None:
    """OrchestratorStarted, ExecutionStarted, OrchestratorCompleted; that is played later (trace raw-can-step03)."""
    events = (
        ev.StepStarted(0),
        ev.ExecutionStarted(0, "can", '"1"', "execution", None, None),
        ev.StepCompleted(0, is_played=True),
    )
    first = json.loads(JsonDialect().payload(Step("i", None, '"1"', past=(), new=events)))
    later = json.loads(JsonDialect().payload(Step("i", None, '"1"', past=events, new=(ev.StepStarted(1),))))
    assert [(e["EventType"], e["IsPlayed"]) for e in first["history"]] == [(12, False), (0, False), (13, False)]
    assert [e["IsPlayed"] for e in later["history"]] == [False, True, True, False]


EVENTS: list[ev.Event] = [
    ev.StepStarted(1_500_000),
    ev.ExecutionStarted(2, "n", None, "e", 1, PARENT, "v"),
    ev.TaskScheduled(3, 0, "a"),
    ev.TaskCompleted(4, 0, "1"),
    ev.TaskFailed(5, 0, "r", "d"),
    ev.ChildCreated(6, 1, "c", "id"),
    ev.ChildCompleted(7, 1, None),
    ev.ChildFailed(8, 1, "r", "d"),
    ev.TimerCreated(9, 2, 99),
    ev.TimerFired(10, 2, 99),
    ev.EventRaised(11, "E", '"ä"'),
    ev.ExecutionSuspended(12, "s"),
    ev.ExecutionResumed(13, None),
    ev.ExecutionTerminated(14, "t"),
    ev.ExecutionCompleted(15, "Failed", "f"),
    ev.StepCompleted(16, is_played=True),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_event_survives_the_store(event: ev.Event) -> None:
    """What is read is what was written."""
    assert ev.from_row(*ev.to_row(event)) == event


def test_event_types_have_the_frameworks_numbers() -> None:
    """As listed in functions-host.md, 5.4; times without trailing zeros."""
    step = Step("i", None, None, past=(), new=EVENTS)
    history = json.loads(JsonDialect().payload(step))["history"]
    assert [event["EventType"] for event in history] == [12, 0, 4, 5, 6, 7, 8, 9, 10, 11, 15, 19, 20, 3, 1, 13]
    assert [event["EventId"] for event in history if event["EventId"] != -1] == [0, 1, 2]
    assert history[0]["Timestamp"] == "1970-01-01T00:00:01.5Z"


def test_actions_are_read() -> None:
    """Every action of the JSON protocol but those of entities."""
    retry = {"firstRetryIntervalInMilliseconds": 100, "maxNumberOfAttempts": 3}
    items = [
        {"actionType": 0, "functionName": "a", "input": "1"},
        {"actionType": 12, "compoundActions": [{"actionType": 1, "functionName": "a", "retryOptions": retry}]},
        {"actionType": 2, "functionName": "c", "input": "1", "instanceId": "i", "version": None},
        {"actionType": 11, "compoundActions": [{"actionType": 6, "externalEventName": "E", "reason": "x"}]},
        {"actionType": 5, "fireAt": "1970-01-01T00:00:01.500000Z", "isCanceled": True},
        {"actionType": 8, "httpRequest": {"method": "GET", "uri": "u"}},
        {"actionType": 4, "input": "2"},
    ]
    read = JsonDialect().read(json.dumps({"isDone": False, "schemaVersion": 2, "actions": [items]}))
    assert read == ask.Said(
        actions=(
            ask.CallActivity("a", "1"),
            ask.WhenAll((ask.CallActivity("a", None, ask.Retry(100_000, 3)),)),
            ask.CallChild("c", "1", "i"),
            ask.WhenAny((ask.WaitForEvent("E"),)),
            ask.StartTimer(1_500_000, is_cancelled=True),
            ask.CallHttp('{"method":"GET","uri":"u"}'),
            ask.ContinueAsNew("2"),
        ),
        is_done=False,
    )


@pytest.mark.parametrize("item", [{"actionType": 7, "instanceId": "@e@k"}, {"actionType": 99}])
def test_action_not_served_is_refused(item: dict[str, object]) -> None:
    """Rather said than ignored."""
    with pytest.raises(ValueError, match="does not know the action"):
        JsonDialect().read(json.dumps({"isDone": False, "actions": [[item]]}))


def test_state_is_found_in_a_failure() -> None:
    """The SDK puts it behind a marker in the exception's text; without it only the failure is known."""
    state = json.dumps({"isDone": False, "actions": [[]], "error": "bug"})
    failure = InvocationError("r", report="report", message=f"bug\n\n$OutOfProcData$:{state}")
    assert JsonDialect().read_failure(failure) == ask.Said((), is_done=False, error="bug")
    plain = InvocationError("r", report="report", message="bug")
    assert JsonDialect().read_failure(plain) == ask.Crashed("One or more errors occurred. (report)")
