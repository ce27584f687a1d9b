"""A sample of the guards, taken out: the suite misses each. `make fault-mutations` takes out all of them."""

from __future__ import annotations

import pytest

from tests.faults.aims import schedules_needed

SAMPLE = {
    "key in the job's batch": 12,
    "stories are started again": 12,
    "claim at import": 6,
    "the last effect disposes of a deleted job": 6,
}
"""Guards that are missed soon, and within how many schedules."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("guard", SAMPLE)
def test_a_guard_is_missed_when_it_is_gone(guard: str) -> None:
    """Without the guard some schedule breaks an invariant."""
    needed, _ = schedules_needed(guard, SAMPLE[guard])
    assert needed is not None
