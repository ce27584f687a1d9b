"""The storage as seen through a network that pauses, loses and delays. Knows no row and no blob.

Each request is an effect: before it and after it, whoever sent it may be stopped for a while, or for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from azure.core.exceptions import AzureError, ServiceRequestError, ServiceResponseError

from tests.faults.workers import acting, dead

if TYPE_CHECKING:
    from tests.doubles.blobs import FakeBlob, FakeContainer
    from tests.doubles.tables import FakeTable
    from tests.faults.chance import Chance

T = TypeVar("T")
Crash = Callable[[str], None]

READS = ("pause", "crash", "unsent")
WRITES = ("pause", "crash", "crash_after", "crash_late", "lost", "lost_late", "unsent")


@dataclass
class StorageFaults:
    """How often each fault meets a request. `crash` ends the process that is at work."""

    chance: Chance
    crash: Crash
    rates: dict[str, float]
    is_over: Callable[[], bool]
    under_way: set[asyncio.TimerHandle] = field(default_factory=set[asyncio.TimerHandle])

    _arriving: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def request(self, effect: str, apply: Callable[[], Awaitable[T]], *, writes: bool) -> T:
        """Carry one request out, or not, or later; tell whoever asked, or not."""
        place = acting().place(effect)
        fault = None if self.is_over() else self.chance.fault(place, self._rates(writes=writes))
        await asyncio.sleep(self.chance.stretched(f"{place}?to", 0.001, 0.05))
        match fault:
            case "pause":
                await asyncio.sleep(self.chance.stretched(f"{place}?pause", 0.3, 1500))
            case "crash":
                self.crash(place)
                await dead()
            case "crash_late":
                self._apply_later(place, apply)
                self.crash(place)
                await dead()
            case "unsent":
                raise ServiceRequestError("the connection was refused")
            case "lost_late":
                self._apply_later(place, apply)
                raise ServiceResponseError("the connection was reset")
            case _:
                pass
        done = await apply()
        if fault == "crash_after":
            self.crash(place)
            await dead()
        await asyncio.sleep(self.chance.stretched(f"{place}?fro", 0.001, 0.05))
        if fault == "lost":
            raise ServiceResponseError("the connection was reset")
        return done

    def _rates(self, *, writes: bool) -> Mapping[str, float]:
        return {kind: self.rates.get(f"storage {kind}", 0.0) for kind in (WRITES if writes else READS)}

    def _apply_later(self, place: str, apply: Callable[[], Awaitable[Any]]) -> None:
        loop = asyncio.get_running_loop()

        def arrive() -> None:
            self.under_way.discard(handle)
            self._arriving.add(task := loop.create_task(_quietly(apply)))
            task.add_done_callback(self._arriving.discard)

        handle = loop.call_later(self.chance.stretched(f"{place}?late", 0.01, 30), arrive)
        self.under_way.add(handle)


async def _quietly(apply: Callable[[], Awaitable[Any]]) -> None:
    with suppress(AzureError):
        await apply()


@dataclass(frozen=True)
class FaultyTable:
    """The table behind the network."""

    table: FakeTable
    faults: StorageFaults

    async def get_entity(self, partition_key: str, row_key: str) -> Any:
        """Read one row."""
        return await self.faults.request("get", lambda: self.table.get_entity(partition_key, row_key), writes=False)

    def query_entities(self, query_filter: str, **options: Any) -> _FaultyQuery:
        """Range over keys; every page is a request."""
        return _FaultyQuery(self.table.query_entities(query_filter, **options), self.faults)

    async def create_entity(self, entity: dict[str, Any], **options: Any) -> Any:
        """Insert one row."""
        return await self.faults.request("batch", lambda: self.table.create_entity(entity, **options), writes=True)

    async def update_entity(self, entity: dict[str, Any], *, mode: Any) -> Any:
        """Write one row that is there."""
        return await self.faults.request("batch", lambda: self.table.update_entity(entity, mode=mode), writes=True)

    async def submit_transaction(self, operations: list[tuple[Any, ...]]) -> Any:
        """Write a batch."""
        return await self.faults.request("batch", lambda: self.table.submit_transaction(operations), writes=True)


@dataclass(frozen=True)
class _FaultyQuery:
    query: Any
    faults: StorageFaults

    async def by_page(self) -> AsyncIterator[Any]:
        """Read page after page."""
        pages = self.query.by_page()
        while True:
            try:
                yield await self.faults.request("range", lambda: anext(pages), writes=False)
            except StopAsyncIteration:
                return


@dataclass(frozen=True)
class FaultyContainer:
    """The container behind the network."""

    container: FakeContainer
    faults: StorageFaults

    def get_blob_client(self, container: str, blob: str) -> _FaultyBlob:
        """Return the client of one blob."""
        return _FaultyBlob(self.container.get_blob_client(container, blob), self.faults)

    def get_container_client(self, container: str) -> FaultyContainer:
        """Return the client of the container."""
        del container
        return self

    async def list_blob_names(self, *, name_starts_with: str) -> AsyncIterator[str]:
        """Name blobs; they are few, so it is one request."""
        names = self.container.list_blob_names(name_starts_with=name_starts_with)

        async def listed() -> list[str]:
            return [name async for name in names]

        for name in await self.faults.request("blobs", listed, writes=False):
            yield name


class _FaultyBlob:
    """Every method of a blob is a request."""

    def __init__(self, blob: FakeBlob, faults: StorageFaults) -> None:
        self._blob, self._faults = blob, faults

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._blob, name)
        if not callable(found):
            return found

        async def ask(*values: Any, **options: Any) -> Any:
            writes = name != "get_blob_properties"
            return await self._faults.request(name, lambda: found(*values, **options), writes=writes)

        return ask
