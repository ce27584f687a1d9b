"""How fair a queue is and how right what it foretells: 1,000 jobs of 20 owners on three lanes, in virtual time."""

from collections import Counter
from collections.abc import Iterable

from bench.figure import Figure
from bench.played_lab import PlayedLab, all_day, greedy_and_modest, jain, shares_while_all_wait, three_lanes

_OWNERS, _JOBS, _SEED = 20, 1_000, 1
_EVERY_S = 15.0  # a video every so often on average: as much as the lanes can do, so that there is a queue all day


def figures() -> Iterable[Figure]:
    """Play a morning when all want everything at once, then a day of coming and going."""
    wanted = greedy_and_modest(_OWNERS, _JOBS, _SEED)
    rush = PlayedLab(three_lanes(), wanted, _SEED, asks_every=_JOBS).run()
    shares = shares_while_all_wait(rush, Counter(one.owner for one in wanted))
    yield Figure(
        "Jain's index of starts while all owners wait, half of them with four times as many",
        jain(shares),
        at_least=0.95,
    )
    day = PlayedLab(three_lanes(), all_day(_OWNERS, _JOBS, _SEED, every_s=_EVERY_S), _SEED).run()
    for what, held in (("waiting", day.queued), ("rendering", day.running)):
        share = 100 * sum(held) / len(held)
        yield Figure(f"80 % bands that held, of {len(held):,} told while {what}", share, "%", at_least=70)
        yield Figure("  the same, not too wide either", share, "%", at_most=90)
