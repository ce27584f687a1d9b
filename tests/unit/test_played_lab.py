"""The bars of `make bench SUBJECTS=queue`, on a sample: seeded, in virtual time, over the app's own pure rules."""

from collections import Counter

import pytest

from bench.played_lab import PlayedLab, all_day, greedy_and_modest, jain, shares_while_all_wait, three_lanes


@pytest.mark.parametrize("seed", [1, 2])
def test_owners_that_all_wait_start_equally_often(seed: int) -> None:
    """Half of the owners want four times as many videos, and start no more often than the others."""
    wanted = greedy_and_modest(20, 400, seed)
    outcome = PlayedLab(three_lanes(), wanted, seed, asks_every=1000).run()
    assert outcome.ended == len(wanted) == 400
    assert jain(shares_while_all_wait(outcome, Counter(one.owner for one in wanted))) >= 0.95


def test_bands_hold_as_often_as_they_say() -> None:
    """Of what jobs are told while they wait, and while they render, 70 to 90 % comes within the 80 % band."""
    outcome = PlayedLab(three_lanes(), all_day(20, 300, 1, every_s=15), 1).run()
    assert outcome.ended == 300
    for held in (outcome.queued, outcome.running):
        assert len(held) > 200
        assert 0.7 <= sum(held) / len(held) <= 0.9


def test_jains_index_tells_equal_from_unequal() -> None:
    """One where all have the same, one over their number where one has all."""
    assert jain([3, 3, 3]) == 1
    assert jain([9, 0, 0]) == pytest.approx(1 / 3)
