"""HTTP to a video provider: connections, credentials, time-outs, and which failure proves that nothing was sent.

The only module of `shared` that imports httpx; its continuation is another package, and the swap is this file's import.
"""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, cast
from weakref import WeakKeyDictionary

import httpx
from azure.core.exceptions import AzureError

from shared import clock, storage, telemetry
from shared.config import settings
from shared.lanes import Lane

logging.getLogger("httpx").setLevel(logging.WARNING)  # its line for each request would name render ids at every look

_CONNECT_S = 2.0
_READ_S = 60.0
_KEPT_CONNECTIONS = 20
_LONGEST_WAIT_S = 3600.0  # to ask again once an hour harms nobody, and no header stops a lane for years
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")  # float() would also take `inf` and `nan`
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class NeverSentError(Exception):
    """The request did not leave: DNS, connect, TLS or pool failed before."""


class NoReplyError(Exception):
    """The request may have arrived; the reply did not."""


@dataclass(frozen=True)
class Reply:
    """A whole answer: status, headers, body, and when it was received by our clock."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime

    @cached_property
    def json(self) -> dict[str, Any] | None:
        """The body as a JSON object; None for anything else."""
        try:
            parsed: Any = httpx.Response(200, content=self.body).json()
        except ValueError:
            return None
        return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else None

    @property
    def clock_offset(self) -> timedelta:
        """The provider's clock less ours, counted from when the reply was received: errs to the early side."""
        try:
            theirs = parsedate_to_datetime(self.headers.get("date", ""))
        except ValueError:
            return timedelta()
        return theirs.astimezone(UTC) - self.received_at

    @property
    def wait_s(self) -> float | None:
        """How long the provider asks to wait, an hour at most, in any of the forms it may ask in."""
        asked = self._asked_wait_s
        return None if asked is None else min(asked, _LONGEST_WAIT_S)

    @property
    def _asked_wait_s(self) -> float | None:
        """`retry-after-ms`, its `x-ms-` form, `retry-after` (seconds or a date)."""
        millis = self.headers.get("retry-after-ms") or self.headers.get("x-ms-retry-after-ms")
        seconds = self.headers.get("retry-after")
        if _NUMBER.fullmatch(millis or ""):
            return float(millis or "") / 1000
        if _NUMBER.fullmatch(seconds or ""):
            return float(seconds or "")
        try:
            by_their_clock = parsedate_to_datetime(seconds or "") - (self.received_at + self.clock_offset)
            return max(by_their_clock.total_seconds(), 0.0)
        except (ValueError, TypeError):
            return None


class Wire:
    """Requests of one lane, with its credentials."""

    def __init__(self, lane: Lane, query: Mapping[str, str] | None = None) -> None:
        self._lane = lane
        self._query = dict(query or {})

    async def send_once(self, path: str, body: Mapping[str, Any]) -> Reply:
        """POST JSON on a connection of its own, once. NeverSentError or NoReplyError say what is known.

        Never on a kept connection: one that had died while idle would look like a lost reply.
        """
        return await self._exchange(_client(kept_connections=0), "POST", path, json=dict(body))

    async def get(self, path: str, **query: str) -> Reply:
        """GET a whole answer. NeverSentError or NoReplyError when there is none."""
        return await self._exchange(_client(), "GET", path, query=query)

    @asynccontextmanager
    async def stream(self, path: str, **query: str) -> AsyncGenerator[httpx.Response]:
        """GET an answer whose body is read in pieces. httpx errors while reading become NoReplyError."""
        headers = await self._credentials()
        request = _client().stream("GET", self._url(path), params=self._query | query, headers=headers)
        try:
            async with request as response:
                yield response
        except _NEVER_SENT as error:
            raise NeverSentError(_words(error)) from error
        except httpx.HTTPError as error:
            raise NoReplyError(_words(error)) from error

    async def _exchange(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: dict[str, Any] | None = None,
    ) -> Reply:
        headers = await self._credentials()
        try:
            with telemetry.span(f"provider {method}", lane=self._lane.name, model=self._lane.model):
                response = await client.request(
                    method, self._url(path), params=self._query | dict(query or {}), json=json, headers=headers
                )
        except _NEVER_SENT as error:
            raise NeverSentError(_words(error)) from error
        except httpx.HTTPError as error:
            raise NoReplyError(_words(error)) from error
        return Reply(response.status_code, response.headers, self._without_key(response.content), clock.now())

    def _without_key(self, content: bytes) -> bytes:
        """Take the lane's key out of an answer: a gateway may repeat it, and what it says is shown to users."""
        key = self._lane.api_key.get_secret_value().encode() if self._lane.api_key else b""
        return content.replace(key, b"[redacted]") if key else content

    def _url(self, path: str) -> str:
        return f"{self._lane.base_url}/{path}"

    async def _credentials(self) -> dict[str, str]:
        if self._lane.api_key is not None:
            key = self._lane.api_key.get_secret_value()
            return {"api-key": key, "Authorization": f"Bearer {key}"}
        if self._lane.is_azure:
            try:
                token = await storage.credential().get_token(settings().token_scope)
            except AzureError as error:
                raise NeverSentError(f"no token from the identity: {error}") from error
            return {"Authorization": f"Bearer {token.token}"}
        return {}


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, httpx.AsyncClient]] = WeakKeyDictionary()


def _client(*, kept_connections: int = _KEPT_CONNECTIONS) -> httpx.AsyncClient:
    """Return the running loop's client that keeps so many idle connections."""
    of_loop = _clients.setdefault(asyncio.get_running_loop(), {})
    if kept_connections not in of_loop:
        of_loop[kept_connections] = httpx.AsyncClient(
            timeout=httpx.Timeout(_READ_S, connect=_CONNECT_S, pool=_CONNECT_S),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=kept_connections),
            follow_redirects=False,
        )
    return of_loop[kept_connections]
