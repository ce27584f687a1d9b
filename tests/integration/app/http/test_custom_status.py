"""Rules of what the portal and Durable Functions Monitor show of a job's story."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.integration.app.http.conftest import Api, RunningHost


def test_a_story_says_in_words_what_it_is_doing(api: Api, host: RunningHost) -> None:
    """While a job runs its instance shows state, doing, progress and ETA, and at its end the state alone."""
    asked = datetime.now(UTC)
    job = api.accepted("a kite that nobody may read of", model="sora-2", seconds=4, size="1280x720")
    seen: list[dict[str, Any]] = []
    while not (job := api.job(job["id"]))["finished_at"]:
        status = _instance(host, job["id"]).get("customStatus")
        if status and (not seen or seen[-1] != status):
            seen.append(status)
    rendering = next(status for status in seen if "progress" in status and status["state"] == "running")
    assert list(rendering) == ["state", "doing", "progress", "eta"]
    assert rendering["doing"] == "rendering at the provider"
    assert 0 <= rendering["progress"] <= 100
    assert datetime.fromisoformat(rendering["eta"]) > asked
    instance = _instance(host, job["id"])
    assert instance["customStatus"] == {"state": "succeeded", "doing": "done"}
    assert "nobody may read" not in json.dumps([*seen, instance])


def _instance(host: RunningHost, job_id: str) -> dict[str, Any]:
    """The instance as monitors ask for it, by the management API."""
    key = json.loads((host.state / "keys.json").read_text())["master"]
    address = f"http://127.0.0.1:{host.port}/runtime/webhooks/durabletask/instances/{job_id}"
    return httpx.get(address, params={"code": key, "showInput": "true"}).json()
