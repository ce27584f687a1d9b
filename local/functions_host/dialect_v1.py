"""The JSON protocol of azure-functions-durable 1.x (functions-host.md, 5.4 and 5.5).

Knows shapes only: no replay, no storage.
"""

import json
from collections.abc import Callable
from itertools import chain
from typing import Any

from local.functions_host import actions as ask
from local.functions_host import history as ev
from local.functions_host.dialect import Step
from local.functions_host.instants import exact, parse
from local.functions_host.invoker import InvocationError
from local.functions_host.json_text import compact

STATE_MARKER = "$OutOfProcData$:"
_STATUS_NUMBERS = {"Completed": 1, "ContinuedAsNew": 2, "Failed": 3, "Terminated": 5}


class JsonDialect:
    """What SDK 1.x reads and returns."""

    def payload(self, step: Step) -> str:
        """The trigger text: complete history, input and the constants of the Azure Storage provider."""
        is_replaying = any(isinstance(event, ev.ExecutionStarted) for event in step.past)
        return compact(
            {
                "history": [
                    *(_event(step.instance_id, event, is_past=True) for event in step.past),
                    *(_event(step.instance_id, event, is_past=False) for event in step.new),
                ],
                "input": None if step.input is None else json.loads(step.input),
                "instanceId": step.instance_id,
                "isReplaying": is_replaying,
                "parentInstanceId": step.parent_instance_id,
                "upperSchemaVersion": 1,
                "upperSchemaVersionNew": 3,
                "longRunningTimerIntervalDuration": "3.00:00:00",
                "maximumShortTimerDuration": "6.00:00:00",
                "defaultHttpAsyncRequestSleepTimeMillseconds": 30000,
            }
        )

    def read(self, returned: str) -> ask.RunResult:
        """The state that the SDK returned."""
        state: dict[str, Any] = json.loads(returned)
        return ask.Said(
            actions=tuple(_action(item) for item in chain.from_iterable(state["actions"])),
            is_done=bool(state["isDone"]),
            output=None if state.get("output") is None else compact(state["output"]),
            error=state.get("error"),
            custom_status=state.get("customStatus"),
        )

    def read_failure(self, failure: InvocationError) -> ask.RunResult:
        """The state inside the exception's text, where the SDK put one; else only that it failed."""
        _, found, state = failure.message.rpartition(STATE_MARKER)
        if found:
            return self.read(state)
        return ask.Crashed(f"One or more errors occurred. ({failure.report})")


def _event(instance_id: str, event: ev.Event, *, is_past: bool) -> dict[str, Any]:
    shape = _SHAPES[type(event)](instance_id, event)
    match event:
        case ev.TaskScheduled() | ev.ChildCreated() | ev.TimerCreated():
            event_id, is_played = event.task_id, False
        case ev.GenericEvent():
            event_id, is_played = event.event_id, is_past
        case ev.StepCompleted():
            event_id, is_played = -1, is_past and event.is_played
        case ev.StepStarted():
            event_id, is_played = -1, False  # never set, also on the real host
        case _:
            event_id, is_played = -1, is_past
    return {**shape, "EventId": event_id, "IsPlayed": is_played, "Timestamp": exact(event.at_us)}


def _execution_started(instance_id: str, event: ev.ExecutionStarted) -> dict[str, Any]:
    parent = event.parent
    return {
        "OrchestrationInstance": {"InstanceId": instance_id, "ExecutionId": event.execution_id},
        "EventType": 0,
        "ParentInstance": parent
        and {
            "Name": parent.name,
            "OrchestrationInstance": {"InstanceId": parent.instance_id, "ExecutionId": parent.execution_id},
            "TaskScheduleId": parent.task_id,
            "Version": None,
        },
        "Name": event.name,
        "Version": event.version,
        "Input": event.input,
        "Tags": None,
        "Correlation": None,
        "ParentTraceContext": None,
        "ScheduledStartTime": None,
        "Generation": event.generation,
        "GenerateNewTrace": False,
    }


