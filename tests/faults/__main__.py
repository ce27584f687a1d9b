"""Play many schedules: `python -m tests.faults --schedules 10000 --jobs 2`, or one again: `--seed 17`.

A failing seed is printed with what it broke, and with the few faults that are enough for that.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

from tests.faults.aims import schedules_needed, seed_of
from tests.faults.invariants import judge
from tests.faults.mutations import MUTATIONS
from tests.faults.shrinking import shrunk
from tests.faults.world import play

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CHUNK = 8
_SHOWN_FAILURES = 5
_TOLD_EVERY = 100


def main() -> int:
    """Read the command line; the exit code is 1 where something broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--schedules", type=int, default=1000, help="how many are played")
    parser.add_argument("--first", type=int, default=0, help="the seed to begin with")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    parser.add_argument("--seed", help="play this one alone, and tell all about it")
    parser.add_argument("--mutations", nargs="*", help="take out each guard (or the named ones) and count schedules")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # the SDK warns of a duplicate event, which is what happens here
    if asked.mutations is not None:
        return _mutations(asked.mutations or list(MUTATIONS), asked.schedules, asked.first)
    if asked.seed is not None:
        return _tell(asked.seed)
    return _many(range(asked.first, asked.first + asked.schedules), asked.jobs)


def _many(seeds: range, jobs: int) -> int:
    begun, failed, kinds = time.monotonic(), list[str](), Counter[str]()
    for played, (seed, violations, faults) in enumerate(_outcomes(seeds, jobs), 1):
        if played % _TOLD_EVERY == 0:
            _say(f"{played} of {len(seeds)} schedules, {len(failed)} violations, {time.monotonic() - begun:.0f} s")
        kinds.update(fault.rpartition("=")[2] for fault in faults if "=" in fault)
        if violations:
            failed.append(seed)
            _say(f"seed {seed}: {violations[0]}")
    taken_s = time.monotonic() - begun
    sys.stdout.write(f"faults: {', '.join(f'{kind} {count}' for kind, count in kinds.most_common())}\n")
    sys.stdout.write(f"{len(seeds)} schedules, {len(failed)} violations ({len(seeds) / taken_s:.1f} a second)\n")
    for seed in failed[:_SHOWN_FAILURES]:
        _tell(seed)
    return int(bool(failed))


def _outcomes(seeds: range, jobs: int) -> Iterator[tuple[str, list[str], list[str]]]:
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(_outcome, map(seed_of, seeds), chunksize=_CHUNK)


def _outcome(seed: str) -> tuple[str, list[str], list[str]]:
    warnings.simplefilter("ignore")  # in this process too
    played = play(seed, judge)
    return seed, played.violations, played.faults


def _tell(seed: str) -> int:
    """Play one schedule, tell what it broke, and which faults are enough to break it again."""
    played = play(seed, judge)
    sys.stdout.write(f"\nseed {seed}: {len(played.faults)} faults, {len(played.violations)} violations\n")
    _lines(played.violations)
    if not played.violations:
        return 0
    broken = {violation.partition(":")[0] for violation in played.violations}
    jobs = [f"job {n}" for n in range(len(played.world.plan.asked))]

    def fails(only: frozenset[str]) -> bool:
        return any(one.partition(":")[0] in broken for one in play(seed, judge, only).violations)

    kept = shrunk([*jobs, *played.faults], fails)
    again = play(seed, judge, frozenset(kept))
    sys.stdout.write(f"enough for it ({len(kept)}), with what it breaks then:\n")
    _lines([*kept, *again.violations])
    return 1


def _mutations(names: list[str], most: int, first: int) -> int:
    missed = 0
    for name in names:
        needed, violation = schedules_needed(name, most, first)
        missed += needed is None
        found = f"{needed} schedules: {violation}" if needed else f"not missed within {most} schedules"
        _say(f"{name}: {found}")
    return int(bool(missed))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _lines(texts: Iterable[str]) -> None:
    for text in texts:
        sys.stdout.write(f"  {text}\n")


if __name__ == "__main__":
    sys.exit(main())
