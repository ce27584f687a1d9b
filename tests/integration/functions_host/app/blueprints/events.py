"""Orchestrations that wait for events."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df

bp = df.Blueprint()

Flow = Generator[Any, Any, Any]


@bp.orchestration_trigger(context_name="context")
def waits(context: df.DurableOrchestrationContext) -> Flow:
    """One event: its type and value."""
    value = yield context.wait_for_external_event("Go")
    return [type(value).__name__, value]


@bp.orchestration_trigger(context_name="context")
def waits_twice(context: df.DurableOrchestrationContext) -> Flow:
    """Two events, one after the other; the custom status tells the first."""
    first = yield context.wait_for_external_event("Go")
    context.set_custom_status("first")
    second = yield context.wait_for_external_event("Go")
    return [first, second]


@bp.orchestration_trigger(context_name="context")
def naps_then_waits_twice(context: df.DurableOrchestrationContext) -> Flow:
    """Busy first, so that events can come before their first wait."""
    yield context.call_activity("nap", {"seconds": 0.6, "tag": "busy"})
    first = yield context.wait_for_external_event("Go")
    context.set_custom_status("first")
    second = yield context.wait_for_external_event("Go")
    return [first, second]


@bp.orchestration_trigger(context_name="context")
def waits_side_by_side(context: df.DurableOrchestrationContext) -> Flow:
    """Two waits of one name in one task_all."""
    return (yield context.task_all([context.wait_for_external_event("Go"), context.wait_for_external_event("Go")]))


@bp.orchestration_trigger(context_name="context")
def waits_with_deadline(context: df.DurableOrchestrationContext) -> Flow:
    """An event against a timer that is cancelled when it loses."""
    event = context.wait_for_external_event("Go")
    timer = context.create_timer(context.current_utc_datetime + timedelta(seconds=context.get_input()))
    winner = yield context.task_any([event, timer])
    if winner is timer:
        return "timer"
    timer.cancel()
    return event.result


@bp.orchestration_trigger(context_name="context")
def looks_four_times(context: df.DurableOrchestrationContext) -> Flow:
    """Busy first, then four looks, each an event against a timer. The input says whether each look waits anew."""
    yield context.call_activity("nap", {"seconds": 0.4, "tag": "busy"})
    kept = context.wait_for_external_event("Go")
    wins = []
    for _ in range(4):
        is_fresh = context.get_input() == "fresh"
        event = context.wait_for_external_event("Go") if is_fresh else kept
        timer = context.create_timer(context.current_utc_datetime + timedelta(milliseconds=100))
        if not is_fresh and event is not None and event.is_completed:
            yield timer
            wins.append(False)
            continue
        winner = yield context.task_any([timer, event])
        wins.append(winner is event)
        if winner is event:
            timer.cancel()
    return wins


@bp.orchestration_trigger(context_name="context")
def one_a_generation(context: df.DurableOrchestrationContext) -> Flow:
    """One event a generation, three generations."""
    got = context.get_input() or []
    value = yield context.wait_for_external_event("Go")
    if len(got) < 2:
        context.continue_as_new([*got, value])
        return None
    return [*got, value]


@bp.orchestration_trigger(context_name="context")
def forgets_events(context: df.DurableOrchestrationContext) -> Flow:
    """Busy in the first generation without waiting; the second looks for the event."""
    if context.get_input() is None:
        yield context.call_activity("nap", {"seconds": 0.5, "tag": "busy"})
        context.continue_as_new("second")
        return None
    event = context.wait_for_external_event("Go")
    timer = context.create_timer(context.current_utc_datetime + timedelta(milliseconds=300))
    winner = yield context.task_any([event, timer])
    if winner is event:
        timer.cancel()
    return "kept" if winner is event else "lost"


@bp.orchestration_trigger(context_name="context")
def singleton(context: df.DurableOrchestrationContext) -> Flow:
    """Looks, waits for a poke or a timer, begins again; ends when a timer won. The input lists who woke it."""
    woken = context.get_input() or []
    yield context.call_activity("add_one", 1)
    poke = context.wait_for_external_event("Poke")
    timer = context.create_timer(context.current_utc_datetime + timedelta(milliseconds=800))
    winner = yield context.task_any([timer, poke])
    if winner is timer:
        return woken
    timer.cancel()
    context.continue_as_new([*woken, "poke"])
    return None


@bp.orchestration_trigger(context_name="context")
def waits_then_works(context: df.DurableOrchestrationContext) -> Flow:
    """Two activities with time to suspend in between."""
    yield context.call_activity("nap", {"seconds": 0.4, "tag": f"{context.instance_id}:1"})
    yield context.call_activity("nap", {"seconds": 0.0, "tag": f"{context.instance_id}:2"})
    return "worked"
