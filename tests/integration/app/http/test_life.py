"""A job's life as its owner sees it, in both dialects, from the request to the video."""

from __future__ import annotations

import io
from datetime import datetime
from typing import TYPE_CHECKING, Any

import av
import httpx
import pytest

if TYPE_CHECKING:
    from tests.integration.app.conftest import Provider
    from tests.integration.app.http.conftest import Api, IsProblem, RunningHost

LIVES = {
    "videos": {"model": "sora-2", "seconds": 4, "size": "1280x720"},
    "jobs": {"model": "sora", "width": 480, "height": 480, "n_seconds": 1, "n_variants": 2},
}
CONTENT_TYPES = {"poster": "image/jpeg", "sprite": "image/jpeg", "gif": "image/gif"}


@pytest.fixture(scope="module")
def owner_api(host: RunningHost) -> Api:
    """One owner of all the jobs of this module."""
    return host.api()


@pytest.fixture(scope="module")
def lives(owner_api: Api) -> dict[str, dict[str, Any]]:
    """One finished job of each dialect; they are rendered at the same time."""
    taken = {
        name: owner_api.accepted(f"a kite, {name}", metadata={"for": name}, **asked) for name, asked in LIVES.items()
    }
    return {name: owner_api.until(job["id"], "succeeded") for name, job in taken.items()}


@pytest.fixture(params=LIVES)
def job(request: pytest.FixtureRequest, lives: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A finished job."""
    return lives[request.param]


def test_a_finished_job_shows_what_was_asked_and_made(job: dict[str, Any], owner_api: Api) -> None:
    """Its document says what was asked for, what came of it, what it cost, and where everything is."""
    width, height = (int(side) for side in job["size"].split("x"))
    assert job["prompt"].startswith("a kite, ")
    assert len(job["generations"]) == job["variants"]
    for n, video in enumerate(job["generations"]):
        assert video["id"] == f"{job['id'].replace('job', 'gen')}_{n}"
        assert (video["width"], video["height"]) == (width, height)
        assert video["seconds"] == pytest.approx(job["seconds"], abs=0.2)
        assert video["has_audio"] == (job["model"] == "sora-2")
        assert video["links"].keys() == {"content", *CONTENT_TYPES}
    assert job["progress"] == 100
    assert (job["queue"], job["eta"], job["problem"], job["overdue"]) == (None, None, None, False)
    usd = {"sora-2": "0.40", "sora": "0.10"}[job["model"]]
    assert job["cost"] == {"usd": usd, "state": "settled"}
    assert datetime.fromisoformat(job["created_at"]) < datetime.fromisoformat(job["finished_at"])
    assert job["links"] == {
        "self": f"{owner_api.base}/videos/jobs/{job['id']}",
        "timeline": f"{owner_api.base}/videos/jobs/{job['id']}/timeline",
    }


def test_the_video_was_made_from_the_prompt_and_bought_once(job: dict[str, Any], provider: Provider) -> None:
    """The provider's ledger has one render of this prompt."""
    [render] = provider.renders(job["prompt"])
    assert (render["state"], render["size"], render["seconds"]) == ("succeeded", job["size"], job["seconds"])


def test_content_leads_to_the_video(job: dict[str, Any], owner_api: Api) -> None:
    """The content of every generation is a redirect to a link that opens without a key and plays."""
    for video in job["generations"]:
        answer = owner_api.get(f"/videos/generations/{video['id']}/content")
        assert answer.status_code == 302
        assert answer.headers["cache-control"] == "no-store"
        film = httpx.get(answer.headers["location"])
        assert film.status_code == 200
        assert film.headers["content-type"] == "video/mp4"
        assert film.headers["content-disposition"].startswith(f'attachment; filename="{video["id"]}.mp4"')
        assert len(film.content) == video["bytes"]
        with av.open(io.BytesIO(film.content)) as playable:
            frames = sum(1 for _ in playable.decode(video=0))
        assert frames / video["seconds"] == pytest.approx(24, abs=8)


def test_content_is_shown_instead_of_followed(job: dict[str, Any], owner_api: Api) -> None:
    """With redirect=false the link comes as JSON, with everything a player needs to know."""
    video = job["generations"][0]
    answer = owner_api.get(f"/videos/generations/{video['id']}/content", redirect="false", inline="true")
    assert answer.status_code == 200
    shown = answer.json()
    assert shown.keys() == {"url", "expires_at", "content_type", "bytes", "file_name"}
    assert (shown["content_type"], shown["bytes"]) == ("video/mp4", video["bytes"])
    assert shown["file_name"] == f"{video['id']}.mp4"
    assert httpx.head(shown["url"]).headers["content-disposition"].startswith("inline")


@pytest.mark.parametrize("variant", CONTENT_TYPES)
def test_pictures_lie_beside_the_video(job: dict[str, Any], owner_api: Api, variant: str) -> None:
    """Poster, sprite sheet and GIF of a video are found under its links."""
    link = job["generations"][0]["links"][variant].removeprefix(owner_api.base)
    picture = httpx.get(owner_api.get(link).headers["location"])
    assert picture.status_code == 200
    assert picture.headers["content-type"] == CONTENT_TYPES[variant]
    assert picture.content[:3] in {b"\xff\xd8\xff", b"GIF"}


@pytest.mark.parametrize(("name", "value"), [("variant", "audio"), ("redirect", "maybe"), ("inline", "2")])
def test_content_takes_only_what_it_knows(
    job: dict[str, Any], owner_api: Api, is_problem: IsProblem, name: str, value: str
) -> None:
    """An unknown variant or a flag that is neither true nor false is a 422 that points at it."""
    answer = owner_api.get(f"/videos/generations/{job['generations'][0]['id']}/content", **{name: value})
    is_problem(answer, 422, "validation_failed", name)


def test_a_generation_beyond_the_last_is_not_found(job: dict[str, Any], owner_api: Api, is_problem: IsProblem) -> None:
    """A finished job has the videos it has."""
    beyond = f"{job['id'].replace('job', 'gen')}_{job['variants']}"
    is_problem(owner_api.get(f"/videos/generations/{beyond}/content"), 404, "not_found")


def test_the_timeline_tells_the_whole_flight(job: dict[str, Any], owner_api: Api) -> None:
    """Everything that happened is there once, in order: asked, accepted, looked at, stored, ended."""
    events = owner_api.timeline(job["id"])
    kinds = [event["kind"] for event in events]
    stored = ["storing", *["copied"] * job["variants"], "succeeded"]
    assert [kind for kind in kinds if kind != "looked"] == ["submitted", "admitted", "asked", "accepted", *stored]
    assert "looked" in kinds
    assert len({event["name"] for event in events}) == len(events)
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)


