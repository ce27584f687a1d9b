"""Limits of host.json, and sizes that Azure would mind."""

import json
import shutil
from collections.abc import Iterator

import pytest

from tests.integration.functions_host.running_host import APP, RunningHost, wait_for

SECOND = "Timeout value of 00:00:01 was exceeded by function: Functions."


@pytest.fixture(scope="module")
def narrow_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """A host that allows one second a function, two activities and one orchestrator step at once."""
    folder = tmp_path_factory.mktemp("narrow")
    app = shutil.copytree(APP, folder / "app")
    durable = {"maxConcurrentActivityFunctions": 2, "maxConcurrentOrchestratorFunctions": 1}
    content = {"version": "2.0", "functionTimeout": "00:00:01", "extensions": {"durableTask": durable}}
    (app / "host.json").write_text(json.dumps(content))
    running = RunningHost(folder / "state", app=app).start()
    yield running
    running.stop()


def test_activity_over_the_time_limit_fails(narrow_host: RunningHost) -> None:
    """Its failure names limit and function (trace timeout-activity-sync); what waits and what computes alike."""
    status = narrow_host.run("works_hard", 3.0)
    kinds = [event["EventType"] for event in status["historyEvents"]]
    assert kinds == ["ExecutionStarted", "TaskFailed", "ExecutionCompleted"]
    failed = f"Activity function 'work_hard' failed: {SECOND}work_hard"
    assert status["historyEvents"][1]["Reason"] == failed
    assert status["output"].startswith(f"Orchestrator function 'works_hard' failed: {failed} \n ")
    waits = narrow_host.run("one_nap", {"seconds": 600, "tag": "limited"})
    assert f"{SECOND}nap" in waits["output"]


def test_http_function_over_the_time_limit_is_an_empty_500(narrow_host: RunningHost) -> None:
    """The log names the limit (trace http-function-timeout-async)."""
    answer = narrow_host.call("GET", "/api/returns/block")
    assert (answer.status_code, answer.content) == (500, b"")
    wait_for(lambda: f"{SECOND}returns" in narrow_host.log(), "the line in the log")


def test_no_more_run_at_once_than_host_json_allows(narrow_host: RunningHost, host: RunningHost) -> None:
    """MaxConcurrentActivityFunctions and maxConcurrentOrchestratorFunctions; without a limit in the way all run."""
    assert narrow_host.result("crowd") == 2
    assert host.result("crowd") == 5
    begun = [narrow_host.begin("crowded") for _ in range(3)]
    assert {narrow_host.final(one)["output"] for one in begun} == {1}


@pytest.mark.parametrize(("characters", "told"), [(29_000, 0), (40_000, 4)])
def test_large_values_are_told_of(host: RunningHost, characters: int, told: int) -> None:
    """Input and output of an instance and of an activity, above about 30,000 characters."""
    status = host.run("round_trip", "x" * characters)
    assert len(status["output"]) == characters
    lines = [line for line in host.log().splitlines() if status["instanceId"] in line and "keeps it in a blob" in line]
    assert len(lines) == told
