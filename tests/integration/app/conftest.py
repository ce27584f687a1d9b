"""A provider for the app: the real emulator, served from a thread, behind a door where tests can tamper."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn

from local.azure_openai.clock import SystemClock
from local.azure_openai.config import Quirk, Settings
from local.azure_openai.connections import ConnectionProtocol
from local.azure_openai.emulator import Emulator
from local.azure_openai.server import application
from local.azure_openai.store import Store
from local.azure_openai.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from local.azure_openai.film import Film

    Fault = Callable[[ASGIApp, Scope, Receive, Send], Awaitable[None]]

DEPLOYMENTS = {"sora-2": "sora-2", "sora": "sora", "busy": "sora", "single": "sora", "slow": "sora"}
START_WITHIN_S = 20
_client = httpx.Client(timeout=30)  # one for all: making one reads every certificate of the machine


class OneFilmStudio(Studio):
    """Draws one real film for each size and length and gives it to every prompt, where films are not the point."""

    def order(self, film: Film) -> None:
        """Order the film that stands for all."""
        super().order(_any(film))

    def ready_at(self, film: Film) -> float | None:
        """Say when that one was ready."""
        return super().ready_at(_any(film))

    async def path(self, film: Film) -> Path:
        """Return that one."""
        return await super().path(_any(film))


def _any(film: Film) -> Film:
    return replace(film, prompt="any", take=0)


@dataclass
class Provider:
    """One emulator at one address; what is stopped and started again there remembers its renders."""

    folder: Path
    settings: Settings
    studio: type[Studio] = Studio
    port: int = 0
    seen: list[str] = field(default_factory=list)
    _faults: list[tuple[str, Fault]] = field(default_factory=list)
    _emulator: Emulator | None = None
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The base URL that a lane is given."""
        return f"http://127.0.0.1:{self.port}/openai/v1"

    def start(self) -> Provider:
        """Serve, and return once the address answers."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self.folder.mkdir(exist_ok=True)
        clock = SystemClock()
        self._emulator = Emulator(self.settings, clock, Store(self.folder), self.studio(self.folder / "films", clock))
        door = self._door(application(self._emulator))
        config = uvicorn.Config(
            door, http=ConnectionProtocol, log_level="critical", date_header=False, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_WITHIN_S
        while not self._server.started:
            assert time.monotonic() < deadline, "the emulator did not start"
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        """Close the address; whoever connects is refused."""
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(START_WITHIN_S)
        self._server = None

    def tamper(self, request: str, *faults: Fault) -> None:
        """Let the next requests that begin like `POST /videos` meet these faults, one each, in order."""
        self._faults += [(request, fault) for fault in faults]

    def ledger(self) -> dict[str, Any]:
        """Everything that was ever ordered here, as the emulator tells it."""
        return _client.get(f"http://127.0.0.1:{self.port}/_emulator/ledger").json()

    def renders(self, prompt: str) -> list[dict[str, Any]]:
        """The renders that were bought for a prompt."""
        return [render for render in self.ledger()["renders"] if render["prompt"] == prompt]

    def refusals(self, prompt: str) -> list[dict[str, Any]]:
        """The creates that were refused for a prompt."""
        return [refusal for refusal in self.ledger()["refused"] if refusal["prompt"] == prompt]

    def _door(self, app: ASGIApp) -> ASGIApp:
        async def enter(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            request = f"{scope['method']} {scope['path'].removeprefix('/openai/v1')}"
            self.seen.append(request)
            for n, (start, fault) in enumerate(self._faults):
                if request.startswith(start):
                    del self._faults[n]
                    await fault(app, scope, receive, send)
                    return
            await app(scope, receive, send)

        return enter


class Faults:
    """What can happen to one request between the app and the provider."""

    @staticmethod
    async def lost_reply(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """The provider did it, and the connection broke before it could say so."""

        async def swallow(_: Message) -> None:
            return

        await app(scope, receive, swallow)
        await Faults._break_off(send)

    @staticmethod
    async def lost_request(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """The connection broke before the provider did anything; the sender cannot tell."""
        del app, scope, receive
        await Faults._break_off(send)

    @staticmethod
    async def _break_off(send: Send) -> None:
        headers = [(b"content-length", b"1000"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})

    @staticmethod
    def answer(
        status: int, body: bytes = b'{"error": {"message": "scripted"}}', kind: str = "application/json"
    ) -> Fault:
        """Something in between answered, and the provider never heard of it."""

        async def answered(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
            del app, scope, receive
            headers = [(b"content-length", str(len(body)).encode()), (b"content-type", kind.encode())]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

        return answered

    @staticmethod
    def taken_and(status: int) -> Fault:
        """The provider did it, and something in between answered with an error."""

        async def taken(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
            async def swallow(_: Message) -> None:
                return

            await app(scope, receive, swallow)
            await Faults.answer(status)(app, scope, receive, send)

        return taken

    @staticmethod
    def after(event: threading.Event, fault: Fault | None = None) -> Fault:
        """The request is held until the event is set, and goes on then."""

        async def held(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.to_thread(event.wait, 60)
            await (fault(app, scope, receive, send) if fault else app(scope, receive, send))

        return held

    @staticmethod
    def cut_after(bytes_sent: int) -> Fault:
        """The body ends after so many bytes of what its header promised."""

        async def cut(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
            left = bytes_sent

            async def send_some(message: Message) -> None:
                nonlocal left
                if message["type"] == "http.response.body":
                    body = message.get("body", b"")[:left]
                    left -= len(body)
                    message = {"type": "http.response.body", "body": body, "more_body": True}
                if message["type"] != "http.response.pathsend":
                    await send(message)

            await app(scope, receive, send_some)

        return cut


@pytest.fixture(scope="session")
def faults() -> type[Faults]:
    """What `provider.tamper` takes."""
    return Faults


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """The provider that most tests share: two renders at once for each deployment, each taking a second."""
    settings = Settings(
        deployments=DEPLOYMENTS,
        render_s=1.0,
        max_in_flight=2,
        creates_per_minute=10_000,
        quirks=frozenset({Quirk.RETRY_AFTER_ON_CAP}),
    )
    running = Provider(tmp_path_factory.mktemp("provider") / "state", settings, OneFilmStudio).start()
    yield running
    running.stop()


StartProvider = Callable[[Path, Settings], Provider]


@pytest.fixture
def start_provider() -> Iterator[StartProvider]:
    """For tests that need a provider of another kind, or stop theirs: what they start ends with the test."""
    started: list[Provider] = []

    def start(folder: Path, settings: Settings) -> Provider:
        started.append(Provider(folder, settings, OneFilmStudio))
        return started[-1].start()

    yield start
    for provider in started:
        provider.stop()
