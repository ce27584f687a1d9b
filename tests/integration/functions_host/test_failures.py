"""What failures look like (functions-host-measured.md, 7)."""

import json

import pytest

from tests.integration.functions_host.running_host import RunningHost

WAS_IT_CHANGED = "Was a change made to the orchestrator code after this instance had already started running?"


def failed(host: RunningHost, name: str, value: object = None) -> str:
    """The output of an orchestration that is expected to fail."""
    status = host.run(name, value)
    assert status["runtimeStatus"] == "Failed", status
    assert status["historyEvents"][-1]["Result"] == status["output"]
    return status["output"]


def test_activity_failure_fails_its_orchestration(host: RunningHost) -> None:
    """Reason with two blanks, blank, newline, blank, then the exception as JSON."""
    reason, details = failed(host, "breaks", "key").split(" \n ")
    assert reason == "Orchestrator function 'breaks' failed: Activity function 'break_down' failed:  KeyError: 'key'"
    assert json.loads(details)["Message"] == " KeyError: 'key'"


def test_activity_failure_in_the_history(host: RunningHost) -> None:
    """TaskFailed has Reason, Details and an empty FailureDetails (trace orch-act-exception-value)."""
    event = host.run("breaks", "key")["historyEvents"][1]
    assert list(event) == [
        *("EventType", "Reason", "Details", "FailureDetails", "Timestamp", "ScheduledTime", "FunctionName", "Input"),
    ]
    assert (event["Reason"], event["FailureDetails"]) == (
        "Activity function 'break_down' failed:  KeyError: 'key'",
        None,
    )


def test_caught_activity_failure_is_a_plain_exception(host: RunningHost) -> None:
    """Reason, blank, newline, blank, Details."""
    kind, text = host.result("catches")
    assert kind == "Exception"
    assert text.startswith("Activity function 'break_down' failed:  KeyError: 'key' \n {")


def test_activity_result_that_is_no_json(host: RunningHost) -> None:
    """The converter's own message."""
    assert "failed:  ValueError: activity trigger output must be json serializable ({1})" in failed(
        host, "breaks", "set"
    ).replace("{1, 2}", "{1}")


def test_activity_that_ends_its_process(host: RunningHost) -> None:
    """Reported as a dead worker is; here the other functions live on."""
    text = failed(host, "breaks", "exit")
    assert f"Activity function 'break_down' failed: {host.python} exited with code 1 (0x1)" in text
    assert host.result("chain") == 3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("raises", "Orchestrator function 'raises' failed: 'a bug'"),
        ("returns_set", "Orchestrator function 'returns_set' failed: Object of type set is not JSON serializable"),
    ],
)
def test_orchestrator_failure_is_its_message(host: RunningHost, name: str, text: str) -> None:
    """The message alone: no type, no stack."""
    assert failed(host, name) == text


def test_failure_without_state_in_the_first_step_is_reported(host: RunningHost) -> None:
    """The worker's three-part report in brackets."""
    text = failed(host, "raises_at_once")
    assert text.startswith(
        "Orchestrator function 'raises_at_once' failed: One or more errors occurred. "
        "(Result: Failure\nException: ValueError: no generator\nStack: "
    )


def test_failure_without_state_in_a_later_step_looks_like_changed_code(host: RunningHost) -> None:
    """Nothing was asked for, so the history does not fit, whatever the cause (trace yield-non-task-in-later-step)."""
    assert failed(host, "yields_rubbish_later") == (
        "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled an activity task "
        "with sequence ID 0 and name 'add_one' (version ''), but the current replay execution hasn't (yet?) scheduled "
        f"this task. {WAS_IT_CHANGED}"
    )


def test_changed_code_is_detected(host: RunningHost) -> None:
    """Another kind of action under the same number (trace orch-nondeterministic)."""
    status = host.run("changes_its_mind")
    assert status["output"] == (
        "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled an activity task "
        "with sequence number 0 named 'add_one', but the current orchestration replay instead produced a "
        f"CreateTimerOrchestratorAction action with this sequence number. {WAS_IT_CHANGED}"
    )
    kinds = [event["EventType"] for event in status["historyEvents"]]
    assert kinds == ["ExecutionStarted", "TaskCompleted", "TimerCreated", "ExecutionCompleted"]


def test_custom_status_over_16_kb_fails(host: RunningHost) -> None:
    """Measured in UTF-16 (trace orch-custom-status-too-big)."""
    assert failed(host, "statuses", 9000) == (
        "Orchestrator function 'statuses' failed: The UTF-16 size of the JSON-serialized payload must not exceed "
        "16 KB. The current payload size is 17 KB."
    )


def test_unknown_activity_is_loud(host: RunningHost) -> None:
    """The real host leaves the instance Running for ever; this one fails it and says so, in the log too."""
    text = failed(host, "calls_unknown")
    assert "There is no activity function 'no_such_activity'" in text
    assert "On Azure this instance would stay Running for ever" in text
    assert text in host.log()


@pytest.mark.parametrize("child", ["no_such_child", "own id"])
def test_impossible_child_is_loud(host: RunningHost, child: str) -> None:
    """An unknown child, or a child with its parent's id, hangs on the real host."""
    begun = f"loud-{child.replace(' ', '-')}"
    given = [child, None, 1] if child == "no_such_child" else ["chain", begun, 1]
    status = host.run("parent_of_named", given, begun)
    assert status["runtimeStatus"] == "Failed"
    assert "would stay Running for ever" in status["output"]


def test_unknown_orchestrator_is_accepted_then_fails(host: RunningHost) -> None:
    """202, then Failed with the list of those that are known."""
    answer = host.manage("POST", "/orchestrators/nope/unknown-1")
    assert answer.status_code == 202
    status = host.final("unknown-1")
    assert status["output"].startswith(
        "Orchestrator function 'nope' failed: The function 'nope' doesn't exist, is disabled, or is not an "
        "orchestrator function. Additional info: The following are the known orchestrator functions: '"
    )
    assert [event["EventType"] for event in status["historyEvents"]] == ["ExecutionStarted", "ExecutionCompleted"]