def _scheduled(_: str, event: ev.TaskScheduled) -> dict[str, Any]:
    return {"EventType": 4, "Name": event.name, "Version": "", "Input": None, "ParentTraceContext": None, "Tags": None}


def _child_created(_: str, event: ev.ChildCreated) -> dict[str, Any]:
    return {
        "EventType": 7,
        "Name": event.name,
        "Version": None,
        "InstanceId": event.instance_id,
        "Input": None,
        "ClientSpanId": None,
        "Tags": None,
    }


def _completed(number: int) -> Callable[[str, Any], dict[str, Any]]:
    return lambda _, event: {"EventType": number, "TaskScheduledId": event.task_id, "Result": event.result}


def _failed(number: int) -> Callable[[str, Any], dict[str, Any]]:
    return lambda _, event: {
        "EventType": number,
        "TaskScheduledId": event.task_id,
        "Reason": event.reason,
        "Details": event.details,
        "FailureDetails": None,
    }


def _bare(number: int) -> Callable[[str, Any], dict[str, Any]]:
    return lambda _id, _event: {"EventType": number}


_SHAPES: dict[type[ev.Event], Callable[[str, Any], dict[str, Any]]] = {
    ev.ExecutionStarted: _execution_started,
    ev.ExecutionCompleted: lambda _, e: {
        "EventType": 1,
        "OrchestrationStatus": _STATUS_NUMBERS[e.status],
        "Result": e.result,
        "FailureDetails": None,
    },
    ev.ExecutionTerminated: lambda _, e: {"EventType": 3, "Input": e.reason},
    ev.TaskScheduled: _scheduled,
    ev.TaskCompleted: _completed(5),
    ev.TaskFailed: _failed(6),
    ev.ChildCreated: _child_created,
    ev.ChildCompleted: _completed(8),
    ev.ChildFailed: _failed(9),
    ev.TimerCreated: lambda _, e: {"EventType": 10, "FireAt": exact(e.fire_us)},
    ev.TimerFired: lambda _, e: {"EventType": 11, "TimerId": e.task_id, "FireAt": exact(e.fire_us)},
    ev.StepStarted: _bare(12),
    ev.StepCompleted: _bare(13),
    ev.EventRaised: lambda _, e: {"EventType": 15, "Name": e.name, "Input": e.input, "ParentTraceContext": None},
    ev.GenericEvent: lambda _, e: {"EventType": 17, "Data": e.data},
    ev.ExecutionSuspended: lambda _, e: {"EventType": 19, "Reason": e.reason},
    ev.ExecutionResumed: lambda _, e: {"EventType": 20, "Reason": e.reason},
}


def _action(item: dict[str, Any]) -> ask.Action:
    match item:
        case {"actionType": 0 | 1, "functionName": str(name)}:
            return ask.CallActivity(name, item.get("input"), _retry(item))
        case {"actionType": 2 | 3, "functionName": str(name)}:
            return ask.CallChild(name, item.get("input"), item.get("instanceId"), item.get("version"), _retry(item))
        case {"actionType": 4}:
            return ask.ContinueAsNew(item.get("input"))
        case {"actionType": 5, "fireAt": str(fire_at)}:
            return ask.StartTimer(parse(fire_at), is_cancelled=bool(item.get("isCanceled")))
        case {"actionType": 6, "externalEventName": str(name)}:
            return ask.WaitForEvent(name)
        case {"actionType": 8}:
            return ask.CallHttp(compact(item["httpRequest"]))
        case {"actionType": 11}:
            return ask.WhenAny(tuple(_action(member) for member in item["compoundActions"]))
        case {"actionType": 12}:
            return ask.WhenAll(tuple(_action(member) for member in item["compoundActions"]))
        case _:
            raise ValueError(f"this host does not know the action {compact(item)[:200]}")


def _retry(item: dict[str, Any]) -> ask.Retry | None:
    options = item.get("retryOptions")
    if not options:
        return None
    return ask.Retry(
        interval_us=int(options["firstRetryIntervalInMilliseconds"]) * 1000,
        attempts=int(options["maxNumberOfAttempts"]),
    )
