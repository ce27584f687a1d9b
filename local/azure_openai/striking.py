"""What a fault does to a call: an ASGI layer around the emulator, which never hears of it.

Which fault strikes is the fault book's business; what a socket can do is `connections`'.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, assert_never, cast

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.azure_openai import calls, scripted
from local.azure_openai.connections import connection_of
from local.azure_openai.emulator import Emulator
from local.azure_openai.fault_book import Strike, Target
from local.azure_openai.faults import Call, Effect, Fault

_OPEN_STATES = {"queued", "in_progress", "preprocessing", "running", "processing"}


@dataclass
class _Reply:
    """A whole reply of the emulator, to be changed before it is sent."""

    start: Message = field(default_factory=dict[str, Any])
    body: bytes = b""

    @property
    def is_success(self) -> bool:
        return self.start["status"] < 300  # noqa: PLR2004 -- HTTP's number

    @property
    def headers(self) -> MutableHeaders:
        return MutableHeaders(raw=self.start["headers"])

    def json(self) -> dict[str, Any]:
        return json.loads(self.body)

    def replace_body(self, body: bytes) -> None:
        self.body = body
        self.headers["content-length"] = str(len(body))

    async def collect(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    async def send(self, send: Send) -> None:
        await send(self.start)
        await send({"type": "http.response.body", "body": self.body})


@dataclass
class Striking:
    """Lets faults strike the calls of an emulator's application."""

    app: ASGIApp
    emulator: Emulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let a fault do so."""
        call = calls.named(scope)
        if call is None:
            await self.app(scope, receive, send)
            return
        body = await _whole_body(receive)
        if body is None:
            return
        target = await calls.target(call, scope, body, self.emulator)
        strike = self.emulator.faults.strike(target)
        again = _Replay(body, receive)
        if strike is None:
            await self.app(scope, again, send)
        else:
            await _Struck(self.app, self.emulator, scope, again, send, strike, target).happen()


@dataclass
class _Replay:
    """A request's body once more, and then whatever else comes."""

    body: bytes
    receive: Receive
    is_told: bool = False

    async def __call__(self) -> Message:
        if self.is_told:
            return await self.receive()
        self.is_told = True
        return {"type": "http.request", "body": self.body, "more_body": False}


@dataclass
class _Struck:
    """One call that a fault hits."""

    app: ASGIApp
    emulator: Emulator
    scope: Scope
    receive: Receive
    send: Send
    strike: Strike
    target: Target

    async def happen(self) -> None:
        fault = self.strike.fault
        match fault.effect:
            case Effect.RESET:
                connection_of(self.scope).reset()
                await self._be_disconnected()
            case Effect.LOST:
                await self._lose(fault)
            case Effect.SLOW:
                await asyncio.sleep(fault.seconds)
                await self.app(self.scope, self.receive, self.send)
            case Effect.ANSWER:
                if fault.arrives:
                    await self._carried_out()
                await scripted.answer(fault, self.target, self.emulator.clock.now())(
                    self.scope, self.receive, self.send
                )
            case Effect.CUT:
                await self._cut(fault)
            case Effect.IGNORE_RANGE:
                self.scope["headers"] = [(name, value) for name, value in self.scope["headers"] if name != b"range"]
                await self.app(self.scope, self.receive, self.send)
            case Effect.SHORT | Effect.STATE | Effect.PROGRESS | Effect.HINT | Effect.VANISH | Effect.EXPIRE:
                reply = await self._carried_out()
                if reply.is_success:
                    self._change(reply, fault)
                await reply.send(self.send)
            case _:
                assert_never(fault.effect)

    async def _carried_out(self) -> _Reply:
        reply = _Reply()
        await self.app(self.scope, self.receive, reply.collect)
        return reply

    async def _lose(self, fault: Fault) -> None:
        connection = connection_of(self.scope)
        reply = await self._carried_out()
        if self.target.call is Call.CREATE and fault.seconds and reply.is_success:
            self.emulator.accept_later(reply.json()["id"], fault.seconds)
        connection.close()
        await self._be_disconnected()

    async def _cut(self, fault: Fault) -> None:
        connection = connection_of(self.scope)
        reply = await self._carried_out()
        await self.send(reply.start)
        await self.send({"type": "http.response.body", "body": _part(reply.body, fault), "more_body": True})
        connection.close()
        await self._be_disconnected()

    async def _be_disconnected(self) -> None:
        """Wait until the server has noticed, which otherwise takes the unfinished reply for a mistake of ours."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    def _change(self, reply: _Reply, fault: Fault) -> None:
        match fault.effect:
            case Effect.SHORT:
                reply.replace_body(_part(reply.body, fault))
            case Effect.HINT:
                reply.headers["openai-poll-after-ms"] = str(int(fault.seconds * 1000))
            case Effect.VANISH:
                self.emulator.let_vanish(self._render_id(reply), fault.seconds)
            case Effect.EXPIRE:
                self.emulator.let_expire(self._render_id(reply), fault.seconds)
            case _:
                written = reply.json()
                for render in cast("list[dict[str, Any]]", written.get("data", [written])):
                    self._rewrite(render, fault)
                reply.replace_body(json.dumps(written).encode())

    def _render_id(self, reply: _Reply) -> str:
        return self.target.render or reply.json()["id"]

    def _rewrite(self, render: dict[str, Any], fault: Fault) -> None:
        if fault.effect is Effect.STATE:
            render["status"] = fault.word
        elif "progress" in render and render["status"] in _OPEN_STATES:
            jump = fault.chance(self.strike.nth).randrange(100)
            render["progress"] = jump if fault.progress is None else fault.progress


async def _whole_body(receive: Receive) -> bytes | None:
    """Read a request's body; None where the client went away."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def _part(body: bytes, fault: Fault) -> bytes:
    return body[: len(body) // 2 if fault.bytes is None else fault.bytes]
