"""Awaitables without an event loop: whoever settles one runs its continuations on the spot, as the Durable Task
Framework does.
"""

from collections.abc import Callable, Coroutine, Generator
from typing import Any


class Pending:
    """Something not finished yet. ``await`` gives True when it went well, False when it failed."""

    __slots__ = ("_continuations", "_went_well", "is_settled")

    def __init__(self) -> None:
        self.is_settled = False
        self._went_well = True
        self._continuations: list[Callable[[], None]] = []

    def settle(self, *, well: bool = True) -> None:
        """Finish, once; everything that waited goes on before this returns."""
        if self.is_settled:
            return
        self.is_settled = True
        self._went_well = well
        continuations, self._continuations = self._continuations, []
        for go_on in continuations:
            go_on()

    def then(self, go_on: Callable[[], None]) -> None:
        """Call ``go_on`` when settled; at once when it already is."""
        if self.is_settled:
            go_on()
        else:
            self._continuations.append(go_on)

    def __await__(self) -> Generator["Pending", None, bool]:
        if not self.is_settled:
            yield self
        return self._went_well


def run(story: Coroutine[Pending, None, Any]) -> Pending:
    """Run a coroutine that awaits only Pendings up to its first open one; the rest follows as they are settled."""
    finished = Pending()

    def go_on() -> None:
        try:
            story.send(None).then(go_on)
        except StopIteration as end:
            finished.settle(well=end.value is not False)

    go_on()
    return finished


def settled(*, well: bool = True) -> Pending:
    """A Pending that is already finished."""
    done = Pending()
    done.settle(well=well)
    return done


def all_of(members: list[Pending]) -> Pending:
    """Settled when every member is."""
    whole = Pending()
    left = len(members)

    def one_less() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            whole.settle()

    if not members:
        return settled()
    for member in members:
        member.then(one_less)
    return whole


def any_of(members: list[Pending]) -> Pending:
    """Settled when one member is, or when there is none."""
    if not members:
        return settled()
    first = Pending()
    for member in members:
        member.then(first.settle)
    return first
