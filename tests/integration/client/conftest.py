"""A server that answers what a test tells it to, byte for byte: cut replies and broken answers need no less."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass(frozen=True)
class Request:
    """What the client sent."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's document."""
        return json.loads(self.body)


@dataclass
class Script:
    """The answers in order, and the requests that came. The last answer is given again and again."""

    url: str = ""
    replies: list[bytes] = field(default_factory=list[bytes])
    requests: list[Request] = field(default_factory=list[Request])

    def answer(self, document: Any = None, *, status: int = 200, body: bytes | None = None, **headers: str) -> None:
        """Answer with that document as JSON, or with `body` as it is."""
        content = json.dumps(document).encode() if body is None else body
        given = {"content-length": str(len(content)), "connection": "close"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in given.items())]
        self.replies.append("\r\n".join([*lines, "", ""]).encode() + content)

    def cut(self) -> None:
        """Close the connection instead of answering."""
        self.replies.append(b"")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request with the next reply."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests.append(Request(head[0], headers, body))
        writer.write(self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])
        writer.close()


@pytest.fixture
async def script() -> AsyncGenerator[Script]:
    """A server on a free port, to be told its replies."""
    told = Script()
    server = await asyncio.start_server(told.serve, "127.0.0.1", 0)
    told.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield told
