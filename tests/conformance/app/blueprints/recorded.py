"""Durable functions that write down what the host hands them and what they return, step by step."""

import json
from collections import defaultdict
from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func

bp = df.Blueprint()
Context = df.DurableOrchestrationContext
Steps = Generator[Any, Any, Any]
_steps: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
_tries: defaultdict[str, int] = defaultdict(int)


def _run(code: Callable[[Context], Steps], context: Any) -> str:
    payload = json.loads(context.body)
    state = df.Orchestrator.create(code)(context)
    _steps[payload["instanceId"]].append({"trigger_payload": payload, "returned_state": json.loads(state)})
    return state


def _all(context: Context) -> Steps:
    first = yield context.call_activity("one", {"k": 1})
    context.set_custom_status({"s": 1})
    try:
        yield context.call_activity("bad", "x")
    except Exception:  # noqa: BLE001 - whatever it is
        retried = yield context.call_activity_with_retry("flk", df.RetryOptions(100, 3), context.instance_id)
    both = yield context.task_all([context.call_activity("one", 2), context.call_activity("one", None)])
    child = yield context.call_sub_orchestrator("kid", {"z": 1})
    event = context.wait_for_external_event("E")
    limit = context.create_timer(context.current_utc_datetime + timedelta(seconds=30))
    yield context.task_any([event, limit])
    limit.cancel()
    return {"a": first, "r": retried, "b": both, "c": child, "ev": event.result}


def _kid(context: Context) -> Steps:
    yield context.create_timer(context.current_utc_datetime + timedelta(seconds=1))
    return context.get_input()


def _can(context: Context) -> Steps:
    number = context.get_input() or 0
    yield context.call_activity("one", number)
    if number < 2:
        context.continue_as_new(number + 1)
        return None
    return number


@bp.generic_trigger(arg_name="context", type="orchestrationTrigger", orchestration="all")
@bp.function_name("all")
def record_all(context) -> str:  # noqa: ANN001 - the raw trigger
    """Everything an orchestrator can do."""
    return _run(_all, context)


@bp.generic_trigger(arg_name="context", type="orchestrationTrigger", orchestration="kid")
@bp.function_name("kid")
def record_kid(context) -> str:  # noqa: ANN001 - the raw trigger
    """A child with a timer."""
    return _run(_kid, context)


@bp.generic_trigger(arg_name="context", type="orchestrationTrigger", orchestration="can")
@bp.function_name("can")
def record_can(context) -> str:  # noqa: ANN001 - the raw trigger
    """Three generations."""
    return _run(_can, context)


@bp.activity_trigger(input_name="x")
def one(x) -> Any:  # noqa: ANN001 - that it has no annotation is the point
    """Gives its argument back."""
    return x


@bp.activity_trigger(input_name="x")
def bad(x: str) -> None:  # noqa: ARG001 - a binding
    """Fails."""
    raise ValueError("bad thing")


@bp.activity_trigger(input_name="x")
def flk(x: str) -> int:
    """Fails twice for each key."""
    _tries[x] += 1
    if _tries[x] < 3:
        raise ValueError(f"flk {_tries[x]}")
    return _tries[x]


@bp.route(route="steps/{id}/{number:int}", auth_level=func.AuthLevel.ANONYMOUS)
def steps(req: func.HttpRequest) -> func.HttpResponse:
    """One step of an instance."""
    taken = _steps[req.route_params["id"]]
    number = int(req.route_params["number"])
    if number >= len(taken):
        return func.HttpResponse(status_code=404)
    return func.HttpResponse(json.dumps(taken[number]), mimetype="application/json")


@bp.route(route="child-steps/{id}/{number:int}", auth_level=func.AuthLevel.ANONYMOUS)
def child_steps(req: func.HttpRequest) -> func.HttpResponse:
    """One step of the child of an instance."""
    for taken in list(_steps.values()):
        if taken[0]["trigger_payload"]["parentInstanceId"] == req.route_params["id"]:
            return func.HttpResponse(json.dumps(taken[int(req.route_params["number"])]), mimetype="application/json")
    return func.HttpResponse(status_code=404)
