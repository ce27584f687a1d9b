"""Activities, timers, sub-orchestrations and continue_as_new, each as one run through the unchanged SDK."""

from typing import Any

import pytest

from tests.integration.functions_host.running_host import RunningHost


def kinds(status: dict[str, Any]) -> list[str]:
    """The names of the history's events."""
    return [event["EventType"] for event in status["historyEvents"]]


def test_chain_runs_its_activities_in_order(host: RunningHost) -> None:
    """Each result reaches the next step; status and history have the measured shape (trace rpc-status-show)."""
    status = host.run("chain", 1)
    assert (status["output"], status["customStatus"], status["input"]) == (4, {"step": 3}, "1")
    assert list(status) == [
        *("name", "instanceId", "runtimeStatus", "input", "customStatus", "output"),
        *("createdTime", "lastUpdatedTime", "historyEvents"),
    ]
    started, first, *_, completed = status["historyEvents"]
    assert list(started) == [
        *("EventType", "Input", "Correlation", "ParentTraceContext", "ScheduledStartTime"),
        *("Generation", "GenerateNewTrace", "Timestamp", "FunctionName"),
    ]
    assert (started["EventType"], started["Input"], started["FunctionName"]) == ("ExecutionStarted", '"1"', "chain")
    assert list(first) == ["EventType", "Result", "Timestamp", "ScheduledTime", "FunctionName", "Input"]
    assert (first["EventType"], first["Result"], first["FunctionName"]) == ("TaskCompleted", 2, "add_one")
    assert first["ScheduledTime"].endswith("+00:00")
    assert (completed["OrchestrationStatus"], completed["Result"], completed["FailureDetails"]) == (
        "Completed",
        4,
        None,
    )


def test_orchestrator_is_given_its_complete_history(host: RunningHost) -> None:
    """The trigger text has every event with its measured fields (trace trigger-payload-orch-raw-all-step01)."""
    seen = host.result("sees", {"hello": "w"})
    assert {key: value for key, value in seen.items() if key not in {"history", "instanceId"}} == {
        "input": '{"hello": "w"}',
        "isReplaying": True,
        "parentInstanceId": None,
        "upperSchemaVersion": 1,
        "upperSchemaVersionNew": 3,
        "longRunningTimerIntervalDuration": "3.00:00:00",
        "maximumShortTimerDuration": "6.00:00:00",
        "defaultHttpAsyncRequestSleepTimeMillseconds": 30000,
    }
    assert [(e["EventType"], e["EventId"], e["IsPlayed"]) for e in seen["history"]] == [
        (12, -1, False),
        (0, -1, True),
        (4, 0, False),
        (13, -1, False),
        (12, -1, False),
        (5, -1, False),
    ]
    _, started, scheduled, _, _, completed = seen["history"]
    assert started.pop("OrchestrationInstance")["InstanceId"] == seen["instanceId"]
    assert started.pop("Timestamp").endswith("Z")
    assert started == {
        "EventType": 0,
        "ParentInstance": None,
        "Name": "sees",
        "Version": None,
        "Tags": None,
        "Correlation": None,
        "Input": '"{\\"hello\\": \\"w\\"}"',
        "ParentTraceContext": None,
        "ScheduledStartTime": None,
        "Generation": 0,
        "GenerateNewTrace": False,
        "EventId": -1,
        "IsPlayed": True,
    }
    own = {"EventId", "IsPlayed", "Timestamp", "EventType"}
    assert set(scheduled) - own == {"Name", "Version", "Input", "ParentTraceContext", "Tags"}
    assert {key: completed[key] for key in set(completed) - own} == {"TaskScheduledId": 0, "Result": "2"}


@pytest.mark.parametrize("value", [{"a": [1, None]}, [1, 2], "text", '{"a": 1}', "", 0, 1.5, True, None, "äöü€😀\n"])
def test_values_survive_activities(host: RunningHost, value: Any) -> None:
    """Whatever JSON holds comes back from an activity as it went."""
    assert host.result("round_trip", value) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [({"a": 1}, '{"a": 1}'), ([1], "[1]"), ("hello", '"hello"'), (60, "60"), (None, None), ("ä", '"\\u00e4"')],
)
def test_input_by_sdk_is_json_text_in_the_status(host: RunningHost, value: Any, shown: str | None) -> None:
    """The SDK encodes twice: the orchestrator gets the value, the status shows its text."""
    status = host.run("echo_input", value)
    assert (status["input"], status["output"]) == (shown, [type(value).__name__, value])


