"""What the log says of an HTTP function that Azure would not have waited for."""

import logging
import sys
from pathlib import Path

import pytest
from starlette.requests import Request

from local.functions_host import http_triggers
from local.functions_host.in_process import InProcessInvoker

APP = """
import azure.functions as func
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.route()
def hello(req):
    return "hello"
"""


@pytest.mark.parametrize(("limit_s", "is_told"), [(230.0, False), (0.0, True)])
async def test_answer_after_the_front_ends_limit_is_told_of(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    limit_s: float,
    *,
    is_told: bool,
) -> None:
    """It is answered here all the same."""
    script = f"app_{tmp_path.name.replace('-', '_')}.py"
    (tmp_path / script).write_text(APP)
    monkeypatch.setenv("PYTHON_SCRIPT_FILE_NAME", script)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(http_triggers, "FRONT_END_LIMIT_S", limit_s)
    invoker = InProcessInvoker(tmp_path, time_limit_s=None, time_limit_text="-1")
    routes = http_triggers.routes_of(invoker.load())
    triggers = http_triggers.HttpTriggers(routes, invoker, prefix="api", keys=None, durable_client="")
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/hello",
        "query_string": b"",
        "headers": [],
        "server": ("h", 1),
    }

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    with caplog.at_level(logging.WARNING):
        answer = await triggers.answer(Request({**scope, "scheme": "http"}, receive), "/api/hello")
    invoker.close()
    assert (answer.status_code, answer.body) == (200, b"hello")
    assert ("on Azure the client was told of an error" in caplog.text) is is_told
