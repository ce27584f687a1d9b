"""Imports a Python v2 app as the worker does, and checks what the worker checks at load time (functions-host.md, 4.1).

Calls no function.
"""

import importlib
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import GenericAlias
from typing import Any, Protocol, cast

import azure.functions as func
from azure.functions.decorators.function_app import Function as IndexedFunction
from azure.functions.decorators.function_app import FunctionRegister
from azure.functions.meta import Datum

from local.functions_host.invoker import AppError, Function

_SCRIPT_SETTING = "PYTHON_SCRIPT_FILE_NAME"
_RETURN = "$return"
_PLAIN = (str, bytes)
_SERVED = frozenset(
    {
        *("httpTrigger", "http", "durableClient", "orchestrationTrigger", "activityTrigger", "timerTrigger"),
        "queueTrigger",
    }
)


class Converter(Protocol):
    """What ``azure-functions`` registers under a binding type."""

    def check_input_type_annotation(self, pytype: type) -> bool:
        """Whether a parameter may be annotated so."""
        ...

    def decode(self, data: Datum, *, trigger_metadata: Mapping[str, Any]) -> Any:
        """What the parameter gets."""
        ...

    def encode(self, obj: Any, *, expected_type: type | None) -> Datum:
        """What the host gets of a result."""
        ...

    def has_implicit_output(self) -> bool:
        """Whether a result needs no binding."""
        ...


class AsItCame:
    """For parameters annotated str or bytes: the worker hands the value over (trace queue-trigger-deliveries)."""

    def check_input_type_annotation(self, pytype: type) -> bool:
        """Whether a parameter may be annotated so."""
        return pytype in _PLAIN

    def decode(self, data: Datum, *, trigger_metadata: Mapping[str, Any]) -> Any:  # noqa: ARG002 - a converter's shape
        """What the parameter gets."""
        return data.value

    def encode(self, obj: Any, *, expected_type: type | None) -> Datum:
        """Nothing is sent back: a trigger's value is no result."""
        raise NotImplementedError("what triggers a function is not sent back")

    def has_implicit_output(self) -> bool:
        """A trigger's value is no result."""
        return False


@dataclass(frozen=True, slots=True)
class LoadedFunction:
    """A function with what it takes to call it."""

    info: Function
    call: Callable[..., Any]
    trigger_parameter: str
    trigger_converter: Converter
    return_converter: Converter | None
    takes_context: bool

    @property
    def is_async(self) -> bool:
        """Whether it runs on the worker's event loop."""
        return inspect.iscoroutinefunction(self.call)


def converter_of(binding_type: str) -> Converter | None:
    """The registered converter of a binding type."""
    registry = cast("Any", func.get_binding_registry())
    return cast("Converter | None", registry.get(binding_type))


def load_app(folder: Path) -> dict[str, LoadedFunction]:
    """Import the app in ``folder`` and return its functions by name; raises AppError with one sentence when it cannot
    be served.
    """
    script = os.environ.get(_SCRIPT_SETTING, "function_app.py")
    module = _import(folder, script)
    found = [value for value in vars(module).values() if isinstance(value, FunctionRegister)]
    if len(found) != 1:
        named = "no FunctionApp or DFApp" if not found else f"{len(found)} function apps"
        raise AppError(f"{folder / script} defines {named} at its top level; it must define exactly one.")
    try:
        indexed = found[0].get_functions()
    except ValueError as error:
        raise AppError(f"{folder / script} cannot be indexed: {error}") from error
    loaded = [_load(function, script) for function in indexed]
    return {function.info.name: function for function in loaded}


def _import(folder: Path, script: str) -> object:
    if not (folder / script).is_file():
        raise AppError(f"There is no {script} in {folder} (setting {_SCRIPT_SETTING} names another file).")
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(Path(script).stem)
    except Exception as error:
        where = _innermost(error, folder)
        raise AppError(f"{folder / script} cannot be imported: {type(error).__name__}: {error}{where}") from error


def _innermost(error: Exception, folder: Path) -> str:
    lines = (
        [frame for frame in inspect.getinnerframes(error.__traceback__) if Path(frame.filename).is_relative_to(folder)]
        if error.__traceback__
        else []
    )
    return f" ({lines[-1].filename}, line {lines[-1].lineno})" if lines else ""


