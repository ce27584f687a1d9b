"""Who gets in, which paths exist, and what every answer carries (azure-openai.md A.1, B.1, H 1-5)."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from local.azure_openai.config import Quirk

if TYPE_CHECKING:
    from tests.contract.azure_openai.conftest import MakeResource, Resource

VIDEOS = "/openai/v1/videos"
JOBS = "/openai/v1/video/generations/jobs"


def token(**claims: object) -> str:
    """Something with the form of an Entra token."""
    parts = ({"alg": "RS256"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "signature"])


@pytest.mark.parametrize(
    "headers",
    [{"api-key": "emulator-key"}, {"authorization": "Bearer emulator-key"}, {"authorization": "bearer emulator-key"}],
)
async def test_key_opens_as_header_or_bearer(resource: Resource, headers: dict[str, str]) -> None:
    """The key is taken in `api-key` and as a bearer."""
    del resource.client.headers["api-key"]
    assert (await resource.client.get(VIDEOS, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"api-key": "wrong"}, {"authorization": "Basic emulator-key"}, {"authorization": "Bearer a.b.c"}]
)
@pytest.mark.parametrize("path", [VIDEOS, JOBS, "/openai/nothing", "/v1/videos"])
async def test_anything_else_is_401_everywhere(resource: Resource, headers: dict[str, str], path: str) -> None:
    """Without the key every API path, known or not, is 401 with the front door's body."""
    del resource.client.headers["api-key"]
    reply = await resource.client.get(path, headers=headers)
    assert reply.status_code == 401
    assert reply.json()["error"]["code"] == "401"
    assert "invalid subscription key or wrong API endpoint" in reply.json()["error"]["message"]


@pytest.mark.parametrize("audience", ["https://cognitiveservices.azure.com", "https://ai.azure.com/"])
async def test_token_for_the_right_audience_opens_until_it_expires(resource: Resource, audience: str) -> None:
    """An Entra token is good for either audience, and no longer than it says."""
    headers = {"authorization": f"Bearer {token(aud=audience, exp=resource.clock.now() + 60)}"}
    del resource.client.headers["api-key"]
    assert (await resource.client.get(VIDEOS, headers=headers)).status_code == 200
    resource.clock.advance(60)
    assert (await resource.client.get(VIDEOS, headers=headers)).status_code == 401


async def test_token_for_another_audience_is_401(resource: Resource) -> None:
    """A token that was asked for something else does not open."""
    headers = {"authorization": f"Bearer {token(aud='https://graph.microsoft.com', exp=resource.clock.now() + 60)}"}
    del resource.client.headers["api-key"]
    assert (await resource.client.get(VIDEOS, headers=headers)).status_code == 401


async def test_tokens_can_be_switched_off(make_resource: MakeResource) -> None:
    """A resource that takes keys only refuses every token."""
    resource = await make_resource(accepts_tokens=False)
    headers = {"authorization": f"Bearer {token(aud='https://ai.azure.com', exp=resource.clock.now() + 60)}"}
    del resource.client.headers["api-key"]
    assert (await resource.client.get(VIDEOS, headers=headers)).status_code == 401


@pytest.mark.parametrize("version", [None, "v1", "2025-04-01-preview"])
@pytest.mark.parametrize("path", [JOBS, f"{JOBS}/task_1", "/openai/v1/video/generations/gen_1/content/video"])
async def test_job_routes_ask_for_the_preview_version(resource: Resource, version: str | None, path: str) -> None:
    """The Sora 1 routes, content included, are 400 without `api-version=preview`."""
    reply = await resource.client.get(path, params={"api-version": version} if version else {})
    assert reply.status_code == 400
    assert reply.json() == {"error": {"code": "BadRequest", "message": "API version not supported"}}


async def test_job_routes_can_be_told_to_ignore_the_version(make_resource: MakeResource) -> None:
    """The quirk `any-api-version` takes the rule away."""
    resource = await make_resource(quirks=frozenset({Quirk.ANY_API_VERSION}))
    assert (await resource.client.get(JOBS)).status_code == 200


@pytest.mark.parametrize("path", [VIDEOS, f"{VIDEOS}?api-version=preview", "/v1/videos"])
async def test_videos_ignore_the_version_and_have_an_alias(resource: Resource, path: str) -> None:
    """`/videos` takes any `api-version` or none, below `/openai/v1` and `/v1`."""
    assert (await resource.client.get(path)).json()["object"] == "list"


async def test_azure_client_path_is_404_unless_aliased(resource: Resource, make_resource: MakeResource) -> None:
    """`/openai/videos?api-version=`, where the SDK's Azure client calls, exists only with the quirk `legacy-path`."""
    path = "/openai/videos?api-version=preview"
    assert (await resource.client.get(path)).status_code == 404
    lenient = await make_resource(quirks=frozenset({Quirk.LEGACY_PATH}))
    assert (await lenient.client.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/openai/deployments/sora-2/videos/generations"),
        ("POST", f"{VIDEOS}/create"),
        ("POST", f"{VIDEOS}/edits"),
        ("POST", f"{VIDEOS}/extensions"),
        ("PUT", VIDEOS),
        ("HEAD", VIDEOS),
        ("GET", f"{VIDEOS}/"),
        ("GET", "/v1/video/generations/jobs?api-version=preview"),
        ("GET", "/nothing"),
    ],
)
async def test_wrong_paths_and_methods_are_404(resource: Resource, method: str, path: str) -> None:
    """What is not served is 404 with the front door's body, also a wrong method on a known path."""
    reply = await resource.client.request(method, path)
    assert reply.status_code == 404
    if method != "HEAD":
        assert reply.json() == {"error": {"code": "404", "message": "Resource not found"}}


@pytest.mark.parametrize("path", [VIDEOS, f"{VIDEOS}/video_0", "/nothing", "/_emulator/health", "/_emulator"])
async def test_every_answer_has_the_emulators_date_and_a_request_id(resource: Resource, path: str) -> None:
    """`Date` follows the emulator's clock, and `apim-request-id` differs each time, errors included."""
    first = await resource.client.get(path)
    assert first.headers["date"] == "Thu, 16 Oct 2025 15:16:36 GMT"
    resource.clock.advance(3600)
    second = await resource.client.get(path)
    assert second.headers["date"] == "Thu, 16 Oct 2025 16:16:36 GMT"
    assert first.headers["apim-request-id"] != second.headers["apim-request-id"]


async def test_unplanned_failure_is_a_dated_json_500(resource: Resource, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error nobody planned is a 500 in the usual envelope, not an empty page."""

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(resource.emulator, "all_of", fail)
    resource.client._transport.raise_app_exceptions = False
    reply = await resource.client.get(VIDEOS)
    assert reply.status_code == 500
    assert reply.json()["error"]["type"] == "server_error"
    assert "apim-request-id" in reply.headers
