"""The wire between the Azure SDKs and storage, watched and cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.transport import AioHttpTransport, RequestsTransport

from shared import blobs, clock, ids

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure.core.pipeline.transport import HttpRequest


@dataclass
class Wire:
    """What went over the wire, by kind (`PUT block`, `GET`, …), in the order of the answers."""

    sent: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    staged_bytes: int = 0
    lose_reply_of: set[str] = field(default_factory=set)

    @property
    def answered(self) -> list[str]:
        """The kinds alone."""
        return [kind for kind, _ in self.sent]

    def note(self, request: HttpRequest) -> None:
        """Count a request; the first of a kind in `lose_reply_of` was carried out, but its reply is lost."""
        comp = parse_qs(urlsplit(request.url).query).get("comp", [""])[0]
        kind = f"{request.method} {comp}".strip()
        self.sent.append((kind, request.headers))
        if kind == "PUT block":
            self.staged_bytes += int(request.headers["Content-Length"])
        if kind in self.lose_reply_of:
            self.lose_reply_of.remove(kind)
            raise ServiceResponseError("the connection was reset before the reply came")


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Watch every request the SDKs send, under their retries."""
    seen = Wire()
    send, send_blocking = AioHttpTransport.send, RequestsTransport.send

    async def watched(transport: AioHttpTransport, request: HttpRequest, **options: Any) -> object:
        reply = await send(transport, request, **options)
        seen.note(request)
        return reply

    def watched_blocking(transport: RequestsTransport, request: HttpRequest, **options: Any) -> object:
        reply = send_blocking(transport, request, **options)
        seen.note(request)
        return reply

    monkeypatch.setattr(AioHttpTransport, "send", watched)
    monkeypatch.setattr(RequestsTransport, "send", watched_blocking)
    return seen


@pytest.fixture
def name() -> str:
    """A blob name that no other test has."""
    return blobs.video_name(str(ids.JobId.new()), clock.now(), 0)
