# ruff: noqa: ARG001, BLE001, PERF401 - the SDK raises plain exceptions, and a yield cannot stand in a comprehension
"""Orchestrators without events."""

import json
import time
from collections.abc import Generator
from datetime import timedelta
from itertools import count
from typing import Any

import azure.durable_functions as df
import azure.functions as func

bp = df.Blueprint()
_runs = count()
_steps: list[str] = []

TASK_COMPLETED = 5
Flow = Generator[Any, Any, Any]


@bp.orchestration_trigger(context_name="context")
def chain(context: df.DurableOrchestrationContext) -> Flow:
    """Three activities, one after the other."""
    number = context.get_input() or 0
    for step in range(3):
        number = yield context.call_activity("add_one", number)
        context.set_custom_status({"step": step + 1})
    return number


@bp.orchestration_trigger(context_name="context")
def long_chain(context: df.DurableOrchestrationContext) -> Flow:
    """Four slow activities."""
    done = []
    for step in range(4):
        done.append((yield context.call_activity("nap", {"seconds": 0.4, "tag": f"{context.instance_id}:{step}"})))
    return done


@bp.orchestration_trigger(context_name="context")
def one_nap(context: df.DurableOrchestrationContext) -> Flow:
    """One slow activity, as the input says."""
    return (yield context.call_activity("nap", context.get_input()))


@bp.orchestration_trigger(context_name="context")
def fan_out(context: df.DurableOrchestrationContext) -> Flow:
    """Activities side by side."""
    return (yield context.task_all([context.call_activity("add_one", n) for n in range(context.get_input())]))


@bp.orchestration_trigger(context_name="context")
def crowd(context: df.DurableOrchestrationContext) -> Flow:
    """The largest number of activities that ran at once."""
    return max((yield context.task_all([context.call_activity("stand_in_crowd", 0.3) for _ in range(5)])))


@bp.orchestration_trigger(context_name="context")
def crowded(context: df.DurableOrchestrationContext) -> int:
    """How many of these steps run when this one begins; it blocks its thread."""
    _steps.append(context.instance_id)
    size = len(_steps)
    time.sleep(0.3)
    _steps.pop()
    return size


@bp.orchestration_trigger(context_name="context")
def echo_input(context: df.DurableOrchestrationContext) -> Flow:
    """No activity: the input and its type."""
    value = context.get_input()
    return [type(value).__name__, value]


@bp.orchestration_trigger(context_name="context")
def round_trip(context: df.DurableOrchestrationContext) -> Flow:
    """One value to an activity and back."""
    return (yield context.call_activity("same", context.get_input()))


@bp.orchestration_trigger(context_name="context")
def retrying(context: df.DurableOrchestrationContext) -> Flow:
    """An activity with retries."""
    what = {"key": context.instance_id, "good_at": context.get_input()}
    return (yield context.call_activity_with_retry("flaky", df.RetryOptions(20, 3), what))


@bp.orchestration_trigger(context_name="context")
def mends(context: df.DurableOrchestrationContext) -> Flow:
    """An activity whose first call fails, between two that do not."""
    first = yield context.call_activity("add_one", 0)
    calls = yield context.call_activity("flaky", {"key": context.instance_id, "good_at": 2})
    return [first, calls, (yield context.call_activity("add_one", 1))]


@bp.orchestration_trigger(context_name="context")
def parent_of_mending(context: df.DurableOrchestrationContext) -> Flow:
    """A sub-orchestration that fails until it is rewound; its id is this one's and an ending."""
    return (yield context.call_sub_orchestrator("mends", None, f"{context.instance_id}-child"))


@bp.orchestration_trigger(context_name="context")
def breaks(context: df.DurableOrchestrationContext) -> Flow:
    """An activity whose failure nobody catches."""
    return (yield context.call_activity("break_down", context.get_input()))


@bp.orchestration_trigger(context_name="context")
def catches(context: df.DurableOrchestrationContext) -> Flow:
    """An activity whose failure is caught."""
    try:
        yield context.call_activity("break_down", "key")
    except Exception as error:
        return [type(error).__name__, str(error)]


@bp.orchestration_trigger(context_name="context")
def raises(context: df.DurableOrchestrationContext) -> Flow:
    """An exception after the first activity."""
    yield context.call_activity("add_one", 1)
    raise KeyError("a bug")


@bp.orchestration_trigger(context_name="context")
def raises_at_once(context: df.DurableOrchestrationContext) -> Flow:
    """An exception without any yield."""
    raise ValueError("no generator")


@bp.orchestration_trigger(context_name="context")
def returns_set(context: df.DurableOrchestrationContext) -> Flow:
    """A result that is no JSON."""
    yield context.call_activity("add_one", 1)
    return {1}


@bp.orchestration_trigger(context_name="context")
def sleeper(context: df.DurableOrchestrationContext) -> Flow:
    """A timer, and how long it took by the orchestrator's clock."""
    began = context.current_utc_datetime
    yield context.create_timer(began + timedelta(seconds=context.get_input()))
    return (context.current_utc_datetime - began).total_seconds()


@bp.orchestration_trigger(context_name="context")
def races_timer(context: df.DurableOrchestrationContext) -> Flow:
    """The input says how long the activity naps, and whether the losing timer is cancelled."""
    seconds, is_cancelled = context.get_input()
    nap = context.call_activity("nap", {"seconds": seconds, "tag": "racer"})
    timer = context.create_timer(context.current_utc_datetime + timedelta(seconds=1.0))
    winner = yield context.task_any([nap, timer])
    if is_cancelled:
        timer.cancel()
    context.set_custom_status("decided")
    return "nap" if winner is nap else "timer"


