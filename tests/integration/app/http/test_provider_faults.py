"""The app against a provider that fails in every way that touches money: one host, one emulator, all jobs at once.

What takes minutes by design (an order that never arrived, a render that is gone) is in `steps/test_provider_faults.py`.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.azure_openai.config import Settings as EmulatorSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.app.conftest import Provider, StartProvider
    from tests.integration.app.http.conftest import Api, RunningHost
    from tests.integration.conftest import Azurite

WITHIN_S = 90
WIDE = {"max_in_flight": 60, "creates_per_minute": 600, "typical_render_s": 2, "usd_per_second": "0.05"}
OFFERS = {
    "jobs": [{"sizes": ["480x480"], "seconds": [1], "max_variants": 1}],
    "videos": [{"sizes": ["720x1280"], "seconds": [4], "max_variants": 1}],
}
_client = httpx.Client(timeout=30)


@dataclass(frozen=True)
class Case:
    """A fault, and how its job ends."""

    prompt: str
    state: str = "succeeded"
    code: str | None = None
    bought: int = 1
    model: str = "jobs"


CASES = {
    "429, nothing": Case("[create:429]", model="busy-5"),
    "lost reply": Case("[create:lost]"),
    "lost reply, other dialect": Case("[create:lost]", model="videos"),
    "accepted late": Case("[create:lost,seconds=7]"),
    "5xx after the create": Case("[create:503,arrives=true]"),
    "408 after the create": Case("[create:408,arrives=true]"),
    "409 after the create": Case("[create:409,arrives=true]"),
    "page after the create": Case("[create:502,body=html,arrives=true]"),
    "200 without an id": Case("[create:200,arrives=true,body=empty]"),
    "cut reply": Case("[create:cut]"),
    "slow create": Case("[create:slow,seconds=4]"),
    "refused": Case("[create:400]", "failed", "provider_refused", bought=0),
    "refused, unwrapped": Case("[create:400,body=unwrapped]", "failed", "provider_refused", bought=0),
    "moderated at the create": Case("[moderated]", "failed", "moderated_input", bought=0),
    "moderated early": Case("[moderated:input]", "failed", "moderated_input"),
    "moderated at the end": Case("[moderated:output]", "failed", "moderated_output"),
    "moderated at the end, other dialect": Case("[moderated:output]", "failed", "moderated_output", model="videos"),
    "failed": Case("[fails]", "failed", "provider_error"),
    "failed without a reason": Case("[fails:unexplained]", "failed", "provider_error"),
    "failed without a reason, other dialect": Case("[fails:unexplained]", "failed", "provider_error", model="videos"),
    "retired": Case("retired", "failed", "provider_retired", bought=0, model="retired"),
    "retired, 404": Case("missing", "failed", "deployment_missing", bought=0, model="missing"),
    "warming up": Case("warming", "failed", "deployment_missing", bought=0, model="warming"),
    "intermittent 404": Case("[status:404,times=2]"),
    "looks refused": Case("[status:401] [status:403] [status:429,retry_after_s=1] [status:500]"),
    "slow look": Case("[status:slow,seconds=3]"),
    "page instead of a look": Case("[status:200,body=html]"),
    "stuck progress": Case("[status:progress,progress=3,times=all]", model="videos"),
    "jumping progress": Case("[status:progress,times=all]", model="videos"),
    "missing content": Case("[content:404]"),
    "no content": Case("[content:short,bytes=0]"),
    "slow content": Case("[content:slow,seconds=3]"),
    "cut content": Case("[content:cut,bytes=1000]"),
    "short content": Case("[content:short]"),
    "page instead of content": Case("[content:html]"),
    "cut, and the rest asked for in vain": Case("[content:cut,bytes=1000] [content:ignore_range]"),
    "429, seconds": Case("[create:429,retry_after_s=3]", model="busy-1"),
    "429, date": Case("[create:429,retry_after_s=3,retry_after=date]", model="busy-2"),
    "429, ms": Case("[create:429,retry_after_s=3,retry_after=ms]", model="busy-3"),
    "429, x-ms": Case("[create:429,retry_after_s=3,retry_after=x_ms]", model="busy-4"),
}
MODELS = {"jobs": "sora", "videos": "sora-2"} | {
    case.model: "sora" for case in CASES.values() if case.model not in OFFERS
}


@pytest.fixture
def emulator(tmp_path: Path, start_provider: StartProvider) -> Provider:
    """A real emulator, with a deployment for every model, some of which are retired or warming up."""
    settings = EmulatorSettings(deployments=MODELS, render_s=2, max_in_flight=1000, creates_per_minute=1000)
    running = start_provider(tmp_path / "provider", settings)
    for deployment, status in (("retired", 410), ("missing", 404), ("warming", 404)):
        fault = {"call": "create", "effect": "answer", "deployment": deployment, "status": status, "times": None}
        admin = running.url.replace("/openai/v1", "/_emulator/faults")
        _client.post(admin, json=fault).raise_for_status()
    return running


def settings_for(emulator: Provider, azurite: Azurite) -> dict[str, str]:
    """The app's settings, with a lane for every deployment."""
    lanes = [
        WIDE
        | {"name": name, "model": name, "api": "videos" if name == "videos" else "jobs", "deployment": name}
        | {"endpoint": emulator.url, "api_key": "emulator-key"}
        | {"offers": OFFERS["videos" if name == "videos" else "jobs"]}
        for name in MODELS
    ]
    return {
        "STORAGE_CONNECTION_STRING": azurite.connection_string,
        "AzureWebJobsStorage": azurite.connection_string,
        "LANES": json.dumps(lanes),
        "OWNER_MODE": "key",
        "OWNER_HEADER": "x-lab-owner",
    }


def ended(api: Api, submitted: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The documents of all jobs once all are final, or of how far they came in the time there is."""
    deadline = time.monotonic() + WITHIN_S
    jobs: dict[str, dict[str, Any]] = {}
    while time.monotonic() < deadline:
        jobs |= {name: api.job(job) for name, job in submitted.items() if not jobs.get(name, {}).get("finished_at")}
        if all(job["finished_at"] for job in jobs.values()):
            break
        time.sleep(0.5)
    return jobs


def test_every_fault_ends_as_promised(
    emulator: Provider, azurite: Azurite, start_host: Callable[[dict[str, str]], RunningHost]
) -> None:
    """Whatever the provider does, a job ends with its video and exactly one render bought, or says why not."""
    api = start_host(settings_for(emulator, azurite)).api()
    submitted = {name: api.accepted(f"{name} {case.prompt}", model=case.model)["id"] for name, case in CASES.items()}
    jobs = ended(api, submitted)
    ledger = emulator.ledger()["renders"]
    bought = Counter(render["prompt"] for render in ledger)
    was = {
        name: (job["state"], (job["problem"] or {}).get("code"), bought[job["prompt"]], len(job["generations"]))
        for name, job in jobs.items()
    }
    videos = {name: int(case.state == "succeeded") for name, case in CASES.items()}
    assert was == {name: (case.state, case.code, case.bought, videos[name]) for name, case in CASES.items()}
