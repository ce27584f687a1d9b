"""Rules of what is seen of a job's story: in words by operators and their monitors, and by nobody else."""

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
    job = api.accepted("a kite that nobody may read of [takes:6]", model="sora-2")
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
    while (instance := _instance(host, job["id"]))["runtimeStatus"] != "Completed":
        continue
    assert instance["customStatus"] == {"state": "succeeded", "doing": "done"}
    assert "nobody may read" not in json.dumps([*seen, instance])


def test_no_answer_leads_to_the_engine(api: Api, host: RunningHost) -> None:
    """No document of the API names the engine's management addresses or holds the key that opens them."""
    key = json.loads((host.state / "keys.json").read_text())["durabletask_extension"]
    job = api.accepted()["id"]
    of_job = ("/videos/jobs", f"/videos/jobs/{job}", f"/videos/jobs/{job}/timeline")
    for route in (*of_job, "/lanes", "/metrics", "/env/status", "/openapi.json"):
        told = api.get(route)
        assert told.status_code == 200
        assert key not in told.text + str(told.headers)
        assert "runtime/webhooks" not in told.text + str(told.headers)


def _instance(host: RunningHost, job_id: str) -> dict[str, Any]:
    """The instance as monitors ask for it, by the management API."""
    key = json.loads((host.state / "keys.json").read_text())["master"]
    address = f"http://127.0.0.1:{host.port}/runtime/webhooks/durabletask/instances/{job_id}"
    return httpx.get(
        address, params={"code": key, "showInput": "true", "showHistory": "true", "showHistoryOutput": "true"}
    ).json()
