"""The emulator of Azure OpenAI on virtual time, behind a network that loses, delays and garbles; and its true ledger.

What is bought is known here alone: which job's create was sent when, and accepted when, as which render.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx

from local.azure_openai.config import Quirk, Settings
from local.azure_openai.emulator import Emulator
from local.azure_openai.models import Dialect
from local.azure_openai.server import application
from local.azure_openai.state import Order, Phase, Render, finished_at, leaves_flight_at
from local.azure_openai.store import Store
from tests.faults.virtual_time import BEGINNING
from tests.faults.workers import Actor, acting, dead

if TYPE_CHECKING:
    from local.azure_openai.film import Film
    from tests.faults.chance import Chance

Crash = Callable[[str], None]

DEPLOYMENTS = {"a": "sora-2", "b": "sora-2", "c": "sora", "d": "sora"}
READ_TIMEOUT_S = 60.0
CREATES = (
    *("crash", "crash_after", "unreachable", "lost", "vanished", "late", "slow", "no_id", "garbage"),
    *("busy", "error", "error_taken", "error_late", "timeout_408", "conflict_409", "refused", "very_late"),
)
LOOKS = ("crash", "pause", "busy", "error", "missing", "forbidden", "timeout", "garbage")
CONTENTS = ("crash", "pause", "error", "short", "cut", "page")
_CONTENT = re.compile(r"/openai/v1/(?:videos/(?P<video>[^/]+)|video/generations/(?P<take>gen_[^/]+))/content.*")
_LATE_S = (5.0, 560.0)
"""How late an order may be accepted: until shortly before the last look for it."""
_VERY_LATE_S = (600.0, 5400.0)
"""How late one may be that surfaces after everybody has stopped waiting for it."""


@dataclass
class Create:
    """One order that left the app."""

    job: str | None
    deployment: str
    prompt: str
    sent_s: float
    render_id: str | None = None
    accepted_s: float | None = None
    is_delayed: bool = False


@dataclass
class _Clock:
    skew_s: float

    def now(self) -> float:
        return BEGINNING.timestamp() + asyncio.get_running_loop().time() + self.skew_s


class _InstantFilms:
    """Films that need no drawing: a render is done when its plan says so."""

    def order(self, film: Film) -> None:
        """There is nothing to draw."""

    def ready_at(self, film: Film) -> float:
        """Every film always was."""
        del film
        return 0.0

    def has_failed(self, film: Film) -> bool:
        """No film ever fails."""
        del film
        return False

    def close(self) -> None:
        """There is nothing to stop."""


def film_of(prompt: str, take: int) -> bytes:
    """Return the bytes that stand for a finished film: they name what they were made of."""
    return b"FILM" + json.dumps({"prompt": prompt, "take": take}).encode() + b"." * 3000 + b"END"


def prompt_of(film: bytes) -> str | None:
    """Read back what a film was made of; None when it is not whole."""
    if not (film.startswith(b"FILM") and film.endswith(b"END")):
        return None
    return json.JSONDecoder().raw_decode(film[4:].decode())[0]["prompt"]


@dataclass
class FaultyProvider(httpx.AsyncBaseTransport):
    """One resource. Its own limits never refuse: the caps are ours to keep, and are measured instead."""

    chance: Chance
    crash: Crash
    rates: dict[str, float]
    is_over: Callable[[], bool]
    render_s: float
    page_size: int = 100
    skew_s: float = 0.0
    names_prompts: bool = True
    creates: list[Create] = field(default_factory=list[Create])
    content_faults: list[str | None] = field(default_factory=list[str | None])
    listed: dict[str, list[tuple[float, float]]] = field(default_factory=dict[str, list[tuple[float, float]]])
    """By job: when each complete listing was begun and ended."""
    foreign: set[str] = field(default_factory=set[str])
    """The renders that other clients had made."""
    under_way: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])
    _listing: dict[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        settings = Settings(
            deployments=DEPLOYMENTS,
            render_s=self.render_s,
            max_in_flight=10_000,
            creates_per_minute=10_000,
            quirks=frozenset() if self.names_prompts else frozenset({Quirk.NULL_PROMPTS}),
        )
        ids = count()
        films: Any = _InstantFilms()
        mint = lambda: blake2b(f"{next(ids)}".encode(), digest_size=16).hexdigest()  # noqa: E731
        self.emulator = Emulator(settings, _Clock(self.skew_s), Store(), films, mint)
        self._inner = httpx.ASGITransport(application(self.emulator))

    @property
    def renders(self) -> list[Render]:
        """Everything that was ever accepted."""
        return list(self.emulator.store.renders.values())

    def make_foreign(self, prompt: str, deployment: str) -> Render:
        """Have another client of the resource order a render, of which nothing is known to the app."""
        is_sora_1 = DEPLOYMENTS[deployment] == "sora"
        width, height, seconds = (480, 480, 5) if is_sora_1 else (1280, 720, 4)
        dialect = Dialect.JOBS if is_sora_1 else Dialect.VIDEOS
        render = self.emulator.create(Order(dialect, deployment, prompt, width, height, seconds))
        self.foreign.add(render.id)
        return render

    def our_time(self, at: float) -> float:
        """Turn a time of the provider's clock into seconds since the beginning."""
        return at - self.skew_s - BEGINNING.timestamp()

    def flight(self, render: Render) -> tuple[float, float]:
        """When a render was in flight, in seconds since the beginning."""
        ends = leaves_flight_at(render, self.emulator.retention)
        return self.our_time(render.created_at), self.our_time(ends)

    def flight_of(self, create: Create) -> tuple[float, float]:
        """When the render of a create was in flight, in seconds since the beginning."""
        return self.flight(self.emulator.store.renders[create.render_id or ""])

    def is_paid(self, render: Render) -> bool:
        """Whether a render ends with films, and so is paid for."""
        return render.plan.failure is None

    def is_gone(self, render: Render) -> bool:
        """Whether the time of keeping it is over."""
        return self.emulator.is_expired(render)

    def has_ended(self, render: Render) -> bool:
        """Whether it has come to its end."""
        ended = finished_at(render)
        return ended is not None and ended <= self.emulator.clock.now()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, as far as the faults let it."""
        actor = acting()
        path = request.url.path
        if request.method == "POST":
            return await self._create(request, actor)
        if found := _CONTENT.fullmatch(path):
            return await self._content(request, actor, found)
        return await self._look(request, actor)

    # ---- creates

    async def _create(self, request: httpx.Request, actor: Actor) -> httpx.Response:
        place = actor.place("create")
        fault = self._fault(place, "create", CREATES)
        body = json.loads(request.content)
        create = Create(actor.job, body["model"], body["prompt"], asyncio.get_running_loop().time())
        if fault == "crash":
            self.crash(place)
            await dead()
        if fault == "unreachable":
            raise httpx.ConnectError("refused")
        self.creates.append(create)
        await self._travel(place)
        if fault in {"late", "error_late", "very_late"}:
            create.is_delayed = True
            self._accept_later(place, request, create, _VERY_LATE_S if fault == "very_late" else _LATE_S)
        if fault in _ANSWERS:
            return self._answer(place, request, fault)
        if fault in {"vanished", "late", "very_late"}:
            await asyncio.sleep(self.chance.between(f"{place}?broken", 0.1, READ_TIMEOUT_S))
            raise httpx.ReadError("the connection was reset")
        reply = await self._accept(request, create)
        return await self._reply(place, request, reply, fault)

    async def _reply(self, place: str, request: httpx.Request, reply: httpx.Response, fault: str | None) -> Any:
        match fault:
            case "crash_after":
                self.crash(place)
                await dead()
            case "lost":
                raise httpx.ReadError("the connection was reset")
            case "slow":
                delay_s = self.chance.stretched(f"{place}?slow", 1, 2 * READ_TIMEOUT_S)
                await asyncio.sleep(min(delay_s, READ_TIMEOUT_S))
                if delay_s > READ_TIMEOUT_S:
                    raise httpx.ReadTimeout("no reply within 60 s")
            case "no_id":
                return httpx.Response(200, json={"object": "video"}, request=request)
            case "garbage":
                return httpx.Response(200, content=b'{"id": "vid', request=request)
            case "error_taken":
                return httpx.Response(503, json={"error": {"message": "bad gateway"}}, request=request)
            case _:
                pass
        await self._travel(f"{place}?fro")
        return reply

    def _answer(self, place: str, request: httpx.Request, fault: str) -> httpx.Response:
        status = _ANSWERS[fault]
        wait_s = str(int(self.chance.between(f"{place}?wait", 1, 90)))
        headers = {"retry-after": wait_s} if fault == "busy" else {}
        body = {"error": {"message": f"scripted {fault}"}}
        return httpx.Response(status, json=body, headers=headers, request=request)

    def _accept_later(self, place: str, request: httpx.Request, create: Create, late_s: tuple[float, float]) -> None:
        async def arrive() -> None:
            await asyncio.sleep(self.chance.stretched(f"{place}?late", *late_s))
            await self._accept(request, create)

        task = asyncio.get_running_loop().create_task(arrive())
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)

    async def _accept(self, request: httpx.Request, create: Create) -> httpx.Response:
        reply = await self._inner.handle_async_request(request)
        content = await reply.aread()
        if reply.is_success:
            create.render_id = json.loads(content)["id"]
            create.accepted_s = asyncio.get_running_loop().time()
        return httpx.Response(reply.status_code, headers=reply.headers, content=content, request=request)

    # ---- looks and lists

    async def _look(self, request: httpx.Request, actor: Actor) -> httpx.Response:
        is_list = request.url.path.endswith(("/videos", "/jobs"))
        place = actor.place("list" if is_list else "look")
        fault = self._fault(place, "look", LOOKS)
        if fault == "missing" and is_list:
            fault = "error"  # a list is there or it fails
        await self._travel(place)
        match fault:
            case "crash":
                self.crash(place)
                await dead()
            case "pause":
                await asyncio.sleep(self.chance.stretched(f"{place}?pause", 0.3, 600))
            case "timeout":
                await asyncio.sleep(READ_TIMEOUT_S)
                raise httpx.ReadTimeout("no reply within 60 s")
            case "garbage":
                return httpx.Response(200, content=b"<html>", request=request)
            case str() if fault in _ANSWERS:
                return self._answer(place, request, fault)
            case _:
                pass
        if is_list:
            request = httpx.Request(
                "GET", request.url.copy_merge_params({"limit": str(self.page_size)}), headers=request.headers
            )
        asked_s = asyncio.get_running_loop().time()
        reply = await self._inner.handle_async_request(request)
        content = await reply.aread()
        await self._travel(f"{place}?fro")
        if is_list:
            self._note_page(actor, asked_s, is_first="after" not in request.url.params, body=json.loads(content))
        return httpx.Response(reply.status_code, headers=reply.headers, content=content, request=request)

    def _note_page(self, actor: Actor, asked_s: float, *, is_first: bool, body: dict[str, Any]) -> None:
        if is_first:
            self._listing[actor.label] = asked_s
        if not body["has_more"] and actor.job:
            ended_s = asyncio.get_running_loop().time()
            self.listed.setdefault(actor.job, []).append((self._listing[actor.label], ended_s))

    # ---- content

    async def _content(self, request: httpx.Request, actor: Actor, found: re.Match[str]) -> httpx.Response:
        place = actor.place("content")
        fault = self._fault(place, "content", CONTENTS)
        if fault:
            self.content_faults.append(actor.job)
        await self._travel(place)
        render, take = (
            (self.emulator.find(Dialect.VIDEOS, found["video"]), 0)
            if found["video"]
            else self.emulator.find_generation(found["take"])
        )
        if fault == "pause":
            await asyncio.sleep(self.chance.stretched(f"{place}?pause", 0.3, 600))
        if fault == "error" or self.emulator.look(render).phase is not Phase.SUCCEEDED:
            return httpx.Response(500, json={"error": {"message": "scripted"}}, request=request)
        film = b"<html>an error page</html>" if fault == "page" else film_of(render.order.prompt, take)
        headers = {} if fault == "cut" else {"content-length": str(len(film))}
        stream = _Body(self, place, film, fault)
        return httpx.Response(200, headers=headers, stream=stream, request=request)

    def _fault(self, place: str, family: str, kinds: Iterable[str]) -> str | None:
        if self.is_over():
            return None
        return self.chance.fault(place, {kind: self.rates.get(f"{family} {kind}", 0.0) for kind in kinds})

    async def _travel(self, place: str) -> None:
        await asyncio.sleep(self.chance.stretched(f"{place}?way", 0.005, 0.5))


_ANSWERS = {
    "busy": 429,
    "error": 500,
    "error_late": 502,
    "timeout_408": 408,
    "conflict_409": 409,
    "missing": 404,
    "forbidden": 403,
    "refused": 403,
}


@dataclass
class _Body(httpx.AsyncByteStream):
    """A film on its way, in three pieces; it may break off."""

    provider: FaultyProvider
    place: str
    film: bytes
    fault: str | None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        third = len(self.film) // 3 + 1
        pieces = [self.film[start : start + third] for start in range(0, len(self.film), third)]
        for n, piece in enumerate(pieces):
            await asyncio.sleep(self.provider.chance.stretched(f"{self.place}?piece{n}", 0.01, 1))
            if n and self.fault == "crash":
                self.provider.crash(self.place)
                await dead()
            if n and self.fault == "short":
                raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")
            if n and self.fault == "cut":
                return
            yield piece
