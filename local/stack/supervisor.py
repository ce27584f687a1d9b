"""Keeps one part running: starts it, waits until it answers, starts it again when it dies. Knows no other part."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from local.stack.child import Child
from local.stack.parts import CHECKOUT, Part
from local.stack.readiness import until_ready

LAST_LINES = 15
CALM_S = 60  # a part that lived this long did not die of its start
LONGEST_PAUSE_S = 30


class StartError(Exception):
    """A part did not come up; the text says why and holds its last words."""


class Supervisor:
    """One part and the program that is running it now."""

    def __init__(self, part: Part, log: Path, say: Callable[[str], None]) -> None:
        self.part = part
        self._log = log
        self._say = say
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        """The running program's pid; None before it started and while it is down."""
        return self._child.pid if self._child else None

    async def start(self) -> None:
        """Start the part and wait until it answers. Raises StartError, with the part stopped again."""
        self._log.write_bytes(b"")
        child = await self._spawn()
        if fault := await self._ready_fault(child):
            await self.stop()
            raise StartError(f"{self.part.name} {fault}; the end of {self._log}:\n{self._last_words()}")

    async def keep(self, changed: Callable[[], None]) -> None:
        """Start the part again each time it dies, for as long as nobody cancels; tells `changed` of every new pid."""
        deaths = 0
        while self._child is not None:
            started_at = time.monotonic()
            how = await self._child.ended()
            self._child = None
            deaths = deaths + 1 if time.monotonic() - started_at < CALM_S else 1
            pause_s = pause_before_restart(deaths)
            soon = f"in {pause_s} s" if pause_s else "now"
            self._say(f"{self.part.name} died ({how}, see {self._log}); starting it again {soon}")
            await asyncio.sleep(pause_s)
            child = await self._spawn()
            changed()
            fault = await self._ready_fault(child)
            self._say(f"{self.part.name} {fault}" if fault else f"{self.part.name} answers again")

    async def stop(self) -> None:
        """End the program and what it started."""
        if self._child is not None:
            await self._child.stop()
            self._child = None

    async def _spawn(self) -> Child:
        part = self.part
        self._child = await Child.start(part.command, environment=part.environment, cwd=CHECKOUT, log=self._log)
        return self._child

    async def _ready_fault(self, child: Child) -> str | None:
        """Wait until the part answers; else say what happened instead."""
        ready = asyncio.ensure_future(until_ready(self.part.ready_urls, needs_ok=self.part.needs_ok))
        ended = asyncio.ensure_future(child.ended())
        try:
            await asyncio.wait((ready, ended), timeout=self.part.start_within_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
            ended.cancel()
            await asyncio.gather(ready, ended, return_exceptions=True)
        if not ended.cancelled():
            return f"ended before it answered ({ended.result()})"
        if ready.cancelled():
            return f"did not answer within {self.part.start_within_s:g} s"
        return None

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join(f"  {line}" for line in lines) or "  (it said nothing)"


def pause_before_restart(deaths: int) -> int:
    """Return the seconds before the next start: the first comes at once, then each pause is twice the one before."""
    return 0 if deaths <= 1 else min(2 ** (deaths - 2), LONGEST_PAUSE_S)
