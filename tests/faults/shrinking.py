"""Makes a failing schedule small: leaves out every fault without which it still fails. Knows faults by name alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def shrunk(faults: Sequence[str], fails: Callable[[frozenset[str]], bool]) -> list[str]:
    """Return a part of the faults that still fails, and none of whose members can be left out.

    Halves, quarters, … are left out first, so that a few needed faults among many are found in few runs.
    """
    kept = list(faults)
    size = max(len(kept) // 2, 1)
    while True:
        start = 0
        while start < len(kept):
            without = kept[:start] + kept[start + size :]
            if fails(frozenset(without)):
                kept = without
            else:
                start += size
        if size == 1:
            return kept
        size //= 2
