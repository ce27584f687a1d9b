"""Whether an address answers yet. Knows HTTP and nothing of the parts."""

import asyncio
from collections.abc import Iterable
from http import HTTPStatus

import httpx

LOOK_EVERY_S = 0.1
ANSWER_S = 5


async def until_ready(urls: Iterable[str], *, needs_ok: bool) -> None:
    """Return as soon as every address has answered, with 200 where `needs_ok` is set. The deadline is the caller's."""
    async with httpx.AsyncClient(timeout=ANSWER_S, trust_env=False) as http:  # a proxy has no business on loopback
        for url in urls:
            while not await _answers(http, url, needs_ok=needs_ok):  # noqa: ASYNC110 - it happens in another process
                await asyncio.sleep(LOOK_EVERY_S)


async def _answers(http: httpx.AsyncClient, url: str, *, needs_ok: bool) -> bool:
    try:
        response = await http.get(url)
    except httpx.TransportError:
        return False
    return response.status_code == HTTPStatus.OK or not needs_ok
