"""An event loop whose time jumps to the next timer, so that a day passes in a moment. Knows no app.

Everything happens in one thread and in one order: work for threads is done on the spot, and nothing waits for a socket.
"""

from __future__ import annotations

import asyncio
import contextvars
import selectors
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

BEGINNING = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class StuckError(Exception):
    """Nothing will ever happen any more, and somebody still waits."""


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting for sockets, lets the time pass that the loop would have waited."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise StuckError
        self.now_s += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop that begins at second 0."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since the beginning."""
        return self._jumping.now_s

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override] - the parent leaves it untyped
        """Do it now: there is no other thread."""
        del executor
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits the future
            done.set_exception(error)
        return done


def now() -> datetime:
    """The wall clock of the running loop."""
    return BEGINNING + timedelta(seconds=asyncio.get_running_loop().time())


def now_us() -> int:
    """The same in microseconds since 1970."""
    return round(now().timestamp() * 1_000_000)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine from second 0 on, and leave nothing behind that still runs."""
    loop = VirtualLoop()
    try:
        return contextvars.Context().run(loop.run_until_complete, main)
    finally:
        loop.run_until_complete(_end(asyncio.all_tasks(loop)))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _end(left: set[asyncio.Task[Any]]) -> None:
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
