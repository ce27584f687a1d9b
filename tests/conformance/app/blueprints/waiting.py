"""Orchestrators that wait: for timers, for events, for children that take long."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df

bp = df.Blueprint()
Context = df.DurableOrchestrationContext
Steps = Generator[Any, Any, Any]


def _timer(context: Context, seconds: float) -> Any:
    return context.create_timer(context.current_utc_datetime + timedelta(seconds=seconds))


@bp.orchestration_trigger(context_name="context")
def tm(context: Context) -> Steps:
    """A timer of as many seconds as asked."""
    start = context.current_utc_datetime
    yield _timer(context, context.get_input())
    end = context.current_utc_datetime
    return [str(start), str(end), (end - start).total_seconds()]


@bp.orchestration_trigger(context_name="context")
def tm_cancel(context: Context) -> Steps:
    """A cancelled timer."""
    timer = _timer(context, 60)
    yield context.task_any([timer, context.call_activity("add_one", 1)])
    timer.cancel()
    return "cancelled"


@bp.orchestration_trigger(context_name="context")
def tm_long(context: Context) -> Steps:
    """A timer of days."""
    yield _timer(context, context.get_input() * 86400)


@bp.orchestration_trigger(context_name="context")
def any_timer_only(context: Context) -> Steps:
    """Two timers; the later one is cancelled."""
    timers = [_timer(context, 5), _timer(context, 60)]
    winner = yield context.task_any(timers)
    for timer in timers:
        if not timer.is_completed:
            timer.cancel()
    return timers.index(winner)


@bp.orchestration_trigger(context_name="context")
def late_any(context: Context) -> Steps:
    """Returns while a timer is open."""
    yield context.task_any([context.call_activity("slow", {"s": 0.2, "tag": "f"}), _timer(context, 8)])
    return "winner returned, timer not cancelled"


@bp.orchestration_trigger(context_name="context")
def sub_any(context: Context) -> Steps:
    """Returns while a child is open."""
    child = context.call_sub_orchestrator("tm", 8)
    yield context.task_any([context.call_activity("slow", {"s": 0.2, "tag": "f"}), child])
    return "winner returned, child open"


@bp.orchestration_trigger(context_name="context")
def kid_parent(context: Context) -> Steps:
    """A child that waits for a timer."""
    return (yield context.call_sub_orchestrator("tm", context.get_input(), f"{context.instance_id}-kid"))


@bp.orchestration_trigger(context_name="context")
def term_open(context: Context) -> Steps:
    """An activity that is open when the instance is terminated."""
    yield context.call_activity("nap", 50)


@bp.orchestration_trigger(context_name="context")
def ev_form(context: Context) -> Steps:
    """One event, and what it is in Python."""
    value = yield context.wait_for_external_event("E")
    return [type(value).__name__, value]


@bp.orchestration_trigger(context_name="context")
def ev_all(context: Context) -> Steps:
    """Two events of different names."""
    return (yield context.task_all([context.wait_for_external_event("A"), context.wait_for_external_event("B")]))


@bp.orchestration_trigger(context_name="context")
def ev_par(context: Context) -> Steps:
    """Two waits for one name, side by side."""
    return (yield context.task_all([context.wait_for_external_event("E"), context.wait_for_external_event("E")]))


@bp.orchestration_trigger(context_name="context")
def ev_seq(context: Context) -> Steps:
    """Two waits for one name, one after the other."""
    first = yield context.wait_for_external_event("E")
    context.set_custom_status("got1")
    return [first, (yield context.wait_for_external_event("E"))]


@bp.orchestration_trigger(context_name="context")
def ev_buf(context: Context) -> Steps:
    """Two waits that begin late."""
    yield context.call_activity("slow", {"s": 2, "tag": "buf"})
    first = yield context.wait_for_external_event("E")
    return [first, (yield context.wait_for_external_event("E"))]


@bp.orchestration_trigger(context_name="context")
def can_events(context: Context) -> Steps:
    """One event a generation."""
    got = context.get_input() or []
    context.set_custom_status({"n": len(got)})
    got = [*got, (yield context.wait_for_external_event("E"))]
    if len(got) < 3:
        context.continue_as_new(got)
        return None
    return got


@bp.orchestration_trigger(context_name="context")
def can_buf(context: Context) -> Steps:
    """Two events come before the first wait; the next generation looks for the second."""
    given = context.get_input()
    if given is None:
        yield context.call_activity("slow", {"s": 2, "tag": "canbuf"})
        context.continue_as_new({"g": 1, "first": (yield context.wait_for_external_event("E"))})
        return None
    event, limit = context.wait_for_external_event("E"), _timer(context, 2)
    winner = yield context.task_any([event, limit])
    if winner is event:
        limit.cancel()
        return [given["first"], event.result]
    return [given["first"], "second lost"]


@bp.orchestration_trigger(context_name="context")
def can_buf2(context: Context) -> Steps:
    """An event comes in a generation that never waits."""
    if context.get_input() is None:
        yield context.call_activity("slow", {"s": 2, "tag": "canbuf2"})
        context.continue_as_new({"g": 1})
        return None
    event, limit = context.wait_for_external_event("E"), _timer(context, 2)
    winner = yield context.task_any([event, limit])
    if winner is event:
        limit.cancel()
        return ["kept", event.result]
    return ["lost"]
