"""Orchestrators that fail, or catch what fails below them."""

from collections import Counter
from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

import azure.durable_functions as df

bp = df.Blueprint()
Context = df.DurableOrchestrationContext
Steps = Generator[Any, Any, Any]
_runs: Counter[str] = Counter()


def _told(error: Exception) -> dict[str, str]:
    return {"t": type(error).__name__, "s": str(error)}


@bp.orchestration_trigger(context_name="context")
def raises(context: Context) -> Steps:
    """Raises in its second step."""
    yield context.call_activity("add_one", 1)
    raise KeyError("orchestrator bug")


@bp.orchestration_trigger(context_name="context")
def gen_raise_first(context: Context) -> Steps:  # noqa: ARG001 - a binding
    """Raises in its first step."""
    raise ValueError("first boom")
    yield


@bp.orchestration_trigger(context_name="context")
def nogen(context: Context) -> str:  # noqa: ARG001 - a binding
    """Not a generator."""
    return "no generator"


@bp.orchestration_trigger(context_name="context")
def nogen_raise(context: Context) -> None:  # noqa: ARG001 - a binding
    """Not a generator, and raises."""
    raise ValueError("nogen boom")


@bp.orchestration_trigger(context_name="context")
def act_raise(context: Context) -> Steps:
    """An activity fails."""
    return (yield context.call_activity("raiser_act", context.get_input()))


@bp.orchestration_trigger(context_name="context")
def act_raise_async(context: Context) -> Steps:
    """An async activity fails."""
    return (yield context.call_activity("araiser", context.get_input()))


@bp.orchestration_trigger(context_name="context")
def act_raise_caught(context: Context) -> Steps:
    """An activity fails, and the code says what it caught."""
    try:
        return (yield context.call_activity("raiser_act", context.get_input()))
    except Exception as error:  # noqa: BLE001 - whatever it is, is what is looked at
        return {**_told(error), "args": [str(part) for part in error.args], "cause": repr(error.__cause__)}


@bp.orchestration_trigger(context_name="context")
def act_retry_fail(context: Context) -> Steps:
    """All attempts fail."""
    return (yield context.call_activity_with_retry("raiser_act", df.RetryOptions(200, 3), context.get_input()))


@bp.orchestration_trigger(context_name="context")
def act_retry_caught(context: Context) -> Steps:
    """All attempts fail, and the code catches it."""
    try:
        return (yield context.call_activity_with_retry("raiser_act", df.RetryOptions(200, 2), context.get_input()))
    except Exception as error:  # noqa: BLE001 - whatever it is, is what is looked at
        return _told(error)


@bp.orchestration_trigger(context_name="context")
def sub_caught(context: Context) -> Steps:
    """A child's activity fails, and the code catches it."""
    try:
        return (yield context.call_sub_orchestrator("act_raise", context.get_input()))
    except Exception as error:  # noqa: BLE001 - whatever it is, is what is looked at
        return _told(error)


@bp.orchestration_trigger(context_name="context")
def sub_raises_caught(context: Context) -> Steps:
    """A child raises, and the code catches it."""
    try:
        return (yield context.call_sub_orchestrator("raises", None))
    except Exception as error:  # noqa: BLE001 - whatever it is, is what is looked at
        return _told(error)


@bp.orchestration_trigger(context_name="context")
def sub_retry(context: Context) -> Steps:
    """A child fails twice."""
    return (yield context.call_sub_orchestrator_with_retry("raises", df.RetryOptions(200, 2), None))


@bp.orchestration_trigger(context_name="context")
def catch_and_go(context: Context) -> Steps:
    """Goes on after a failure."""
    try:
        yield context.call_activity("raiser_act", {"kind": "value"})
    except Exception:  # noqa: BLE001 - whatever it is
        return (yield context.call_activity("add_one", 1))


