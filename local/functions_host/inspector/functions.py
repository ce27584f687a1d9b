"""What the page tells of the app's functions: trigger, where it is reached or when it runs, why it does not. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from local.functions_host.invoker import Function


def describe(functions: Iterable[Function], prefix: str) -> list[dict[str, Any]]:
    """One object a function, by trigger and name."""
    described = [_describe(function, prefix) for function in functions]
    return sorted(described, key=lambda one: (str(one["trigger"]), str(one["name"]).lower()))


def _describe(function: Function, prefix: str) -> dict[str, Any]:
    trigger = function.trigger
    others = [str(binding["type"]) for binding in function.bindings if binding is not trigger]
    return {
        "name": function.name,
        "trigger": function.trigger_type.removesuffix("Trigger"),
        "bindings": sorted({kind for kind in others if kind != function.trigger_type}),
        "is_disabled": function.is_disabled,
        "not_served": function.not_served,
        **_reached(function, trigger, prefix),
    }


def _reached(function: Function, trigger: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    match function.trigger_type:
        case "httpTrigger":
            parts: Sequence[str] = (prefix, str(trigger.get("route") or function.name).strip("/"))
            methods = [str(method).upper() for method in trigger.get("methods") or ()]
            level = str(trigger.get("authLevel") or "function").lower()
            return {"route": "/" + "/".join(part for part in parts if part), "methods": methods, "level": level}
        case "timerTrigger":
            return {"schedule": str(trigger.get("schedule"))}
        case "queueTrigger":
            return {"queue": str(trigger.get("queueName"))}
        case _:
            return {}
