"""The built-in activity behind call_http, where it cannot do its work."""

import sys

import pytest

from local.functions_host.http_activity import call_http
from local.functions_host.invoker import InvocationError


async def test_missing_package_fails_the_activity_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without httpx the activity fails with its name; the host goes on."""
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(InvocationError, match="call_http needs the package httpx"):
        await call_http('{"method": "GET", "uri": "http://127.0.0.1:9/"}')
