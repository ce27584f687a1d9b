"""What both dialects do alike: send an order once, look, list every page, stream content. A dialect gives paths and
readings; nothing here knows a field of either.
"""

import re
from abc import abstractmethod
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.lanes import Lane
from shared.providers.errors import create_end, no_answer
from shared.providers.port import (
    Content,
    CreateEnd,
    Listing,
    LookEnd,
    Lost,
    Missing,
    NoAnswer,
    NotSent,
    Order,
    Render,
    Submitted,
)
from shared.providers.transport import NeverSentError, NoReplyError, Reply, Wire

_OK, _CREATED, _NOT_FOUND = 200, 201, 404
_PAGE = 100
_WHOLE = re.compile(r"[0-9]{1,9}")
_MOST_PAGES = 50


class Dialect:
    """A video provider over HTTP, up to the words it uses."""

    collection: str
    query: Mapping[str, str] = {}

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._wire = Wire(lane, self.query)

    @abstractmethod
    def order_body(self, deployment: str, order: Order) -> Mapping[str, Any]:
        """Write the create's JSON body."""

    @abstractmethod
    def read(self, body: Mapping[str, Any], hint_s: float | None = None) -> Render:
        """Read one render; every field but the id may be missing or unknown."""

    @abstractmethod
    def content_path(self, source: str) -> tuple[str, Mapping[str, str]]:
        """Name where a finished video's bytes are."""

    async def create(self, order: Order) -> CreateEnd:
        """Send one order, once."""
        try:
            reply = await self._wire.send_once(self.collection, self.order_body(self._lane.deployment, order))
        except NeverSentError as error:
            return NotSent(str(error))
        except NoReplyError as error:
            return Lost(str(error))
        if reply.status not in {_OK, _CREATED}:
            return create_end(reply)
        render_id = (reply.json or {}).get("id")
        if isinstance(render_id, str) and render_id:
            return Submitted(render_id)
        return Lost(f"HTTP {reply.status} without an id")

    async def look(self, render_id: str) -> LookEnd:
        """Ask how a render is getting on."""
        reply = await self._ask(f"{self.collection}/{render_id}")
        if isinstance(reply, NoAnswer):
            return reply
        if reply.status == _NOT_FOUND:
            return Missing()
        if reply.status != _OK or not (reply.json or {}).get("id"):
            return no_answer(reply)
        hint_ms = reply.headers.get("openai-poll-after-ms", "")
        return self.read(reply.json or {}, float(hint_ms) / 1000 if hint_ms.isdigit() else reply.wait_s)

    async def list_since(self, since: datetime) -> Listing | NoAnswer:
        """List every render made since a moment of our clock, all pages: an incomplete list proves nothing."""
        renders: list[Render] = []
        after: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            reply = await self._ask(self.collection, limit=str(_PAGE), **after)
            if isinstance(reply, NoAnswer):
                return reply
            data = (reply.json or {}).get("data")
            if reply.status != _OK or not isinstance(data, list):
                return no_answer(reply)
            page = [self.read(item) for item in data if isinstance(item, dict) and item.get("id")]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
            earliest = since + reply.clock_offset - timedelta(seconds=1)  # their times are whole seconds
            renders += [render for render in page if render.created_at is None or render.created_at >= earliest]
            if not (reply.json or {}).get("has_more"):
                return Listing(tuple(renders))
            if not page:
                return NoAnswer("the list has more, and a page without a render to go on from")
            after = {"after": page[-1].id}
        return NoAnswer(f"the list did not end within {_MOST_PAGES} pages")

    @asynccontextmanager
    async def content(self, source: str) -> AsyncGenerator[Content | NoAnswer]:
        """Open a finished video for streaming; an answer that is no video is a NoAnswer."""
        path, query = self.content_path(source)
        async with self._wire.stream(path, **query) as response:
            if response.status_code != _OK:
                yield NoAnswer(f"HTTP {response.status_code} for the content")
                return
            length = response.headers.get("content-length", "")
            yield Content(response.aiter_bytes(), int(length) if length.isdigit() else None)

    async def _ask(self, path: str, **query: str) -> Reply | NoAnswer:
        try:
            return await self._wire.get(path, **query)
        except (NeverSentError, NoReplyError) as error:
            return NoAnswer(str(error))


def unix_time(value: Any) -> datetime | None:
    """Read a time in unix seconds; None for anything else."""
    try:
        return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) and value > 0 else None
    except (OverflowError, OSError, ValueError):
        return None


def whole_number(value: Any, most: int = 1_000_000) -> int | None:
    """Read a whole number up to a limit, also from its text; None for anything else."""
    text = str(value)
    return min(int(text), most) if _WHOLE.fullmatch(text) else None
