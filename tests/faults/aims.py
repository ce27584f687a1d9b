"""Which schedules are aimed at a guard, and how many it takes until one misses it. Must not know what guards do."""

from tests.faults.invariants import judge
from tests.faults.mutations import MUTATIONS
from tests.faults.world import play

_AIMED_EVERY = 4


def schedules_needed(guard: str, most: int, first: int = 0) -> tuple[int | None, str]:
    """Count the schedules until a guard is missed; None when none of them misses it.

    RuntimeError for a schedule that breaks something with the guard in place as well: that is a defect of the app.
    """
    mutation, faults = MUTATIONS[guard]
    for n in range(most):
        seed = _named(first + n, faults)
        with mutation():
            violations = play(seed, judge).violations
        if violations and play(seed, judge).violations:
            raise RuntimeError(f"seed {seed} breaks with the guard as well: {violations[0]}")
        if violations:
            return n + 1, violations[0]
    return None, ""


def seed_of(n: int) -> str:
    """Name a schedule; every fourth has the faults that some guard is for besides its own, guard after guard."""
    aims = sorted({faults for _, faults in MUTATIONS.values()})
    return _named(n, aims[n // _AIMED_EVERY % len(aims)]) if n % _AIMED_EVERY == 0 else str(n)


def _named(n: int, faults: tuple[str, ...]) -> str:
    return "+".join((str(n), *faults))
