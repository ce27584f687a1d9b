"""How an instance and its history look to those who ask (functions-host-measured.md, 4). Knows shapes only."""

import json
from typing import Any

from local.functions_host import history as ev
from local.functions_host.instants import exact, to_the_second
from local.functions_host.rows import InstanceRow

_OPENING = (ev.TaskScheduled, ev.ChildCreated)
_CLOSING = (ev.TaskCompleted, ev.TaskFailed, ev.ChildCompleted, ev.ChildFailed)


def status_of(
    row: InstanceRow, events: list[ev.Event] | None = None, *, with_input: bool = True, with_results: bool = False
) -> dict[str, Any]:
    """The status object; ``historyEvents`` only where a history is given."""
    status: dict[str, Any] = {
        "name": row.name,
        "instanceId": row.id,
        "runtimeStatus": row.status,
        "input": _parsed(row.input) if with_input else None,
        "customStatus": _parsed(row.custom_status),
        "output": _parsed(row.output),
        "createdTime": to_the_second(row.created_us),
        "lastUpdatedTime": to_the_second(row.updated_us),
    }
    if events:  # a history is not there before the first step (trace start-webhook-with-version-status)
        status["historyEvents"] = history_view(events, with_results=with_results)
    return status


def history_view(events: list[ev.Event], *, with_results: bool) -> list[dict[str, Any]]:
    """Events as names; what was scheduled is folded into what completed it, and stays only while it is open."""
    opened = {event.task_id: event for event in events if isinstance(event, _OPENING)}
    closed = {event.task_id for event in events if isinstance(event, _CLOSING)}
    return [
        _view(event, opened, with_results=with_results)
        for event in events
        if not isinstance(event, ev.StepStarted | ev.StepCompleted)
        and not (isinstance(event, _OPENING) and event.task_id in closed)
    ]


def _view(
    event: ev.Event, opened: dict[int, ev.TaskScheduled | ev.ChildCreated], *, with_results: bool
) -> dict[str, Any]:
    kind, shape = _shape(event, with_results=with_results)
    if isinstance(event, ev.GenericEvent):  # the one whose own field comes first (trace rewind-after)
        return {**shape, "EventType": kind, "Timestamp": exact(event.at_us)}
    view = {"EventType": kind, **shape, "Timestamp": exact(event.at_us)}
    if isinstance(event, ev.ExecutionStarted):
        view["FunctionName"] = event.name
    if isinstance(event, _CLOSING):
        cause = opened[event.task_id]
        view |= {"ScheduledTime": exact(cause.at_us, "+00:00"), "FunctionName": cause.name}
        if isinstance(event, ev.ChildCompleted | ev.ChildFailed) and isinstance(cause, ev.ChildCreated):
            view["InstanceId"] = cause.instance_id
        view["Input"] = None
    return view


def _shape(event: ev.Event, *, with_results: bool) -> tuple[str, dict[str, Any]]:  # noqa: C901, PLR0912 - one case an event
    match event:
        case ev.ExecutionStarted():
            return "ExecutionStarted", {
                "Input": event.input,
                "Correlation": None,
                "ParentTraceContext": None,
                "ScheduledStartTime": None,
                "Generation": event.generation,
                "GenerateNewTrace": False,
            }
        case ev.TaskScheduled():
            return "TaskScheduled", {"Name": event.name, "Input": None, "ParentTraceContext": None, "Tags": None}
        case ev.ChildCreated():
            return "SubOrchestrationInstanceCreated", {
                "Name": event.name,
                "InstanceId": event.instance_id,
                "Input": None,
                "ClientSpanId": None,
                "Tags": None,
            }
        case ev.TaskCompleted():
            return "TaskCompleted", _result(_parsed(event.result), with_results=with_results)
        case ev.ChildCompleted():
            return "SubOrchestrationInstanceCompleted", _result(_parsed(event.result), with_results=with_results)
        case ev.TaskFailed():
            return "TaskFailed", _failure(event)
        case ev.ChildFailed():
            return "SubOrchestrationInstanceFailed", _failure(event)
        case ev.TimerCreated():
            return "TimerCreated", {"FireAt": exact(event.fire_us)}
        case ev.TimerFired():
            return "TimerFired", {"FireAt": exact(event.fire_us)}
        case ev.EventRaised():
            return "EventRaised", {"Name": event.name, "Input": event.input, "ParentTraceContext": None}
        case ev.GenericEvent():
            return "GenericEvent", {"Data": event.data}
        case ev.ExecutionSuspended():
            return "ExecutionSuspended", {"Reason": event.reason}
        case ev.ExecutionResumed():
            return "ExecutionResumed", {"Reason": event.reason}
        case ev.ExecutionTerminated():
            return "ExecutionTerminated", {"Input": event.reason}
        case ev.ExecutionCompleted():
            result = _parsed(event.result) if event.status == "Completed" else event.result
            shown = _result(result, with_results=with_results)
            return "ExecutionCompleted", {"OrchestrationStatus": event.status, **shown, "FailureDetails": None}
        case ev.StepStarted() | ev.StepCompleted():
            raise ValueError("steps are not shown")


def _result(value: Any, *, with_results: bool) -> dict[str, Any]:
    return {"Result": value} if with_results else {}


def _failure(event: ev.TaskFailed | ev.ChildFailed) -> dict[str, Any]:
    return {"Reason": event.reason, "Details": event.details, "FailureDetails": None}


def _parsed(text: str | None) -> Any:
    return None if text is None else json.loads(text)
