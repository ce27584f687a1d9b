"""Emulators to test against: one in this process on a clock that is moved by hand, one as a real process."""

import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.azure_openai.clock import ManualClock
from local.azure_openai.config import PROFILES, Settings
from local.azure_openai.emulator import Emulator
from local.azure_openai.film import Film, PictureKind
from local.azure_openai.server import application
from local.azure_openai.store import Store

ROOT = Path(__file__).parents[3]
START_DEADLINE_S = 20


@dataclass
class FakeFilms:
    """Films that are ready at once and hold nothing but their key; one can be held back."""

    folder: Path
    clock: ManualClock
    ready: dict[str, float] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    is_slow: bool = False
    waiting: list[Film] = field(default_factory=list)

    def order(self, film: Film) -> None:
        """Make the film, or remember it while films are slow."""
        if self.is_slow:
            self.waiting.append(film)
        else:
            self.ready.setdefault(film.key, self.clock.now())

    def finish(self) -> None:
        """Make what was held back."""
        self.ready |= {film.key: self.clock.now() for film in self.waiting}

    def spoil(self) -> None:
        """Fail at what was held back."""
        self.broken |= {film.key for film in self.waiting}

    def ready_at(self, film: Film) -> float | None:
        """When it was made."""
        return self.ready.get(film.key)

    def has_failed(self, film: Film) -> bool:
        """Whether it was spoiled."""
        return film.key in self.broken

    async def path(self, film: Film) -> Path:
        """A file of a thousand bytes, of half as many in low quality."""
        path = self.folder / film.key
        path.write_bytes((film.key.encode() * 50)[: 1000 if film.quality == "high" else 500])
        return path

    async def picture(self, film: Film, kind: PictureKind) -> bytes:
        """Something that tells which picture it is."""
        return f"{kind} of {film.key}".encode()

    async def sheet(self, film: Film) -> bytes:
        """Something that tells which sheet it is."""
        return f"sheet of {film.key}".encode()

    def keep_opening(self, picture: bytes) -> str:
        """Keep nothing."""
        return f"opening-{len(picture)}"

    def close(self) -> None:
        """Nothing to stop."""


@dataclass
class Resource:
    """An emulator in this process, its clock, its films, and a client with its key."""

    emulator: Emulator
    clock: ManualClock
    films: FakeFilms
    client: httpx.AsyncClient

    async def video(self, **fields: Any) -> httpx.Response:
        """Create a video, valid where no field says otherwise; a None leaves a field out."""
        return await self._create("/openai/v1/videos", {"model": "sora-2", "prompt": "a fox"} | fields)

    async def job(self, **fields: Any) -> httpx.Response:
        """Create a Sora 1 job, likewise."""
        body = {"model": "sora", "prompt": "a fox", "width": 480, "height": 480} | fields
        return await self._create("/openai/v1/video/generations/jobs?api-version=preview", body)

    async def finished(self, reply: httpx.Response) -> dict[str, Any]:
        """Let a created video or job come to its end, and get it."""
        assert reply.status_code == 200, reply.text
        self.clock.advance(self.emulator.settings.render_s)
        path = reply.request.url.path
        again = await self.client.get(f"{path}/{reply.json()['id']}", params=reply.request.url.params)
        return again.json()

    async def _create(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return await self.client.post(path, json={name: value for name, value in body.items() if value is not None})


MakeResource = Callable[..., Awaitable[Resource]]


@pytest.fixture
async def make_resource(tmp_path: Path) -> AsyncIterator[MakeResource]:
    """Return a function that makes an emulator with the settings given; limits are out of the way by default."""
    clients: list[httpx.AsyncClient] = []

    async def make(profile: str = "azure", *, folder: Path | None = None, **settings: Any) -> Resource:
        wide = {"max_in_flight": 1000, "creates_per_minute": 1000}
        clock = ManualClock()
        films = FakeFilms(tmp_path, clock)
        emulator = Emulator(Settings(profile=PROFILES[profile], **(wide | settings)), clock, Store(folder), films)
        transport = httpx.ASGITransport(application(emulator))
        client = httpx.AsyncClient(
            transport=transport, base_url="http://emulator.test", headers={"api-key": emulator.settings.key}
        )
        clients.append(client)
        return Resource(emulator, clock, films, client)

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
async def resource(make_resource: MakeResource) -> Resource:
    """An emulator of Azure without limits in the way."""
    return await make_resource()


@dataclass
class Process:
    """An emulator as a process of its own."""

    popen: "subprocess.Popen[str]"
    url: str

    def ledger(self) -> dict[str, Any]:
        """Return the ledger."""
        return httpx.get(f"{self.url}/_emulator/ledger").json()

    def wait(self, what: str, is_so: Callable[[], bool], deadline_s: float = 30) -> None:
        """Wait until something is so."""
        until = time.monotonic() + deadline_s
        while not is_so():
            assert time.monotonic() < until, f"{what}: not within {deadline_s} s; {json.dumps(self.ledger())}"
            time.sleep(0.05)


def start(folder: Path, *options: str) -> Process:
    """Start an emulator on a free port and wait until it is ready."""
    command = [sys.executable, "-m", "local.azure_openai", "--port", "0", "--state", str(folder), *options]
    popen = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- our own program
    assert popen.stdout
    url = popen.stdout.readline().rpartition(" at ")[2].strip().removesuffix("/openai/v1")
    until = time.monotonic() + START_DEADLINE_S
    while True:
        try:
            assert httpx.get(f"{url}/_emulator/health").status_code == 200
        except httpx.TransportError:
            assert time.monotonic() < until, "the emulator does not answer"
        else:
            return Process(popen, url)


@pytest.fixture
def start_process() -> Iterator[Callable[..., Process]]:
    """Return a function that starts an emulator; what still runs at the end is killed."""
    started: list[Process] = []

    def run(folder: Path, *options: str) -> Process:
        started.append(start(folder, *options))
        return started[-1]

    yield run
    for process in started:
        process.popen.kill()
        process.popen.wait()
        assert process.popen.stdout
        process.popen.stdout.close()


@pytest.fixture(scope="session")
def shared_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One emulator for all tests that only need a real one: quick renders, limits out of the way."""
    wide = ("--max-in-flight", "1000", "--creates-per-minute", "1000")
    process = start(tmp_path_factory.mktemp("emulator"), "--render-s", "0.5", *wide)
    yield process
    process.popen.terminate()
    process.popen.wait()
    assert process.popen.stdout
    process.popen.stdout.close()
