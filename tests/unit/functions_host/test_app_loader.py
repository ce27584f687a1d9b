"""Loading an app: what is found, and what is refused (functions-host.md, 4.1)."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.functions_host.app_loader import LoadedFunction, load_app
from local.functions_host.invoker import AppError

GOOD_APP = "import azure.functions as func\napp = func.FunctionApp()\n"

Apps = Callable[[str], dict[str, LoadedFunction]]


@pytest.fixture
def apps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Apps:
    """Loads the app that a text makes, under a module name of its own."""

    def load(code: str) -> dict[str, LoadedFunction]:
        script = f"app_{tmp_path.name.replace('-', '_')}.py"
        monkeypatch.setenv("PYTHON_SCRIPT_FILE_NAME", script)
        monkeypatch.setattr(sys, "path", [*sys.path])
        monkeypatch.setattr(sys, "modules", dict(sys.modules))
        (tmp_path / script).write_text(code)
        return load_app(tmp_path)

    return load


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import no_such_module", "No module named 'no_such_module'"),
        ("def broken(:", "SyntaxError"),
        ("x = 1", "defines no FunctionApp or DFApp"),
        (f"{GOOD_APP}other = func.FunctionApp()\n", "defines 2 function apps"),
        (f"{GOOD_APP}@app.route()\ndef f(wrong): ...\n", "binding 'req' has no parameter of that name"),
        (f"{GOOD_APP}@app.route()\ndef f(req, more): ...\n", "parameter 'more' has no binding"),
        (f"{GOOD_APP}@app.route()\ndef f(req: int): ...\n", "annotated int, which does not fit a httpTrigger"),
        (
            f"{GOOD_APP}@app.route()\ndef f(req: dict[str, str]): ...\n",
            "annotated dict[str, str]; Azure's worker takes a plain dict alone",
        ),
        (f"{GOOD_APP}@app.route()\ndef f(req: func.Out[str]): ...\n", "disagree whether it is an output"),
        (
            f"{GOOD_APP}@app.queue_trigger('m', 'q', '')\ndef f(m: dict): ...\n",
            "annotated dict, which does not fit a queue",
        ),
        (f"{GOOD_APP}@app.timer_trigger('t', '%NOT_SET%')\ndef f(t): ...\n", "names the app setting %NOT_SET%"),
        (f"{GOOD_APP}@app.function_name('f')\ndef f(req): ...\n", "does not have a trigger"),
        (
            f"{GOOD_APP}@app.route()\ndef f(req): ...\n@app.function_name('f')\n@app.route()\ndef g(req): ...\n",
            "does not have a unique",
        ),
    ],
)
def test_bad_app_is_refused(apps: Apps, code: str, told: str) -> None:
    """What the worker would refuse to load is refused here, naming function and fault."""
    with pytest.raises(AppError) as refused:
        apps(code)
    assert told in str(refused.value)


def test_missing_script_is_refused(tmp_path: Path) -> None:
    """File and setting are named."""
    with pytest.raises(AppError, match=r"There is no function_app.py in .* \(setting PYTHON_SCRIPT_FILE_NAME"):
        load_app(tmp_path)


def test_functions_are_found_with_their_bindings(apps: Apps) -> None:
    """Name, trigger, script, kind of function; a context parameter is injected, not bound."""
    loaded = apps(f"{GOOD_APP}@app.route(route='x')\nasync def f(req: func.HttpRequest, context): ...\n")
    function = loaded["f"]
    assert (function.info.trigger_type, function.info.trigger["route"]) == ("httpTrigger", "x")
    assert (function.is_async, function.takes_context, function.info.is_callable) == (True, True, True)


def test_function_with_a_binding_not_served_is_loaded_but_not_called(apps: Apps) -> None:
    """What this host has no trigger for is named; the rest of the app runs."""
    code = f"{GOOD_APP}@app.event_grid_trigger('event')\ndef f(event): ...\n@app.route()\ndef g(req): ...\n"
    loaded = apps(code)
    assert (loaded["f"].info.is_callable, loaded["f"].info.not_served) == (False, "eventGridTrigger")
    assert loaded["g"].info.is_callable


def test_disabled_function_is_not_called(apps: Apps, monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform's setting switches it off."""
    monkeypatch.setenv("AzureWebJobs.f.Disabled", "true")
    assert not apps(f"{GOOD_APP}@app.route()\ndef f(req): ...\n")["f"].info.is_callable
