"""What ends a long-running command: the first signal stops it in good order, later ones wait for that."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def until_told(work: Coroutine[Any, Any, None]) -> bool:
    """Run `work` to its end, or until a signal comes: it is then cancelled, once, and cleans up undisturbed.

    Returns whether it was a signal that ended it.
    """
    task = asyncio.ensure_future(work)
    told = asyncio.Event()

    def tell() -> None:
        if not told.is_set():
            told.set()
            task.cancel()

    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, tell)
    try:
        await task
    except asyncio.CancelledError:
        if not told.is_set():
            raise
    return told.is_set()