def _load(indexed: IndexedFunction, script: str) -> LoadedFunction:
    info = describe(str(indexed.get_function_name()), indexed.get_raw_bindings(), script)
    name, bindings, trigger = info.name, info.bindings, info.trigger
    call = indexed.get_user_function()
    for problem in _problems(bindings, call):
        raise AppError(f"Function '{name}' cannot be loaded: {problem}.")
    trigger_converter = _trigger_converter(trigger, call)
    if trigger_converter is None:
        raise AppError(f"Function '{name}' cannot be loaded: azure-functions knows no trigger '{trigger['type']}'.")
    return LoadedFunction(
        info=info,
        call=call,
        trigger_parameter=str(trigger["name"]),
        trigger_converter=trigger_converter,
        return_converter=_return_converter(bindings, trigger_converter),
        takes_context="context" in inspect.signature(call).parameters and all(b["name"] != "context" for b in bindings),
    )


def _trigger_converter(trigger: Mapping[str, Any], call: Callable[..., Any]) -> Converter | None:
    annotation = inspect.signature(call).parameters[str(trigger["name"])].annotation
    if trigger["type"] == "queueTrigger" and annotation in _PLAIN:
        return AsItCame()
    return converter_of(str(trigger["type"]))


def describe(name: str, raw_bindings: Iterable[str], script: str) -> Function:
    """Describe a function by the JSON texts of its bindings; raises AppError where one names a setting that is not
    there.
    """
    bindings = [_resolved(cast("dict[str, Any]", json.loads(text)), name) for text in raw_bindings]
    trigger = next(binding for binding in bindings if str(binding["type"]).lower().endswith("trigger"))
    return Function(
        name=name,
        trigger_type=str(trigger["type"]),
        trigger=trigger,
        bindings=bindings,
        script_file=script,
        is_disabled=os.environ.get(f"AzureWebJobs.{name}.Disabled", "").lower() in {"1", "true"},
        not_served=", ".join(str(binding["type"]) for binding in bindings if binding["type"] not in _SERVED),
    )


def _resolved(binding: dict[str, Any], name: str) -> dict[str, Any]:
    """``%SETTING%`` in a binding stands for an app setting."""

    def resolve(value: Any) -> Any:
        if not (isinstance(value, str) and len(value) > 2 and value.startswith("%") and value.endswith("%")):  # noqa: PLR2004 - two percent signs
            return value
        setting = os.environ.get(value[1:-1])
        if setting is None:
            raise AppError(
                f"Function '{name}' cannot be loaded: its binding names the app setting {value}, which is not set."
            )
        return setting

    return {key: resolve(value) for key, value in binding.items()}


def _return_converter(bindings: Sequence[Mapping[str, Any]], trigger_converter: Converter) -> Converter | None:
    for binding in bindings:
        if binding["name"] == _RETURN:
            return converter_of(str(binding["type"]))
    return trigger_converter if trigger_converter.has_implicit_output() else None


def _problems(bindings: Sequence[Mapping[str, Any]], call: Callable[..., Any]) -> Iterator[str]:
    parameters = inspect.signature(call).parameters
    named = {str(binding["name"]): binding for binding in bindings}
    for binding_name, binding in named.items():
        if str(binding.get("direction", "")).lower() == "inout":
            yield f"binding '{binding_name}' has direction inout, which Python does not support"
        if binding_name != _RETURN and binding_name not in parameters:
            yield f"binding '{binding_name}' has no parameter of that name"
    for parameter in parameters.values():
        binding = named.get(parameter.name)
        if binding is None:
            if parameter.name != "context":
                yield f"parameter '{parameter.name}' has no binding"
            continue
        yield from _annotation_problems(binding, parameter.annotation)


def _annotation_problems(binding: Mapping[str, Any], annotation: Any) -> Iterator[str]:
    is_out = str(binding.get("direction", "")).lower() == "out"
    takes_out = getattr(annotation, "__origin__", annotation) is func.Out
    if takes_out != is_out:
        yield f"parameter '{binding['name']}' and its binding disagree whether it is an output"
    elif isinstance(annotation, GenericAlias):
        plain = annotation.__origin__.__name__
        yield f"parameter '{binding['name']}' is annotated {annotation}; Azure's worker takes a plain {plain} alone"
    elif binding["type"] in _SERVED and isinstance(annotation, type) and annotation is not inspect.Parameter.empty:
        is_plain = binding["type"] == "queueTrigger" and annotation in _PLAIN
        converter = None if is_plain else converter_of(str(binding["type"]))
        if converter is not None and not converter.check_input_type_annotation(annotation):
            fits = f"which does not fit a {binding['type']}"
            yield f"parameter '{binding['name']}' is annotated {annotation.__name__}, {fits}"
