"""The host dies, starts late, or starts with what is missing, and nothing is lost."""

from __future__ import annotations

import json
import secrets
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.integration.app.http.conftest import free_port, small_lane

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.app.conftest import Faults, Provider
    from tests.integration.app.http.conftest import IsProblem, RunningHost
    from tests.integration.conftest import StartAzurite

    StartHost = Callable[[dict[str, str]], RunningHost]


def wait_until(is_so: Callable[[], object], within_s: float = 60) -> None:
    """Return as soon as it is so."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_host_killed_while_rendering_and_while_storing_buys_and_stores_once(
    start_host: StartHost, app_settings: dict[str, str], provider: Provider, faults: type[Faults]
) -> None:
    """Kill -9 in the middle of `running`, and again in the middle of `storing`, ends with one render and one video."""
    host = start_host(app_settings | {"LANES": json.dumps([small_lane("crash", provider.url, deployment="slow")])})
    api, prompt = host.api(), f"[takes:3] a kite {secrets.token_hex(4)}"
    job = api.accepted(prompt, model="crash")
    api.until(job["id"], "running")
    wait_until(lambda: "accepted" in [event["kind"] for event in api.timeline(job["id"])])
    host.kill()

    go_on = threading.Event()
    provider.tamper("GET /video/generations/gen_", faults.after(go_on))
    provider.seen.clear()
    host.start()
    api.until(job["id"], "storing")
    wait_until(lambda: any(seen.startswith("GET /video/generations/gen_") for seen in provider.seen))
    host.kill()
    go_on.set()

    host.start()
    done = api.until(job["id"], "succeeded")
    assert len(provider.renders(prompt)) == 1
    [video] = done["generations"]
    link = api.get(f"/videos/generations/{video['id']}/content").headers["location"]
    assert len(httpx.get(link).content) == video["bytes"]
    kinds = [event["kind"] for event in api.timeline(job["id"])]
    stored = ["storing", "copied", "succeeded"]
    assert [kind for kind in kinds if kind != "looked"] == ["submitted", "admitted", "asked", "accepted", *stored]


def test_a_host_that_starts_before_its_storage_recovers(
    start_host: StartHost,
    start_azurite: StartAzurite,
    app_settings: dict[str, str],
    tmp_path: Path,
    is_problem: IsProblem,
) -> None:
    """Without storage every request is a 503 with Retry-After and a line in the log; with it, all is well."""
    ports = {name: free_port() for name in ("blob_port", "queue_port", "table_port")}
    directory = tmp_path / "azurite"
    directory.mkdir()
    first = start_azurite(directory, **ports)
    connection = first.connection_string
    first.stop()
    host = start_host(app_settings | {"STORAGE_CONNECTION_STRING": connection, "AzureWebJobsStorage": connection})
    api = host.api()
    for answer in (api.submit(), api.get("/videos/jobs"), api.get("/videos/jobs/job_01K0000000000000000000000A")):
        is_problem(answer, 503, "storage_unavailable")
        assert int(answer.headers["retry-after"]) > 0
    status = api.get("/env/status").json()
    assert (status["ready"], status["storage"]["reachable"]) == (False, False)
    assert api.get("/health").status_code == 200
    log = host.log()
    assert "the storage does not answer" in log
    assert "Traceback" not in log

    start_azurite(directory, **ports)
    wait_until(lambda: api.get("/videos/jobs").status_code == 200)
    assert api.until(api.accepted()["id"], "succeeded")["generations"]


@pytest.mark.parametrize("missing", [["SORA_DEPLOYMENT"]], ids=str)
def test_a_host_without_settings_says_which(
    start_host: StartHost, app_settings: dict[str, str], missing: list[str], is_problem: IsProblem
) -> None:
    """What is missing or contradictory is named by /env/status, and a submit is a 503 that sends there."""
    kept = {name: value for name, value in app_settings.items() if name not in {*missing, "LANES"}}
    host = start_host(kept | {"STORAGE_ACCOUNT_NAME": "both", "LINK_TTL_S": "soon"})
    api = host.api()
    problem = is_problem(api.submit(), 503, "not_configured")
    assert "/env/status" in problem["detail"] + problem["advice"]
    status = api.get("/env/status").json()
    assert status["ready"] is False
    faults = {fault["setting"]: fault["message"] for fault in status["faults"]}
    assert faults.keys() == {"SORA_DEPLOYMENT", "STORAGE_ACCOUNT_NAME", "LINK_TTL_S"}
    assert "not both" in faults["STORAGE_ACCOUNT_NAME"]
    assert "Traceback" not in host.log()