def test_an_ended_job_cannot_be_cancelled(job: dict[str, Any], owner_api: Api, is_problem: IsProblem) -> None:
    """A final state never changes, and is said."""
    problem = is_problem(owner_api.post(f"/videos/jobs/{job['id']}/cancel"), 409, "already_final")
    assert "succeeded" in problem["detail"]
    assert owner_api.job(job["id"]) == job


def test_the_settings_are_shown_without_secrets(host: RunningHost, provider: Provider) -> None:
    """/env/status names every setting and what is wrong, and never a key or a connection string."""
    answer = host.api().get("/env/status")
    status = answer.json()
    assert (answer.status_code, status["ready"], status["faults"]) == (200, True, [])
    shown = {setting["name"]: setting for setting in status["settings"]}
    assert shown["SORA_ENDPOINT"]["value"] == provider.url
    for name in ("SORA_AOAI_API_KEY", "STORAGE_CONNECTION_STRING", "LANES"):
        assert (shown[name]["is_set"], shown[name]["value"]) == (True, None)
    for secret in (provider.settings.key, "not-the-key", "AccountKey", host.settings["STORAGE_CONNECTION_STRING"]):
        assert secret not in answer.text
    assert [model["model"] for model in status["models"]][:2] == ["sora-2", "sora"]


def test_health_says_that_the_app_answers(host: RunningHost) -> None:
    """A probe is answered without asking anything else."""
    answer = host.api().get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
