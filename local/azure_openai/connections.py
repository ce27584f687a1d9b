"""What an application cannot do to its connection by itself: reset it, or close it in the middle of a reply.

A protocol for uvicorn that hands the connection to the application, in the scope's extensions. It knows no fault.
"""

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_EXTENSION = "azure_openai.connection"
_LINGER_NOT = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Connection:
    """The connection that a request came in on."""

    transport: asyncio.Transport

    def reset(self) -> None:
        """End it with a TCP reset."""
        own = cast("socket.socket", self.transport.get_extra_info("socket"))
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.transport.abort()

    def close(self) -> None:
        """End it as soon as what was sent so far has left."""
        self.transport.close()


def connection_of(scope: Scope) -> Connection:
    """Return a request's connection. Raises `RuntimeError` under a server that does not hand it over."""
    connection = scope.get("extensions", {}).get(_EXTENSION)
    if not isinstance(connection, Connection):
        raise RuntimeError("a fault of the connection needs the emulator's own server: python -m local.azure_openai")  # noqa: TRY004 -- not a wrong argument
    return connection


class ConnectionProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with the connection in each scope."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Put the connection into the scope of every request that comes in on it."""
        super().connection_made(transport)
        app = cast("ASGIApp", self.app)

        async def with_connection(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[_EXTENSION] = Connection(transport)
            await app(scope, receive, send)

        self.app = with_connection
