"""Rules of what `azd` runs around a deployment: choices that cannot work are refused before anything is created."""

import json
import os
import re
import runpy
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.infra.compiler import INFRA, ROOT

_HOOKS = INFRA / "hooks"


def _run(hook: Path, **chosen: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"]} | chosen
    return subprocess.run(  # noqa: S603 - our own script
        ["sh", hook],  # noqa: S607 - as azd runs it
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("chosen", "missing"),
    [
        ({"VIDEO_MODEL": "sora-2"}, "VIDEO_MODEL_VERSION"),
        ({"VIDEO_MODEL": "sora-2", "OPENAI_NAME": "contoso"}, "OPENAI_RESOURCE_GROUP"),
    ],
)
def test_half_a_choice_is_refused(chosen: dict[str, str], missing: str) -> None:
    """A model without its version, or an account without its group, ends with the name of what is missing."""
    done = _run(_HOOKS / "check_choices.sh", **chosen)
    assert done.returncode == 1
    assert missing in done.stderr


@pytest.mark.parametrize(
    "chosen",
    [
        {"VIDEO_MODEL": "sora-2", "VIDEO_MODEL_VERSION": "2025-12-08"},
        {"VIDEO_MODEL": "sora-2", "OPENAI_NAME": "contoso", "OPENAI_RESOURCE_GROUP": "rg-models"},
        {"LANES": "[]"},
    ],
)
def test_whole_choices_pass_in_silence(chosen: dict[str, str]) -> None:
    """What can be deployed is not commented on."""
    done = _run(_HOOKS / "check_choices.sh", **chosen)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_model_is_allowed_and_said() -> None:
    """A deployment without a model works, and the hook says how to choose one."""
    done = _run(_HOOKS / "check_choices.sh")
    assert done.returncode == 0
    assert "VIDEO_MODEL" in done.stdout


def test_private_app_is_not_tried_from_outside() -> None:
    """The smoke test of a private app says why it is left out."""
    done = _run(_HOOKS / "smoke_test.sh", PRIVATE_NETWORK="true")
    assert done.returncode == 0
    assert "inside its network" in done.stdout


async def test_smoke_test_waits_for_an_app_that_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An app that does not answer yet, then knows no route yet, then has no role on its storage yet, is waited for."""
    not_yet = {"ready": False, "storage": {"reachable": False, "detail": "AuthorizationPermissionMismatch"}}
    answers = {
        "/health": [(503, {}), (404, {}), (200, {})],
        "/openapi.json": [(200, {})],
        "/env/status": [(200, not_yet), (200, {"ready": True, "models": [{"model": "sora-2"}]})],
        "/videos/jobs": [(200, {"jobs": []})],
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, document = answers[self.path.partition("?")[0]].pop(0)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("LAB_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("LAB_KEY", "a-key")
    main = runpy.run_path(str(_HOOKS / "smoke_test.py"))["main"]
    main.__globals__["_PAUSE_S"] = 0
    await main()
    server.shutdown()
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [f"ok  {path}" for path in answers]
    assert not any(answers.values())


def test_every_choice_is_described_and_can_be_made_by_the_workflow() -> None:
    """What the parameters read from the environment is listed in docs/operate.md, and the deploy workflow passes it."""
    read = set(re.findall(r"readEnvironmentVariable\('(\w+)'", (INFRA / "main.bicepparam").read_text("utf-8")))
    page = (ROOT / "docs" / "operate.md").read_text("utf-8")
    table = page[page.index("| variable | chooses |") :].partition("\n\n")[0]
    assert set(re.findall(r"`([A-Z_]{5,})`", "".join(line.split("|")[1] for line in table.splitlines()))) == read
    workflow = (ROOT / ".github" / "workflows" / "deploy.yml").read_text("utf-8")
    passed = re.findall(r"^ +(\w+): \$\{\{ vars\.(\w+) \}\}$", workflow, re.MULTILINE)
    assert all(name == variable for name, variable in passed)
    assert {name for name, _ in passed} - {"AZURE_CLIENT_ID", "AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID"} == read


def test_hooks_are_those_of_azd() -> None:
    """Every hook that azure.yaml names is there and can be run."""
    named = [
        line.split("run:")[1].strip()
        for line in (ROOT / "azure.yaml").read_text("utf-8").splitlines()
        if "run:" in line
    ]
    assert len(named) == 3
    for name in named:
        assert os.access(ROOT / name, os.X_OK), name
