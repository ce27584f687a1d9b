"""Rules of what proves us to a provider: a lane's own key, or the identity's token, and that to Azure's hosts alone."""

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from shared import storage
from shared.lanes import Lane, Offer
from shared.providers.transport import Wire


def _lane(endpoint: str, key: str | None = None) -> Lane:
    facts: dict[str, Any] = {
        "name": "main",
        "model": "sora-2",
        "api": "videos",
        "endpoint": endpoint,
        "deployment": "sora-2",
        "api_key": SecretStr(key) if key else None,
        "max_in_flight": 1,
        "creates_per_minute": 1,
        "offers": (Offer(sizes=("1280x720",), seconds=(4,)),),
        "default_size": "1280x720",
        "default_seconds": 4,
        "typical_render_s": 60.0,
    }
    return Lane.model_validate(facts)


@pytest.fixture(name="scopes")
def _scopes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The scopes a token was asked for."""
    asked: list[str] = []

    async def get_token(scope: str) -> SimpleNamespace:
        asked.append(scope)
        return SimpleNamespace(token="the-identity's-token")  # noqa: S106 - it opens nothing

    monkeypatch.setattr(storage, "credential", lambda: SimpleNamespace(get_token=get_token))
    return asked


async def test_azure_gets_the_identitys_token(scopes: list[str]) -> None:
    """A lane at Azure without a key proves itself with the identity's token for Azure OpenAI."""
    sent = await Wire(_lane("https://contoso.openai.azure.com/openai/v1"))._credentials()
    assert sent == {"Authorization": "Bearer the-identity's-token"}
    assert scopes == ["https://ai.azure.com/.default"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://gateway.example/v1",
        "https://contoso.openai.azure.com.gateway.example/v1",
        "https://notazure.com/v1",
        "https://gateway.example/contoso.openai.azure.com/v1",
        "https://contoso.openai.azure.com@gateway.example/v1",
        "http://127.0.0.1:8199/openai/v1",
    ],
)
async def test_nobody_else_gets_the_identitys_token(endpoint: str, scopes: list[str]) -> None:
    """Any other server, however it is named, gets no token: a wrong setting must not hand out the identity."""
    assert await Wire(_lane(endpoint))._credentials() == {}
    assert scopes == []


async def test_a_lanes_own_key_comes_first(scopes: list[str]) -> None:
    """A lane with a key proves itself with that key, at Azure too."""
    sent = await Wire(_lane("https://contoso.openai.azure.com/openai/v1", "its-key"))._credentials()
    assert sent == {"api-key": "its-key", "Authorization": "Bearer its-key"}
    assert scopes == []
