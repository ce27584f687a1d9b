"""What chance decides, so that a seed decides it again: draws by name, and faults that can be forbidden one by one.

A draw depends on the seed and on the name of the place alone. So leaving one fault out changes no other draw, and a
failing schedule can be made smaller.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

T = TypeVar("T")

_FULL = float(1 << 64)


@dataclass
class Chance:
    """The draws of one schedule. `only` names the faults that may happen; None allows all of them."""

    seed: str
    only: frozenset[str] | None = None
    happened: list[str] = field(default_factory=list[str])

    def draw(self, place: str) -> float:
        """Return a number in [0, 1) that belongs to a place."""
        return int.from_bytes(blake2b(f"{self.seed}/{place}".encode(), digest_size=8).digest(), "big") / _FULL

    def between(self, place: str, low: float, high: float) -> float:
        """Return a number in a range."""
        return low + (high - low) * self.draw(place)

    def stretched(self, place: str, low: float, high: float) -> float:
        """Return a number in a range whose orders of magnitude are equally likely."""
        return low * (high / low) ** self.draw(place)

    def one_of(self, place: str, choices: Sequence[T]) -> T:
        """Choose one."""
        return choices[int(self.draw(place) * len(choices))]

    def fault(self, place: str, rates: Mapping[str, float]) -> str | None:
        """Choose at most one fault for a place, each with its own rate, and write down the one that happens."""
        drawn = self.draw(place)
        for kind, rate in rates.items():
            if drawn < rate:
                return kind if self.happens(f"{place}={kind}") else None
            drawn -= rate
        return None

    def happens(self, name: str) -> bool:
        """Tell whether a fault may happen, and remember that it did."""
        if self.only is not None and name not in self.only:
            return False
        self.happened.append(name)
        return True
