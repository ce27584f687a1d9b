"""HTTP to one lab: headers, repetition, what is an answer. The client's only module with httpx; it knows no jobs."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from itertools import count
from typing import Any, Self

import httpx

from client.errors import LabError, UnreachableError, problem_of

KEY_HEADER = "x-functions-key"
CONNECT_S = 5
ANSWER_S = 65  # longer than the 60 s the server may hold a request that asked it to wait
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
TOLD_PAUSE_S = (0.2, 60.0)  # a Retry-After outside of these is brought back into them


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer: its JSON document (None for 204), and how long the server asks to wait before the next look."""

    document: Any
    retry_after_s: float | None


class Transport:
    """A connection pool to one base URL. Every request it sends is safe to repeat; what got no answer is repeated."""

    def __init__(self, base_url: str, key: str | None) -> None:
        self._base_url = base_url.rstrip("/")
        # The key goes into each request to the lab, never into the defaults: downloads go to another host.
        self._lab_headers = {KEY_HEADER: key} if key else {}
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        patience_s: float,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request until there is an answer other than 5xx, or `patience_s` seconds are over.

        Raises LabError for an answer that is a problem and UnreachableError where none came.
        """
        request = self._http.build_request(
            method,
            self._base_url + path,
            params=params,
            json=json,
            headers={**self._lab_headers, **(headers or {})},
        )
        give_up_at = time.monotonic() + patience_s
        for pause_s in _growing_pauses():
            try:
                response = await self._http.send(request)
            except httpx.TransportError as fault:
                if time.monotonic() + pause_s > give_up_at:
                    raise UnreachableError(f"no answer from {self._base_url}: {_reason(fault)}") from fault
                await asyncio.sleep(pause_s)
                continue
            wait_s = max(pause_s, _retry_after_s(response) or 0)
            if not response.is_server_error or time.monotonic() + wait_s > give_up_at:
                return self._read(response)
            await asyncio.sleep(wait_s)
        raise AssertionError("the pauses never end")

    @asynccontextmanager
    async def stream(self, url: str) -> AsyncGenerator[AsyncGenerator[bytes]]:
        """Open a link that carries its own permission; yields the body in chunks. Raises UnreachableError."""
        try:
            async with self._http.stream("GET", url) as response:
                if not response.is_success:
                    raise UnreachableError(f"the storage answered {response.status_code} {response.reason_phrase}")
                yield _chunks(response)
        except httpx.TransportError as fault:
            raise UnreachableError(f"the download was cut: {_reason(fault)}") from fault

    def _read(self, response: httpx.Response) -> Answer:
        try:
            document = response.json() if response.content else None
        except ValueError:  # not JSON, or not even text
            document = None
        if not response.is_success:
            problem = problem_of(document, status=response.status_code, reason=_phrase(response.status_code))
            raise LabError(response.status_code, problem)
        if document is None and response.status_code != HTTPStatus.NO_CONTENT:
            raise UnreachableError(f"{self._base_url} answered something that is not JSON; is that address a lab's?")
        return Answer(document, _retry_after_s(response))


async def _chunks(response: httpx.Response) -> AsyncGenerator[bytes]:
    async for chunk in response.aiter_bytes():
        yield chunk


def _growing_pauses() -> Iterator[float]:
    return (min(FIRST_PAUSE_S * 2**n, LONGEST_PAUSE_S) for n in count())


def _retry_after_s(response: httpx.Response) -> float | None:
    """Read Retry-After, which is a number of seconds or a date (RFC 9110, section 10.2.3)."""
    text = response.headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    shortest, longest = TOLD_PAUSE_S
    return min(max(seconds, shortest), longest)


def _reason(fault: httpx.TransportError) -> str:
    return str(fault) or type(fault).__name__


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