def test_fan_out_collects_in_order(host: RunningHost) -> None:
    """task_all gives results in the order of its members."""
    assert host.result("fan_out", 20) == list(range(1, 21))


def test_retry_that_recovers(host: RunningHost) -> None:
    """Each failure is followed by a timer and another attempt."""
    status = host.run("retrying", 3)
    assert status["output"] == 3
    attempt = ["TaskFailed", "TimerCreated", "TimerFired"]
    assert kinds(status) == ["ExecutionStarted", *attempt, *attempt, "TaskCompleted", "ExecutionCompleted"]


def test_retry_that_is_exhausted(host: RunningHost) -> None:
    """After the last failure comes one more timer, due in the past (trace orch-act-retry-exhausted)."""
    status = host.run("retrying", 9)
    assert status["runtimeStatus"] == "Failed"
    attempt = ["TaskFailed", "TimerCreated", "TimerFired"]
    assert kinds(status) == ["ExecutionStarted", *attempt, *attempt, *attempt, "ExecutionCompleted"]
    last_timer = [event for event in status["historyEvents"] if event["EventType"] == "TimerCreated"][-1]
    assert last_timer["FireAt"] < last_timer["Timestamp"]


def test_timer_is_not_early(host: RunningHost) -> None:
    """Here a timer never fires before its time; the orchestrator's clock is the step's."""
    status = host.run("sleeper", 0.3)
    assert status["output"] >= 0.3
    created, fired = (event for event in status["historyEvents"] if event["EventType"].startswith("Timer"))
    assert fired["FireAt"] == created["FireAt"]


def test_losing_timer_that_was_cancelled_does_not_hold(host: RunningHost) -> None:
    """The instance ends although a cancelled timer is not due yet; its TimerCreated stays."""
    status = host.run("races_timer", [0.0, True])
    assert status["output"] == "nap"
    assert "TimerCreated" in kinds(status)
    assert "TimerFired" not in kinds(status)


def test_losing_timer_that_was_not_cancelled_keeps_it_running(host: RunningHost) -> None:
    """Code that has returned stays Running until an open timer is due."""
    status = host.until(host.begin("races_timer", [0.0, False]), lambda seen: seen["customStatus"] == "decided")
    assert status["runtimeStatus"] == "Running"
    assert "TimerFired" in kinds(host.final(status["instanceId"]))


def test_slow_activity_that_lost_keeps_it_running(host: RunningHost) -> None:
    """Code that has returned stays Running until an open activity ends; meanwhile it shows as TaskScheduled."""
    begun = host.begin("races_naps")
    status = host.until(begun, lambda seen: "TaskCompleted" in kinds(seen))
    assert (status["runtimeStatus"], kinds(status)) == (
        "Running",
        ["ExecutionStarted", "TaskScheduled", "TaskCompleted"],
    )
    assert host.final(begun)["output"] == "quick"


def test_task_all_ends_for_the_host_when_all_members_end(host: RunningHost) -> None:
    """The except branch runs at once, but its next activity only starts after the slowest member."""
    begun = host.begin("all_with_one_bad")
    caught = host.until(begun, lambda seen: seen["customStatus"] == "caught")
    assert [event.get("FunctionName") or event.get("Name") for event in caught["historyEvents"]].count("add_one") == 0
    status = host.final(begun)
    assert status["output"] == 2
    scheduled = {event["FunctionName"]: event for event in status["historyEvents"] if "ScheduledTime" in event}
    assert scheduled["add_one"]["ScheduledTime"][:26] > scheduled["nap"]["Timestamp"][:26]


