"""Fires durable timers at their time, also after a restart. Sleeps until the earliest one; never polls."""

import asyncio
from collections.abc import Callable, Iterable

from local.functions_host.disorder import Disorder
from local.functions_host.history import TimerFired
from local.functions_host.instants import now_us
from local.functions_host.store import Store

_BATCH = 500


class Timers:
    """The clock of the engine."""

    def __init__(self, store: Store, *, wake: Callable[[Iterable[str]], None], disorder: Disorder) -> None:
        self._store = store
        self._wake = wake
        self._disorder = disorder
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """There is a new timer; it may be the earliest."""
        self._changed.set()

    async def work(self) -> None:
        """Fire timers for ever."""
        while True:
            self._changed.clear()
            next_us = self._fire()
            wait_s = None if next_us is None else max(0.0, (next_us - now_us()) / 1_000_000)
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _fire(self) -> int | None:
        """Fire what is due; gives when to look again, if ever."""
        at_us, early_us = now_us(), self._disorder.earliness_us
        near = [
            (self._disorder.due_us(timer.created_us, timer.fire_us), timer)
            for timer in self._store.due_timers(at_us + early_us, _BATCH)
        ]
        due = [timer for due_us, timer in near if due_us <= at_us]
        if due:
            self._store.fire((timer, TimerFired(timer.created_us, timer.task_id, timer.fire_us)) for timer in due)
            self._wake([timer.instance_id for timer in due])
        if len(due) < len(near):
            return min(due_us for due_us, _ in near if due_us > at_us)
        next_us = self._store.next_fire_us()
        return None if next_us is None else next_us - early_us