@bp.orchestration_trigger(context_name="context")
def fan_fail(context: Context) -> Steps:
    """One of three fails."""
    tasks = [
        context.call_activity("raiser_act", {"kind": "value"}),
        context.call_activity("add_one", 1),
        context.call_activity("slow", {"s": 2, "tag": "z"}),
    ]
    try:
        return (yield context.task_all(tasks))
    except Exception as error:  # noqa: BLE001 - whatever it is, is what is looked at
        return {"t": type(error).__name__, "s": str(error)[:200]}


@bp.orchestration_trigger(context_name="context")
def hazard_whenall_slow(context: Context) -> Steps:
    """One of two fails at once, and a new call is made while the other is open."""
    tasks = [
        context.call_activity("flaky", {"key": context.instance_id, "ok_at": 99}),
        context.call_activity("slow", {"s": 3, "tag": "b"}),
    ]
    try:
        yield context.task_all(tasks)
    except Exception:  # noqa: BLE001 - whatever it is
        context.set_custom_status("caught")
        return {"add_one": (yield context.call_activity("add_one", 41))}


@bp.orchestration_trigger(context_name="context")
def hazard_whenall_retry(context: Context) -> Steps:
    """One of two retries gives up early, and a new call takes the other's id."""
    one = {"key": f"{context.instance_id}a", "ok_at": 99}
    other = {"key": f"{context.instance_id}b", "ok_at": 3}
    tasks = [
        context.call_activity_with_retry("flaky", df.RetryOptions(50, 1), one),
        context.call_activity_with_retry("flaky", df.RetryOptions(400, 3), other),
    ]
    try:
        yield context.task_all(tasks)
    except Exception:  # noqa: BLE001 - whatever it is
        return {"add_one(41) gave": (yield context.call_activity("add_one", 41))}


@bp.orchestration_trigger(context_name="context")
def fail_open(context: Context) -> Steps:
    """Fails while an activity is open."""
    yield context.task_any([context.call_activity("nap", 0.2), context.call_activity("nap", 8)])
    raise ValueError("failed with open activity")


@bp.orchestration_trigger(context_name="context")
def nondet(context: Context) -> Steps:
    """Takes another way in every second run."""
    _runs[context.instance_id] += 1
    if _runs[context.instance_id] % 2:
        yield context.call_activity("add_one", 1)
    else:
        yield context.create_timer(context.current_utc_datetime + timedelta(seconds=1))
    return (yield context.call_activity("add_one", 2))


@bp.orchestration_trigger(context_name="context")
def ret_set(context: Context) -> Steps:  # noqa: ARG001 - a binding
    """Returns what is not JSON."""
    return {1, 2}
    yield


@bp.orchestration_trigger(context_name="context")
def bad_yield(context: Context) -> Steps:  # noqa: ARG001 - a binding
    """Yields what is not a task."""
    return (yield 5)


@bp.orchestration_trigger(context_name="context")
def late_bad_yield(context: Context) -> Steps:
    """Yields what is not a task in its second step."""
    yield context.call_activity("nap", 0)
    return (yield 5)


@bp.orchestration_trigger(context_name="context")
def bad_dt(context: Context) -> Steps:
    """A timer at a time without a zone."""
    yield context.create_timer(datetime.utcnow() + timedelta(seconds=2))  # noqa: DTZ003 - on purpose


@bp.orchestration_trigger(context_name="context")
def unknown_act(context: Context) -> Steps:
    """Calls an activity that does not exist."""
    return (yield context.call_activity("nope", 1))


@bp.orchestration_trigger(context_name="context")
def unknown_act_caught(context: Context) -> Steps:
    """Calls an activity that does not exist, and would catch it."""
    try:
        return (yield context.call_activity("nope", 1))
    except Exception as error:  # noqa: BLE001 - whatever it is, is what is looked at
        return _told(error)


@bp.orchestration_trigger(context_name="context")
def unknown_sub(context: Context) -> Steps:
    """Calls an orchestrator that does not exist."""
    return (yield context.call_sub_orchestrator("nope", 1))


@bp.orchestration_trigger(context_name="context")
def sub_self(context: Context) -> Steps:
    """Calls a child by its own id."""
    return (yield context.call_sub_orchestrator("chain", 1, context.instance_id))