@bp.orchestration_trigger(context_name="context")
def races_naps(context: df.DurableOrchestrationContext) -> Flow:
    """Two activities; the slow one is left alone."""
    quick = context.call_activity("nap", {"seconds": 0.05, "tag": "quick"})
    slow = context.call_activity("nap", {"seconds": 1.0, "tag": "slow"})
    winner = yield context.task_any([quick, slow])
    return winner.result


@bp.orchestration_trigger(context_name="context")
def all_with_one_bad(context: df.DurableOrchestrationContext) -> Flow:
    """task_all of a failing and a slow activity."""
    bad = context.call_activity("break_down", "key")
    slow = context.call_activity("nap", {"seconds": 0.6, "tag": "slow"})
    try:
        yield context.task_all([bad, slow])
    except Exception:
        context.set_custom_status("caught")
        return (yield context.call_activity("add_one", 1))


@bp.orchestration_trigger(context_name="context")
def family(context: df.DurableOrchestrationContext) -> Flow:
    """Sub-orchestrations, one after the other and side by side."""
    alone = yield context.call_sub_orchestrator("chain", 10)
    together = yield context.task_all(
        [context.call_sub_orchestrator("chain", 1), context.call_sub_orchestrator("echo_input", {"a": 1})]
    )
    return [alone, together]


@bp.orchestration_trigger(context_name="context")
def parent_of_named(context: df.DurableOrchestrationContext) -> Flow:
    """A sub-orchestration by name, id and input."""
    name, child_id, value = context.get_input()
    return (yield context.call_sub_orchestrator(name, value, child_id))


@bp.orchestration_trigger(context_name="context")
def parent_of_failing(context: df.DurableOrchestrationContext) -> Flow:
    """A sub-orchestration whose failure is caught."""
    try:
        yield context.call_sub_orchestrator("raises")
    except Exception as error:
        return str(error)


@bp.orchestration_trigger(context_name="context")
def parent_retrying(context: df.DurableOrchestrationContext) -> Flow:
    """A sub-orchestration with retries."""
    return (yield context.call_sub_orchestrator_with_retry("raises", df.RetryOptions(20, 2)))


@bp.orchestration_trigger(context_name="context")
def generations(context: df.DurableOrchestrationContext) -> Flow:
    """Three generations by continue_as_new; only the first sets a custom status."""
    number = context.get_input() or 0
    if number == 0:
        context.set_custom_status("first")
    else:
        yield context.call_activity("nap", {"seconds": 0.3, "tag": "generation"})
    number = yield context.call_activity("add_one", number)
    if number < 3:
        context.continue_as_new(number)
        return None
    return number


@bp.orchestration_trigger(context_name="context")
def continues_with_open_work(context: df.DurableOrchestrationContext) -> Flow:
    """continue_as_new while an activity of 0.8 s runs; the second generation tells how much later it began."""
    now = context.current_utc_datetime.timestamp()
    if context.get_input() is None:
        slow = context.call_activity("nap", {"seconds": 0.8, "tag": "open"})
        yield context.task_any([slow, context.call_activity("add_one", 1)])
        context.continue_as_new(now)
        return None
    return now - context.get_input()


@bp.orchestration_trigger(context_name="context")
def statuses(context: df.DurableOrchestrationContext) -> Flow:
    """A custom status of the asked length, then an empty one."""
    context.set_custom_status("x" * context.get_input())
    yield context.call_activity("nap", {"seconds": 0.3, "tag": "status"})
    context.set_custom_status("")
    yield context.call_activity("nap", {"seconds": 0.3, "tag": "status"})
    return "ok"


@bp.orchestration_trigger(context_name="context")
def changes_its_mind(context: df.DurableOrchestrationContext) -> Flow:
    """Not deterministic."""
    if next(_runs) % 2 == 0:
        yield context.call_activity("add_one", 1)
    else:
        yield context.create_timer(context.current_utc_datetime + timedelta(seconds=1))
    yield context.call_activity("add_one", 2)


@bp.orchestration_trigger(context_name="context")
def yields_rubbish_later(context: df.DurableOrchestrationContext) -> Flow:
    """The second yield is no task."""
    yield context.call_activity("add_one", 1)
    yield 5


@bp.orchestration_trigger(context_name="context")
def calls_unknown(context: df.DurableOrchestrationContext) -> Flow:
    """An activity that does not exist."""
    try:
        yield context.call_activity("no_such_activity", 1)
    except Exception:
        return "caught"


@bp.orchestration_trigger(context_name="context")
def calls_http(context: df.DurableOrchestrationContext) -> Flow:
    """A request by the host."""
    answer = yield context.call_http("GET", context.get_input())
    return [answer["statusCode"], answer["content"]]


@bp.orchestration_trigger(context_name="context")
def starts_other(context: df.DurableOrchestrationContext) -> Flow:
    """Another instance, started by an activity."""
    return (yield context.call_activity("start_other", context.get_input()))


@bp.orchestration_trigger(context_name="context")
def works_hard(context: df.DurableOrchestrationContext) -> Flow:
    """An activity that blocks."""
    return (yield context.call_activity("work_hard", context.get_input()))


@bp.generic_trigger(arg_name="raw", type="orchestrationTrigger")
def sees(raw: func.OrchestrationContext) -> str:
    """Not of the SDK: returns its own trigger text, so that tests see what the SDK is given."""
    seen = json.loads(raw.body)
    has_run = any(event["EventType"] == TASK_COMPLETED for event in seen["history"])
    actions = [{"actionType": 0, "functionName": "add_one", "input": "1"}]
    state = {"isDone": has_run, "schemaVersion": 2, "actions": [actions]}
    return json.dumps(state | ({"output": seen} if has_run else {}))
