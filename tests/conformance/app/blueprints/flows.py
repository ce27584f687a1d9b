"""Orchestrators that end well."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df

bp = df.Blueprint()
Context = df.DurableOrchestrationContext
Steps = Generator[Any, Any, Any]


@bp.orchestration_trigger(context_name="context")
def chain(context: Context) -> Steps:
    """Three activities in a row, each with a custom status after it."""
    number = context.get_input() or 0
    for step in (1, 2, 3):
        number = yield context.call_activity("add_one", number)
        context.set_custom_status({"step": step})
    return number


@bp.orchestration_trigger(context_name="context")
def fan(context: Context) -> Steps:
    """As many activities side by side as asked."""
    numbers = yield context.task_all([context.call_activity("add_one", n) for n in range(context.get_input() or 5)])
    return sum(numbers)


@bp.orchestration_trigger(context_name="context")
def retrying(context: Context) -> Steps:
    """A retry that recovers."""
    work = {"key": context.instance_id, "ok_at": context.get_input()}
    return (yield context.call_activity_with_retry("flaky", df.RetryOptions(50, 3), work))


@bp.orchestration_trigger(context_name="context")
def parent(context: Context) -> Steps:
    """One child, then two side by side."""
    first = yield context.call_sub_orchestrator("chain", 10)
    kids = [context.call_sub_orchestrator("fan", 3), context.call_sub_orchestrator("chain", 1)]
    return [first, (yield context.task_all(kids))]


@bp.orchestration_trigger(context_name="context")
def sub_ids(context: Context) -> Steps:
    """A child with the default id and one with an id of its own."""
    first = yield context.call_sub_orchestrator("props", 1)
    second = yield context.call_sub_orchestrator("props", 2, f"{context.instance_id}-kid")
    return [first, second]


@bp.orchestration_trigger(context_name="context")
def sub_same_id(context: Context) -> Steps:
    """A child whose id is the same for every parent of one test."""
    return (yield context.call_sub_orchestrator("chain", 1, f"{context.instance_id}-child"))


@bp.orchestration_trigger(context_name="context")
def kid12(context: Context) -> Steps:
    """A child after eleven activities."""
    for _ in range(11):
        yield context.call_activity("nap", 0)
    return (yield context.call_sub_orchestrator("can", 5))


@bp.orchestration_trigger(context_name="context")
def props(context: Context) -> Any:
    """What the context shows of itself."""
    return {
        "id": context.instance_id,
        "parent": context.parent_instance_id,
        "replaying": context.is_replaying,
        "now": str(context.current_utc_datetime),
        "tz": str(context.current_utc_datetime.tzinfo),
        "hist": [type(event).__name__ for event in context.histories],
        "version": context.version,
        "fc": str(vars(context.function_context)),
        "uuid": [context.new_uuid(), str(context.new_guid())],
    }


@bp.orchestration_trigger(context_name="context")
def eternal(context: Context) -> Steps:
    """Five generations."""
    number = context.get_input() or 0
    context.set_custom_status({"gen": number})
    number = yield context.call_activity("add_one", number)
    if number < 5:
        context.continue_as_new(number)
        return None
    return number


@bp.orchestration_trigger(context_name="context")
def can_open_act(context: Context) -> Steps:
    """Makes an activity, never yields it, and goes on as new."""
    if context.get_input() is None:
        context.call_activity("slow", {"s": 1, "tag": "open"})
        yield context.call_activity("add_one", 1)
        context.continue_as_new(1)
        return None
    yield context.call_activity("add_one", 1)
    return "gen1 done"


@bp.orchestration_trigger(context_name="context")
def forget(context: Context) -> Steps:
    """Makes an activity and returns."""
    context.call_activity("slow", {"s": 1, "tag": "forgotten"})
    return "returned"
    yield


@bp.orchestration_trigger(context_name="context")
def forget2(context: Context) -> Steps:
    """Makes an activity, yields another, and returns."""
    context.call_activity("slow", {"s": 1, "tag": "forgotten2"})
    yield context.call_activity("add_one", 1)
    return "returned"


@bp.orchestration_trigger(context_name="context")
def cs_kinds(context: Context) -> Steps:
    """Custom statuses of all kinds, one a step."""
    for status in [{"a": 1}, "s", 5, [], {}, "", 0, None, "end"]:
        context.set_custom_status(status)
        yield context.call_activity("slow", {"s": 0.7, "tag": "cs"})
    return "ok"


@bp.orchestration_trigger(context_name="context")
def big_status(context: Context) -> Steps:
    """A custom status of the size that is asked for."""
    context.set_custom_status("x" * context.get_input())
    yield context.call_activity("add_one", 1)
    return "ok"


@bp.orchestration_trigger(context_name="context")
def big_io(context: Context) -> Steps:
    """A large result."""
    return (yield context.call_activity("echo_big", context.get_input()["n"]))


@bp.orchestration_trigger(context_name="context")
def chttp(context: Context) -> Steps:
    """A call to a URL."""
    answer = yield context.call_http("GET", context.get_input())
    return {"type": type(answer).__name__, "v": str(answer)}


@bp.orchestration_trigger(context_name="context")
def seq_stamp(context: Context) -> Steps:
    """Activities in a row, ``s`` seconds each."""
    wanted = context.get_input()
    out = []
    for i in range(wanted["n"]):
        work = {"i": i, "id": context.instance_id, "s": wanted["s"]}
        out.append((yield context.call_activity("stamp", work)))
    return out


@bp.orchestration_trigger(context_name="context")
def rw(context: Context) -> Steps:
    """Its middle activity fails at first."""
    first = yield context.call_activity("stamp", {"rw": context.instance_id, "step": 1})
    middle = yield context.call_activity("flaky", {"key": f"rw{context.instance_id}", "ok_at": 2})
    last = yield context.call_activity("stamp", {"rw": context.instance_id, "step": 3})
    return [first, middle, last]


@bp.orchestration_trigger(context_name="context")
def act_ret_none_noyield(context: Context) -> Steps:
    """A task_all of nothing."""
    yield context.task_all([])
    return "empty task_all"


@bp.orchestration_trigger(context_name="context")
def any_all_nested(context: Context) -> Steps:
    """A task_all within a task_any."""
    both = context.task_all([context.call_activity("add_one", 1), context.call_activity("add_one", 2)])
    limit = context.create_timer(context.current_utc_datetime + timedelta(seconds=30))
    winner = yield context.task_any([both, limit])
    if winner is both:
        limit.cancel()
    return [winner is both, both.result]


@bp.orchestration_trigger(context_name="context")
def any_two(context: Context) -> Steps:
    """The slower of two activities is still open when the code returns."""
    fast = context.call_activity("slow", {"s": 0.2, "tag": "fast"})
    late = context.call_activity("slow", {"s": 4, "tag": "slow"})
    winner = yield context.task_any([fast, late])
    context.set_custom_status("won")
    return {"winner": winner.result, "is_a": winner is fast}
