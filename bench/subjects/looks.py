"""How many looks a render takes and how late its end is seen, beside a fixed and a geometric schedule.

Virtual time: renders are drawn once, and each schedule looks at all of them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import mean, quantiles

from bench.figure import Figure
from bench.played_lab import Render, draw_render, three_lanes
from shared import polling
from shared.polling import Past
from shared.rates import LaneState

_RENDERS, _SEED = 1_000, 1
_FIXED_S = 10.0
_SHAPE = "1280x720/8/1"
_TYPICAL_S = 80.0

Schedule = Callable[[int, int | None, float], float]  # (looks so far, progress, elapsed) -> seconds until the next one


@dataclass(frozen=True)
class Seen:
    """What one schedule made of all renders: looks of each, and seconds from each end until it was seen."""

    looks: Sequence[int]
    delays_s: Sequence[float]

    @property
    def cost(self) -> float:
        """What can be had less of only for more of the other: looks times delay."""
        return mean(self.looks) * mean(self.delays_s)


def figures() -> Iterable[Figure]:
    """Look at renders that say progress, and at the same ones when they do not."""
    for says, most in ((True, 10), (False, 25)):
        kind = "with" if says else "without"
        draw = Random(_SEED)  # noqa: S311 - repeatable, not secret
        lane = three_lanes()[0 if says else 2]
        renders = [draw_render(draw, 8, lane) for _ in range(_RENDERS)]
        guided, fixed, geometric = _guided(renders), _seen(renders, _every), _seen(renders, _longer)
        yield Figure(f"looks a render {kind} progress, mean", mean(guided.looks), "", at_most=most)
        if says:
            yield Figure("  of 95 in 100 renders", quantiles(guided.looks, n=20)[18], "", at_most=15)
        yield Figure("  every 10 s", mean(fixed.looks))
        yield Figure("  3 s, then always half as long again, at most 60 s", mean(geometric.looks))
        bar_s = 5.0 if says else None  # a bar of the plan, which counts on a provider that says progress
        yield Figure(f"seconds until its end is seen {kind} progress, mean", mean(guided.delays_s), "s", at_most=bar_s)
        yield Figure("  every 10 s", mean(fixed.delays_s), "s")
        yield Figure("  3 s, then always half as long again, at most 60 s", mean(geometric.delays_s), "s")
        yield Figure("looks x delay, over the fixed one's", guided.cost / fixed.cost, "", at_most=1)
        yield Figure("looks x delay, over the geometric one's", guided.cost / geometric.cost, "", at_most=1)


def _guided(renders: Sequence[Render]) -> Seen:
    """Look as the app does; the lane learns from each render, as it does there."""
    memory = LaneState()
    looks: list[int] = []
    delays_s: list[float] = []
    for render in renders:
        past = memory.past(_SHAPE, _TYPICAL_S)
        seen = _look(render, _by(past))
        looks.append(seen[0])
        delays_s.append(seen[1])
        memory.remember(_SHAPE, render.takes_s + seen[1], _ratios(render, seen[2], render.takes_s + seen[1]))
    return Seen(looks, delays_s)


def _by(past: Past) -> Schedule:
    return lambda _, progress, elapsed_s: polling.next_look_s(polling.predict(progress, elapsed_s, past), elapsed_s)


def _every(looks: int, progress: int | None, elapsed_s: float) -> float:
    del looks, progress, elapsed_s
    return _FIXED_S


def _longer(looks: int, progress: int | None, elapsed_s: float) -> float:
    del progress, elapsed_s
    return min(polling.MIN_LOOK_S * 1.5**looks, polling.MAX_LOOK_S)


def _seen(renders: Sequence[Render], schedule: Schedule) -> Seen:
    looked = [_look(render, schedule) for render in renders]
    return Seen([looks for looks, _, _ in looked], [delay_s for _, delay_s, _ in looked])


def _look(render: Render, schedule: Schedule) -> tuple[int, float, list[float]]:
    """Look until the end is seen: the looks, the delay, and when each look was."""
    at_s, progress = 0.0, None
    times: list[float] = []
    while at_s < render.takes_s:
        at_s += schedule(len(times), progress, at_s)
        progress = render.progress(at_s)
        times.append(at_s)
    return len(times), at_s - render.takes_s, times


def _ratios(render: Render, times: Sequence[float], end_s: float) -> list[float]:
    told = [(at_s, progress) for at_s in times[:-1] if (progress := render.progress(at_s))]
    return [(end_s - at_s) / polling.foretold_s(progress, at_s) for at_s, progress in told][:6]
