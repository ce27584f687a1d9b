"""Rules of what operators see of a job's whole life: the real app on the host stand-in, its telemetry on the wire."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.azure_openai.config import Settings as EmulatorSettings
from shared.telemetry import METRICS
from tests.integration.app.conftest import OneFilmStudio, Provider
from tests.integration.app.http.conftest import Api, RunningHost
from tests.integration.conftest import Azurite
from tests.integration.telemetry.conftest import Ingestion

_WITHIN_S = 60
_PROMPT = "a kite that operators may not read of"
_ONLY_IN_TROUBLE = {"lab.lane.attention"}


def _until(what: Callable[[], bool], why: str) -> None:
    deadline = time.monotonic() + _WITHIN_S
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


@pytest.fixture(name="host")
def _host(azurite: Azurite, ingestion: Ingestion, tmp_path: Path) -> Iterator[RunningHost]:
    """The app with one lane for one render at a time, sending its telemetry; up once the first of it has arrived."""
    settings = EmulatorSettings(deployments={"sora-2": "sora-2"}, render_s=4)
    provider = Provider(tmp_path / "provider", settings, OneFilmStudio).start()
    running = RunningHost(
        tmp_path / "host",
        ingestion.settings
        | {
            "STORAGE_CONNECTION_STRING": azurite.connection_string,
            "AzureWebJobsStorage": azurite.connection_string,
            "LANES": json.dumps([_lane(provider)]),
            "OWNER_MODE": "key",
            "OWNER_HEADER": "x-lab-owner",
            "PYTHON_ENABLE_OPENTELEMETRY": "true",
        },
    )
    running.start()

    def told() -> bool:
        running.api().get("/env/status")
        return bool(ingestion.metrics())

    _until(told, "no telemetry arrived")
    yield running
    running.kill()
    provider.stop()


def _lane(provider: Provider) -> dict[str, Any]:
    offer = {"sizes": ["1280x720"], "seconds": [4]}
    where = {"api": "videos", "endpoint": provider.url, "deployment": "sora-2", "api_key": "emulator-key"}
    limits = {"max_in_flight": 1, "creates_per_minute": 600, "typical_render_s": 2, "usd_per_second": "0.10"}
    return {"name": "main", "model": f"m-{secrets.token_hex(6)}", "offers": [offer]} | where | limits


def _submit(api: Api, trace: str) -> dict[str, Any]:
    headers = {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}
    answer = api.post("/videos/jobs", json={"prompt": _PROMPT}, headers=headers)
    assert answer.status_code == 202, answer.text
    return answer.json()


def _sweep(host: RunningHost) -> None:
    key = json.loads((host.state / "keys.json").read_text())["master"]
    address = f"http://127.0.0.1:{host.port}/admin/functions/sweep"
    assert httpx.post(address, headers={"x-functions-key": key}, json={"input": ""}).status_code == 202


def test_a_life_is_told_in_one_trace_and_without_secrets(host: RunningHost, ingestion: Ingestion) -> None:
    """Every metric arrives; a job's lines and calls to the provider are in the trace of the request that asked for it,
    also of one that had to wait for another's slot; and nothing holds a prompt, a signature or a key.
    """
    api = host.api()
    traces = [secrets.token_hex(16) for _ in range(2)]
    first, second = [_submit(api, trace)["id"] for trace in traces]
    done = api.until(first, "succeeded")
    assert "sig=" in api.get(f"/videos/generations/{done['generations'][0]['id']}/content").headers["location"]
    _sweep(host)
    expected = METRICS.keys() - _ONLY_IN_TROUBLE
    _until(lambda: ingestion.metrics() >= expected, f"missing: {expected - ingestion.metrics()}")

    _until(lambda: "job running" in _lines(ingestion, second), "the second job was not started")
    _until(lambda: "job succeeded" in _lines(ingestion, first), "the first job's end is missing")
    told = [_lines(ingestion, job) for job in (first, second)]
    assert list(told[0]) == ["job submitted", "job running", "job storing", "job succeeded"]
    assert [set(lines.values()) for lines in told] == [{trace} for trace in traces]
    _until(lambda: len(_traces(ingestion)) > 1, "the second job's create is missing")
    assert _traces(ingestion) == set(traces)

    everything = json.dumps(ingestion.sent)
    assert _PROMPT not in everything
    assert "emulator-key" not in everything
    assert "sig=" not in everything.replace("sig=[redacted]", "")


def _lines(ingestion: Ingestion, job_id: str) -> dict[str, str]:
    """The lines about a job, in order: what happened, and the trace it was told in."""
    told = [one for one in ingestion.items("MessageData")
            if one["data"]["baseData"]["properties"].get("job_id") == job_id]  # fmt: skip
    told.sort(key=lambda one: one["time"])
    return {one["data"]["baseData"]["message"].split(":")[0]: one["tags"]["ai.operation.id"] for one in told}


def _traces(ingestion: Ingestion) -> set[str]:
    """The traces that hold a call to the provider."""
    return {one["tags"]["ai.operation.id"] for one in ingestion.spans("provider ")}
