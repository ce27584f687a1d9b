"""What time it is for the emulator. Everything that waits, expires or is dated asks a clock given to it."""

import time
from typing import Protocol


class Clock(Protocol):
    """A source of the time."""

    def now(self) -> float:
        """Return seconds since the Unix epoch."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        """Return seconds since the Unix epoch."""
        return time.time()


class ManualClock:
    """A time that stands still until it is moved, for tests and simulations."""

    def __init__(self, start: float = 1_760_627_796.0) -> None:
        self._now = start

    def now(self) -> float:
        """Return seconds since the Unix epoch."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the time forward."""
        self._now += seconds
