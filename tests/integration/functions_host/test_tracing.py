"""The trace of whoever starts an orchestration (functions-host.md, 3, item 17, and 7.3)."""

from tests.integration.functions_host.running_host import RunningHost

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE = [PARENT, "vendor=1"]
HEADERS = {"traceparent": PARENT, "tracestate": "vendor=1"}


def test_trace_reaches_activities_children_and_later_generations(modern_host: RunningHost) -> None:
    """Started within a request's trace by the SDK: everything the instance calls is told of it."""
    assert modern_host.call("GET", "/api/start-traced/traced-1", headers=HEADERS).status_code == 200
    assert modern_host.final("traced-1")["output"] == [TRACE, TRACE, TRACE]


def test_trace_reaches_the_orchestrator_function_in_every_step(modern_host: RunningHost) -> None:
    """Started by webhook; the second step, after a replay, still has it."""
    modern_host.manage("POST", "/orchestrators/sees_trace/traced-2", headers=HEADERS)
    assert modern_host.final("traced-2")["output"] == TRACE


def test_no_trace_is_handed_on_unless_tracing_is_on(host: RunningHost) -> None:
    """Off by default, as on Azure: neither activities nor orchestrator functions are told."""
    host.manage("POST", "/orchestrators/traces/untraced-1", headers=HEADERS)
    host.manage("POST", "/orchestrators/sees_trace/untraced-2", headers=HEADERS)
    assert host.final("untraced-1")["output"] == [["", ""]] * 3
    assert host.final("untraced-2")["output"] == ["", ""]
