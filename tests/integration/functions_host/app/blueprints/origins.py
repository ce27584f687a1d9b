# ruff: noqa: ARG001 - an orchestrator need not look at its context
"""What functions are told of who started them: trace and version."""

import json
from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from opentelemetry import context as otel
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

bp = df.Blueprint()

Flow = Generator[Any, Any, Any]
TASK_COMPLETED = 5


@bp.activity_trigger(input_name="what")
def tells_trace(what: object, context: func.Context) -> list[str]:
    """The trace of the call, by both of the names that the worker gives it."""
    trace = context.trace_context
    assert (trace.Traceparent, trace.Tracestate) == (trace.trace_parent, trace.trace_state)
    return [trace.trace_parent, trace.trace_state]


@bp.orchestration_trigger(context_name="context")
def traces(context: df.DurableOrchestrationContext) -> Flow:
    """What an activity is told, in this generation, in a child of it, and in the next generation."""
    if context.get_input() == "child":
        return (yield context.call_activity("tells_trace"))
    here = yield context.call_activity("tells_trace")
    if isinstance(context.get_input(), list):
        return [*context.get_input(), here]
    child = yield context.call_sub_orchestrator("traces", "child")
    context.continue_as_new([here, child])
    return None


@bp.generic_trigger(arg_name="raw", type="orchestrationTrigger")
def sees_trace(raw: func.OrchestrationContext, context: func.Context) -> str:
    """Not of the SDK, whose orchestrators have no invocation context: the trace of the first step and of the second."""
    own = [context.trace_context.trace_parent, context.trace_context.trace_state]
    history = json.loads(raw.body)["history"]
    state = {"schemaVersion": 2, "actions": [[{"actionType": 0, "functionName": "tells_trace", "input": "null"}]]}
    has_run = any(event["EventType"] == TASK_COMPLETED for event in history)
    return json.dumps({"isDone": has_run, **state, **({"output": own} if has_run else {})})


@bp.route("start-traced/{id}", auth_level=func.AuthLevel.ANONYMOUS)
@bp.durable_client_input("client")
async def start_traced(
    req: func.HttpRequest, context: func.Context, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Start ``traces`` within the trace of the request, as Azure's documentation says to."""
    trace = context.trace_context
    carrier = {"traceparent": trace.Traceparent, "tracestate": trace.Tracestate}
    token = otel.attach(TraceContextTextMapPropagator().extract(carrier))
    try:
        return func.HttpResponse(await client.start_new("traces", req.route_params["id"]))
    finally:
        otel.detach(token)


@bp.orchestration_trigger(context_name="context")
def tells_version(context: df.DurableOrchestrationContext) -> Flow:
    """Its version, in this generation and the next, and that of children that are given one and none."""
    if context.get_input() == "child":
        return context.version
    if context.get_input() is None:
        given = yield context.call_sub_orchestrator("tells_version", "child", version="1.2")
        none = yield context.call_sub_orchestrator("tells_version", "child")
        context.continue_as_new([context.version, given, none])
        return None
    return [*context.get_input(), context.version]
