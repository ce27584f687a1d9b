"""Orchestrators that pass values through: inputs, activity arguments, results."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

bp = df.Blueprint()
Context = df.DurableOrchestrationContext
Steps = Generator[Any, Any, Any]
_KINDS = ["none", "str", "empty", "int", "zero", "float", "true", "false", "list", "dict", "jsonstr", "unicode"]
_RESULTS: dict[str, Any] = {
    "none": None,
    "str": "s",
    "empty": "",
    "int": 3,
    "zero": 0,
    "list": [],
    "dict": {},
    "jsonstr": '{"a":1}',
    "false": False,
    "numstr": "12",
}


@bp.orchestration_trigger(context_name="context")
def inp(context: Context) -> Any:
    """What its input is."""
    value = context.get_input()
    return [type(value).__name__, value]


@bp.orchestration_trigger(context_name="context")
def act_recv(context: Context) -> Steps:
    """Hands its input to an activity."""
    return (yield context.call_activity("recv", context.get_input()))


@bp.orchestration_trigger(context_name="context")
def act_recv_str(context: Context) -> Steps:
    """Hands its input to an activity that announces a str."""
    return (yield context.call_activity("recv_str", context.get_input()))


@bp.orchestration_trigger(context_name="context")
def act_recv_int(context: Context) -> Steps:
    """Hands its input to an activity that announces an int."""
    return (yield context.call_activity("recv_int", context.get_input()))


@bp.orchestration_trigger(context_name="context")
def act_noinput(context: Context) -> Steps:
    """Hands nothing to an activity."""
    return (yield context.call_activity("recv"))


@bp.orchestration_trigger(context_name="context")
def wrong_act_arg(context: Context) -> Steps:
    """Hands a str to an activity that announces an int."""
    return (yield context.call_activity("recv_int", "abc"))


@bp.orchestration_trigger(context_name="context")
def act_ret(context: Context) -> Steps:
    """Results of all kinds."""
    out = {}
    for kind in _KINDS:
        value = yield context.call_activity("ret_val", kind)
        out[kind] = [type(value).__name__, value]
    return out


@bp.orchestration_trigger(context_name="context")
def act_bad(context: Context) -> Steps:
    """An activity returns what is not JSON."""
    return (yield context.call_activity("ret_bad", 1))


@bp.orchestration_trigger(context_name="context")
def ret_kinds(context: Context) -> Steps:
    """A result of the kind that is asked for."""
    return _RESULTS[context.get_input()]
    yield
