"""How much a run is disturbed: late messages, early timers, activities delivered twice, workers that die.

Pure: each draw depends on the seed and on the name of its place alone, so the same places meet the same fate again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random

from local.functions_host.history import ExecutionStarted, TimerFired
from local.functions_host.rows import Message, WorkItem

SECOND_US = 1_000_000
_COPY_WITHIN_S = 1.0


class Death(Enum):
    """When an invocation takes the worker process with it."""

    FIRST = "before the function has done anything"
    LAST = "when it has done everything, and its result is lost"


@dataclass(frozen=True, slots=True)
class Disorder:
    """What the command line asks for; without arguments there is none. Times in seconds, chances from 0 to 1."""

    latency_s: tuple[float, float] = (0.0, 0.0)
    has_early_timers: bool = False
    duplicate_chance: float = 0.0
    death_chance: float = 0.0
    seed: int = 0

    @property
    def earliness_us(self) -> int:
        """How much before its time a timer may fire."""
        return SECOND_US if self.has_early_timers else 0

    def due_us(self, created_us: int, fire_us: int) -> int:
        """When a timer fires: the real host waits whole seconds and cuts the rest (functions-host-measured.md, 8.1)."""
        if not self.has_early_timers:
            return fire_us
        return created_us + (fire_us - created_us) // SECOND_US * SECOND_US

    def arrived(self, messages: Sequence[Message], now_us: int) -> tuple[Sequence[Message], int | None]:
        """The messages that an orchestration has received by now, in that order, and when the next one arrives.

        Nothing overtakes the message that starts the execution.
        """
        if not self.latency_s[1]:
            return messages, None
        starts = (self._arrives_us(message) for message in messages if isinstance(message.event, ExecutionStarted))
        not_before_us = max(starts, default=0)
        times = sorted((max(self._arrives_us(message), not_before_us), n) for n, message in enumerate(messages))
        here = [messages[n] for at_us, n in times if at_us <= now_us]
        return here, next((at_us for at_us, _ in times if at_us > now_us), None)

    def deliveries_s(self, item: WorkItem) -> Sequence[float]:
        """In how many seconds an activity is delivered; twice where it is a duplicate, half of these at one time."""
        place = f"{item.name} {item.seq}"
        first_s = self._latency("out", place)
        if not self._happens("duplicate", place, self.duplicate_chance):
            return (first_s,)
        return (first_s, first_s + max(0.0, self._draw("copy", place) * 2 - 1) * _COPY_WITHIN_S)

    def death(self, place: str) -> Death | None:
        """Whether and when the worker dies of this invocation."""
        if not self._happens("death", place, self.death_chance):
            return None
        return Death.FIRST if self._happens("early death", place, 0.5) else Death.LAST

    def _arrives_us(self, message: Message) -> int:
        event = message.event
        # A TimerFired is stamped with the timer's creation, as on the real host.
        sent_us = (
            max(event.at_us, self.due_us(event.at_us, event.fire_us)) if isinstance(event, TimerFired) else event.at_us
        )
        return sent_us + round(self._latency("in", str(message.seq)) * SECOND_US)

    def _latency(self, what: str, place: str) -> float:
        shortest, longest = self.latency_s
        return shortest + self._draw(what, place) * (longest - shortest) if longest else 0.0

    def _happens(self, what: str, place: str, chance: float) -> bool:
        return chance > 0 and self._draw(what, place) < chance

    def _draw(self, what: str, place: str) -> float:
        return Random(f"{self.seed} {what} {place}").random()  # noqa: S311 - repeatable on purpose


CALM = Disorder()
"""Nothing is disturbed."""