def test_children_run_under_derived_ids(host: RunningHost) -> None:
    """A child without an id is the parent's execution id and the task's number; ids are one counter."""
    status = host.run("family")
    assert status["output"] == [13, [4, ["dict", {"a": 1}]]]
    children = [event["InstanceId"] for event in status["historyEvents"] if "InstanceId" in event]
    assert sorted(child.rpartition(":")[2] for child in children) == ["0", "1", "2"]
    assert len({child.rpartition(":")[0] for child in children}) == 1
    child = host.status(children[0])
    assert (child["name"], child["input"], child["output"]) == ("chain", "10", 13)
    assert child["historyEvents"][0]["Generation"] is None


def test_child_takes_the_place_of_a_running_instance_with_its_id(host: RunningHost) -> None:
    """An explicit child id that is running is overwritten, without an error."""
    running = host.begin("sleeper", 60)
    assert host.result("parent_of_named", ["chain", running, 1]) == 4
    assert host.status(running)["name"] == "chain"


def test_failure_of_a_child_can_be_caught(host: RunningHost) -> None:
    """The parent catches the child's whole output text, and its message again."""
    text = host.result("parent_of_failing")
    assert text == "Orchestrator function 'raises' failed: 'a bug' \n Message: 'a bug', StackTrace: "


def test_child_with_retry_gets_a_new_id_each_time(host: RunningHost) -> None:
    """Attempts are tasks 0 and 2, timers 1 and 3."""
    status = host.run("parent_retrying")
    failed = [event for event in status["historyEvents"] if event["EventType"] == "SubOrchestrationInstanceFailed"]
    assert status["runtimeStatus"] == "Failed"
    assert [event["InstanceId"].rpartition(":")[2] for event in failed] == ["0", "2"]


def test_continue_as_new_begins_a_new_execution(host: RunningHost) -> None:
    """History and input are the new generation's; the old custom status stays until that one ends without any."""
    begun = host.begin("generations")
    second = host.until(begun, lambda seen: seen["input"] == "1")
    assert second["customStatus"] == "first"
    third = host.until(begun, lambda seen: seen["input"] == "2")
    assert third["customStatus"] is None
    assert third["createdTime"] == f"{third['historyEvents'][0]['Timestamp'][:19]}Z"
    status = host.final(begun)
    assert (status["output"], status["input"]) == (3, "2")
    assert kinds(status) == ["ExecutionStarted", "TaskCompleted", "TaskCompleted", "ExecutionCompleted"]
    assert status["historyEvents"][0]["Generation"] is None


def test_continue_as_new_waits_for_open_work(host: RunningHost) -> None:
    """The next generation begins when the activity left behind has ended."""
    assert host.result("continues_with_open_work") >= 0.8


def test_custom_status_follows_the_code(host: RunningHost) -> None:
    """It is visible with its step; an empty one is not sent and becomes null."""
    begun = host.begin("statuses", 8000)
    host.until(begun, lambda seen: seen["customStatus"] == "x" * 8000)
    host.until(begun, lambda seen: seen["customStatus"] is None)
    assert host.final(begun)["output"] == "ok"


def test_instance_can_be_started_by_an_activity(host: RunningHost) -> None:
    """The durable client works in activities too."""
    assert host.result("starts_other", "from-activity") == "from-activity"
    assert host.final("from-activity")["output"] == 13


def test_call_http_is_made_by_the_host(host: RunningHost) -> None:
    """Any status is a result, not an error."""
    assert host.result("calls_http", f"{host.base}/api/returns/own") == [404, "mine"]
    assert host.result("calls_http", f"{host.base}/api/word/abc") == [200, "abc"]


def test_binding_has_the_measured_fields(host: RunningHost) -> None:
    """The durable client finds hub, links, and the loopback address of the extension (trace binding-durableClient)."""
    seen = host.call("GET", "/api/binding").json()
    assert (seen["_task_hub_name"], seen["_management_urls"]["id"]) == ("SampleHub", "INSTANCEID")
    assert seen["_rpc_base_url"].startswith("http://127.0.0.1:")
    assert seen["_rpc_base_url"].endswith("/durabletask/")
    assert set(seen["_client_data"]) == {
        *("connectionName", "baseUrl", "requiredQueryStringParameters", "httpBaseUrl"),
        *("maxGrpcMessageSizeInBytes", "grpcHttpClientTimeout"),
    }
