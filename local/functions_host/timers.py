"""Fires durable timers at their time, also after a restart. Sleeps until the earliest one; never polls."""

import asyncio
from collections.abc import Callable, Iterable

from local.functions_host.history import TimerFired
from local.functions_host.instants import now_us
from local.functions_host.store import Store

_BATCH = 500


class Timers:
    """The clock of the engine."""

    def __init__(self, store: Store, *, wake: Callable[[Iterable[str]], None]) -> None:
        self._store = store
        self._wake = wake
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """There is a new timer; it may be the earliest."""
        self._changed.set()

    async def work(self) -> None:
        """Fire timers for ever."""
        while True:
            self._changed.clear()
            self._fire()
            next_us = self._store.next_fire_us()
            wait_s = None if next_us is None else max(0.0, (next_us - now_us()) / 1_000_000)
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _fire(self) -> None:
        due = self._store.due_timers(now_us(), _BATCH)
        if due:
            self._store.fire((timer, TimerFired(timer.created_us, timer.task_id, timer.fire_us)) for timer in due)
            self._wake([timer.instance_id for timer in due])
