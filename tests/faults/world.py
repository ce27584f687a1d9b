"""One lab in virtual time: the real app code on doubles of storage, task hub and time, and a real emulator.

Plays a scenario until nothing moves any more; what has become of it is judged elsewhere.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import os
import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import azure.functions as func
import httpx

import function_app
from local.functions_host import steps
from shared import clock, config, ids, media, storage
from shared.providers import transport
from tests.doubles.blobs import FakeContainer
from tests.doubles.tables import FakeTable
from tests.faults import virtual_time
from tests.faults.chance import Chance
from tests.faults.evidence import Recorder
from tests.faults.hub import DurableClient, Hub
from tests.faults.provider import FaultyProvider, prompt_of
from tests.faults.scenario import HAPPENINGS, Planned, Scenario, scenario
from tests.faults.storage_faults import FaultyContainer, FaultyTable, StorageFaults
from tests.faults.users import Users
from tests.faults.workers import Death, Worker, acting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from shared.footage import BinaryFile

HORIZON_S = 30 * 3600.0
SWEEP_S = 60.0
_SWEEP_LATE_S = 600.0
_LATE_AFTER_S = 3 * 3600.0
_BASE = "http://lab.example/api/v1"


@dataclass
class World:
    """All that there is in one schedule."""

    chance: Chance
    plan: Scenario
    table: FakeTable = field(default_factory=FakeTable)
    container: FakeContainer = field(default_factory=FakeContainer)
    workers: list[Worker] = field(default_factory=list[Worker])
    deaths: int = 0
    sweeps: int = 0
    quiet_s: float | None = None
    recorder: Recorder = field(default_factory=Recorder)
    _ids: int = 0

    def __post_init__(self) -> None:
        self.table.watchers.append(self.recorder.see)
        functions = {one.get_function_name(): one.get_user_function() for one in _registered()}
        rates, over = self.plan.rates, self.faults_are_over
        self.hub = Hub(self.chance, self.crash, rates, over, functions, self.worker)
        self.storage_faults = StorageFaults(self.chance, self.crash, rates, over)
        self.provider = FaultyProvider(
            self.chance,
            self.crash,
            rates,
            over,
            self.plan.render_s,
            self.plan.page_size,
            self.plan.skew_s,
            self.plan.names_prompts,
        )
        self.users = Users(self)
        for n in range(self.plan.workers):
            self._employ(f"w{n}")

    # ---- processes

    def faults_are_over(self) -> bool:
        """Whether everything works from now on."""
        return asyncio.get_running_loop().time() > self.plan.faults_until_s

    def worker(self, place: str) -> Worker:
        """Choose the process in which something runs."""
        return self.chance.one_of(f"{place}?worker", self.workers)

    def crash(self, place: str) -> None:
        """Let the process that is at work die, in one of two ways."""
        how: Death = self.chance.one_of(f"{place}?death", ("worker", "host"))
        self.kill(acting().worker, how)

    def kill(self, worker: Worker, how: Death) -> None:
        """End a process; another one takes its place at once, as the platform sees to it."""
        if worker.is_dead:
            return
        self.deaths += 1
        self.workers.remove(worker)
        self._employ(f"w{self.deaths}'")
        worker.die(how)

    def _employ(self, name: str) -> None:
        worker = Worker(name)
        worker.mourners.append(self.hub.mourn)
        self.workers.append(worker)

    # ---- the app from outside

    async def http(
        self, label: str, name: str, *, owner: str, body: Any = None, method: str = "POST", **about: Any
    ) -> tuple[int | None, Any]:
        """Send one request to a function of the app; None when its process died over it."""
        request = func.HttpRequest(
            method=method,
            url=f"{_BASE}/{name}",
            headers={"content-type": "application/json", "x-owner": owner, **about.get("headers", {})},
            params=about.get("params", {}),
            route_params=about.get("route", {}),
            body=json.dumps(body).encode() if body is not None else b"",
        )
        function = self.hub.functions[name]
        options = {"client": DurableClient(self.hub)} if hasattr(function, "client_function") else {}
        function = getattr(function, "client_function", function)
        task = self.worker(label).run(label, function(request, **options))
        await asyncio.wait([task])
        if task.cancelled():
            return None, {}
        reply: func.HttpResponse = task.result()
        return reply.status_code, json.loads(reply.get_body() or b"{}")

    def _happen(self, planned: Planned) -> None:
        if planned.what not in HAPPENINGS or not self.chance.happens(planned.name):
            return
        stories = list(self.hub.instances)
        story = stories[planned.job % len(stories)] if stories else None
        match planned.what:
            case "worker dies":
                self.kill(self.worker(planned.name), "worker")
            case "host dies":
                for worker in list(self.workers):
                    self.kill(worker, "host")
            case "hub is lost":
                self.hub.forget_everything()
            case "story restarts" if story:
                row = self.hub.instances[story].row
                self.hub.start(row.name, row.id, row.input)
            case "story ends" if story:
                self.hub.terminate(story)
            case _:
                pass

    async def _sweep(self) -> None:
        sweep = self.hub.functions["sweep"].client_function
        loop = asyncio.get_running_loop()
        while True:
            is_late = loop.time() > _LATE_AFTER_S  # from then on only at the minutes that look for late renders
            await asyncio.sleep(_SWEEP_LATE_S - loop.time() % _SWEEP_LATE_S if is_late else SWEEP_S)
            self.sweeps += 1
            label = f"sweep {self.sweeps}"
            await asyncio.wait([self.worker(label).run(label, sweep(None, DurableClient(self.hub)))])

    # ---- from the beginning to the end

    async def play(self) -> None:
        """Play the scenario, until nothing moves any more or the horizon is reached."""
        loop = asyncio.get_running_loop()
        self.users.begin()
        for planned in self.plan.planned:
            loop.call_later(planned.at_s, self._happen, planned)
        sweeping = loop.create_task(self._sweep())
        while loop.time() < HORIZON_S:
            await asyncio.sleep(SWEEP_S)
            if self._is_quiet():
                self.quiet_s = loop.time()
                break
        sweeping.cancel()

    def _is_quiet(self) -> bool:
        under_way = (
            self.users.at_work,
            self.storage_faults.under_way,
            self.provider.under_way,
            self.recorder.pool_rows,
        )
        if any(under_way) or any(worker.tasks for worker in self.workers):
            return False
        return self.hub.is_quiet and not self.recorder.open_jobs

    def new_ulid(self) -> str:
        """Mint an id of virtual time, in the order of asking."""
        self._ids += 1
        millis = virtual_time.now_us() // 1000
        return ids._encode(millis << 80 | int(self.chance.draw(f"id {self._ids}") * (1 << 80)))


@functools.cache
def _registered() -> list[Any]:
    return function_app.all_functions().get_functions()


def _probe(file: BinaryFile) -> media.Probe | media.NotAVideo:
    """Tell a whole film of the provider's from anything else; PyAV's own part is tested elsewhere."""
    content = file.read(1 << 20) or b""
    if prompt_of(content) is None:
        return media.NotAVideo("it is not whole")
    return media.Probe(seconds=4.0, width=1280, height=720, has_audio=True, codec="h264", frame_rate=24.0)


def _picture(file: BinaryFile) -> bytes:
    del file
    return b"a picture"


@contextmanager
def _in_place(world: World) -> Generator[None]:
    """Put the world's doubles where the app looks for the real things."""
    table = FaultyTable(world.table, world.storage_faults)
    container = FaultyContainer(world.container, world.storage_faults)
    client = httpx.AsyncClient(transport=world.provider)
    settings = {
        "LANES": json.dumps(world.plan.lanes),
        "STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
        "OWNER_MODE": "key",
        "OWNER_HEADER": "x-owner",
    }
    names = {name.upper() for name in config.Settings.model_fields}
    environment = {name: value for name, value in os.environ.items() if name not in names} | settings
    with (
        patch.dict(os.environ, environment, clear=True),
        patch.object(clock, "now", virtual_time.now),
        patch.object(steps, "now_us", virtual_time.now_us),
        patch(
            "azure.durable_functions.models.history.HistoryEvent.dt_parse", datetime.fromisoformat
        ),  # the SDK's own takes most of a replay's time
        patch.object(ids, "new_ulid", world.new_ulid),
        patch.object(storage, "table", _giving(table)),
        patch.object(storage, "blob_service", _giving(container)),
        patch.object(storage, "sync_blob", world.container.sync_client),
        patch.object(transport, "_client", lambda **_: client),
        patch.object(media, "probe", _probe),
        patch.object(media, "poster", _picture),
        patch.object(media, "sprite_sheet", _picture),
        patch.object(media, "gif", _picture),
    ):
        config.configuration.cache_clear()
        try:
            yield
        finally:
            config.configuration.cache_clear()


def _giving(value: Any) -> Callable[[], Awaitable[Any]]:
    async def give() -> Any:
        return value

    return give


async def _played(chance: Chance, plan: Scenario, judge: Callable[[World], list[str]]) -> Played:
    world = World(chance, plan)
    random.seed(chance.seed)  # the app spreads contenders by it
    with _in_place(world):
        await world.play()
        return Played(chance.seed, judge(world), list(dict.fromkeys(chance.happened)), world)


@dataclass(frozen=True)
class Played:
    """A schedule that was played: what it broke, and the faults that happened."""

    seed: str
    violations: list[str]
    faults: list[str]
    world: World


def play(seed: str, judge: Callable[[World], list[str]], only: frozenset[str] | None = None) -> Played:
    """Play the schedule of a seed; `only` names the faults that may happen in it."""
    chance = Chance(seed, only)
    return play_out(chance, scenario(chance), judge)


def play_out(chance: Chance, plan: Scenario, judge: Callable[[World], list[str]]) -> Played:
    """Play a scenario, drawn or written by hand."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        return virtual_time.run(_played(chance, plan, judge))
    finally:
        logging.disable(before)
