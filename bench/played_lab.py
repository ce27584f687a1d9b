"""A lab in virtual time: owners, a queue, lanes and renders, moved by the app's own pure rules. Knows no storage and no
network; what a provider does is drawn from a seed, so a run is exactly repeatable.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random

from shared import calibration, polling
from shared.admission import Slot, Ticket, admissions, with_turn
from shared.forecast import Forecast, Held, LaneNow, forecast
from shared.lanes import Lane
from shared.models.job import Live, Sample
from shared.polling import Past, Prediction
from shared.rates import RATE_WINDOW, PoolState
from tests.unit.lanes import a_lane

START = datetime(2026, 1, 1, tzinfo=UTC)
SIZE = "1280x720"
_HOP_S = 1.5  # from a place that is given back to the next create: two activities and a row
_USUAL_S = {4: 60.0, 8: 100.0, 12: 150.0}


@dataclass(frozen=True)
class Played:
    """A lane, and how its provider behaves: how fast beside the others, and whether it says progress."""

    lane: Lane
    slowness: float
    says_progress: bool = True


def three_lanes() -> list[Played]:
    """Lanes of one model that differ in caps, rates, prices, lengths, speed and dialect."""
    return [
        Played(a_lane("near", cap=3, rate=4, usd="0.10", seconds=(4, 8), typical_s=80), 1.0),
        Played(a_lane("far", cap=2, rate=60, usd="0.12", seconds=(4, 8, 12), typical_s=80), 1.3),
        Played(a_lane("old", cap=2, rate=2, usd="0.30", seconds=(4,), typical_s=80), 0.8, says_progress=False),
    ]


@dataclass
class Render:
    """A render as the provider goes about it: a while without progress, then on at a pace of its own, not steadily."""

    takes_s: float
    bend: float
    says_progress: bool = True

    def progress(self, elapsed_s: float) -> int | None:
        """What a look is told after so long: nothing for the first 15 %, 95 at 92 %, 100 at the end."""
        share = elapsed_s / self.takes_s
        if share >= 1:
            return 100
        if not self.says_progress:
            return None
        return int(min(max((share - 0.15) / 0.77, 0.0) ** self.bend * 95, 99.0))


def draw_render(draw: Random, seconds: int, played: Played) -> Render:
    """Draw one: a quarter around what is usual for its length and lane."""
    takes_s = _USUAL_S[seconds] * played.slowness * draw.lognormvariate(0, 0.25)
    return Render(takes_s, draw.lognormvariate(0, 0.15), played.says_progress)


@dataclass(frozen=True)
class Arrival:
    """A job that comes: when, whose, how long its video is to be."""

    at_s: float
    owner: str
    seconds: int


@dataclass
class _Job:
    ticket: Ticket
    came_s: float
    lane: str = ""
    admitted_s: float = 0.0
    created_s: float = 0.0
    live: Live = field(default_factory=Live)
    asked: list[tuple[float, Prediction]] = field(default_factory=list[tuple[float, Prediction]])


@dataclass
class Outcome:
    """What came of a run: forecasts that held or not, starts in order, looks of each render, delays of each end."""

    queued: list[bool] = field(default_factory=list[bool])
    running: list[bool] = field(default_factory=list[bool])
    owners_started: list[str] = field(default_factory=list[str])
    ended: int = 0


class PlayedLab:
    """One model's lab. `asks` tells how often a waiting job is asked for, in all, besides at its arrival."""

    def __init__(self, lanes: Sequence[Played], arrivals: Sequence[Arrival], seed: int, *, asks_every: int = 1) -> None:
        self._draw = Random(seed)  # noqa: S311 - repeatable, not secret
        self._lanes = {one.lane.name: one for one in lanes}
        self._waiting: dict[str, _Job] = {}
        self._running: dict[str, _Job] = {}
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = count()
        self._state = PoolState()
        self._asks_every = asks_every
        self.outcome = Outcome()
        for n, arrival in enumerate(sorted(arrivals, key=lambda one: one.at_s)):
            self._at(arrival.at_s, self._arrives(n, arrival))

    def run(self) -> Outcome:
        """Play until every job has ended."""
        while self._events:
            now_s, _, happen = heappop(self._events)
            happen(now_s)
        return self.outcome

    def _at(self, at_s: float, happen: Callable[[float], None]) -> None:
        heappush(self._events, (at_s, next(self._order), happen))

    def _arrives(self, n: int, arrival: Arrival) -> Callable[[float], None]:
        def arrives(now_s: float) -> None:
            ulid = f"{n:026}"
            ticket = Ticket(f"wait!1!{ulid}", ulid, arrival.owner, SIZE, arrival.seconds, 1, "1")
            self._waiting[ulid] = _Job(ticket, now_s)
            self._admit(now_s)
            if n % self._asks_every == 0:
                self._ask(ulid, now_s)
                for _ in range(2):
                    self._at(now_s + self._draw.uniform(0, 3600), lambda later_s: self._ask(ulid, later_s))

        return arrives

    def _admit(self, now_s: float) -> None:
        tickets = [one.ticket for one in self._waiting.values()]
        slots = [Slot(ulid, one.ticket.owner, one.lane) for ulid, one in self._running.items()]
        lanes = [played.lane for played in self._lanes.values()]
        for one in admissions(tickets, slots, lanes, turns=self._state.turns):
            self._state.turns = with_turn(self._state.turns, one.ticket.owner)
            job = self._running[one.ticket.ulid] = self._waiting.pop(one.ticket.ulid)
            job.lane, job.admitted_s = one.lane.name, now_s
            self.outcome.owners_started.append(one.ticket.owner)
            self._at(now_s + _HOP_S, self._creates(job))
        if chosen := self._state.probed([one.ticket for one in self._waiting.values()], _time(now_s)):
            told = self._foretell(self._waiting[chosen.ulid], now_s)
            self._state.probe(chosen.ulid, _time(now_s), told.foretold_s)

    def _creates(self, job: _Job) -> Callable[[float], None]:
        def creates(now_s: float) -> None:
            lane = self._lanes[job.lane]
            wait_s = self._state.lane(job.lane).take(lane.lane.creates_per_minute, _time(now_s))
            if wait_s is not None:
                self._at(now_s + max(wait_s, polling.MIN_TIMER_S), creates)
                return
            job.created_s = now_s
            render = draw_render(self._draw, job.ticket.seconds, lane)
            expected = polling.predict(None, 0.0, self._past(job))
            self._at(now_s + polling.next_look_s(expected, 0.0), self._looks(job, render))

        return creates

    def _looks(self, job: _Job, render: Render) -> Callable[[float], None]:
        def looks(now_s: float) -> None:
            elapsed_s = now_s - job.created_s
            progress = render.progress(elapsed_s)
            if progress == 100:  # noqa: PLR2004 - it is done
                self._ends(job, now_s)
                return
            expected = polling.predict(progress, elapsed_s, self._past(job))
            job.live.samples.append(_sample(now_s, progress, expected))
            self._at(now_s + polling.next_look_s(expected, elapsed_s), looks)

        return looks

    def _ends(self, job: _Job, now_s: float) -> None:
        end = _time(now_s)
        self.outcome.ended += 1
        self.outcome.running += [one.held for one in calibration.forecasts(job.live, end)]
        self.outcome.queued += [
            asked_s + told.earliest_s <= now_s <= asked_s + told.latest_s for asked_s, told in job.asked
        ]
        learnt = calibration.ratios(job.live, _time(job.created_s), end)
        self._state.lane(job.lane).remember(job.ticket.shape, now_s - job.created_s, learnt)
        self._state.learn_wait(job.ticket.ulid, end)
        del self._running[job.ticket.ulid]
        self._admit(now_s)

    def _ask(self, ulid: str, now_s: float) -> None:
        if job := self._waiting.get(ulid):
            told = self._foretell(job, now_s)
            if told.done:
                job.asked.append((now_s, told.done))

    def _foretell(self, job: _Job, now_s: float) -> Forecast:
        held = [
            Held(one.ticket.owner, one.lane, one.ticket.shape, now_s - one.admitted_s) for one in self._running.values()
        ]
        tickets = [one.ticket for one in self._waiting.values()]
        lanes = list(self._lanes_now(_time(now_s)))
        return forecast(job.ticket.key, tickets, held, lanes, turns=self._state.turns, waits=self._state.waits)

    def _lanes_now(self, now: datetime) -> Iterator[LaneNow]:
        shapes = {one.ticket.shape for one in (*self._waiting.values(), *self._running.values())}
        for name, played in self._lanes.items():
            memory, typical_s = self._state.lane(name), played.lane.typical_render_s
            ago_s = [(now - token).total_seconds() for token in memory.tokens if token > now - RATE_WINDOW]
            yield LaneNow(played.lane, {shape: memory.past(shape, typical_s) for shape in shapes}, ago_s)

    def _past(self, job: _Job) -> Past:
        return self._state.lane(job.lane).past(job.ticket.shape, self._lanes[job.lane].lane.typical_render_s)


def _time(at_s: float) -> datetime:
    return START + timedelta(seconds=at_s)


def _sample(now_s: float, progress: int | None, expected: Prediction) -> Sample:
    return Sample(
        at=_time(now_s),
        progress=progress,
        remaining_s=expected.remaining_s,
        earliest_s=expected.earliest_s,
        latest_s=expected.latest_s,
    )


def greedy_and_modest(owners: int, jobs: int, seed: int) -> list[Arrival]:
    """Let half of the owners want four times as many videos as the others, all of them within the first minutes."""
    draw = Random(seed)  # noqa: S311 - repeatable, not secret
    modest = jobs * 2 // (owners * 5)
    wanted = {f"owner-{n}": modest if n % 2 else 4 * modest for n in range(owners)}
    return [
        Arrival(draw.uniform(0, 300), owner, draw.choices((4, 8, 12), (5, 3, 2))[0])
        for owner, many in wanted.items()
        for _ in range(many)
    ]


def all_day(owners: int, jobs: int, seed: int, *, every_s: float) -> list[Arrival]:
    """Let owners come and go: batches of one to ten videos, one after the other, about so far apart for each video."""
    draw = Random(seed)  # noqa: S311 - repeatable, not secret
    arrivals: list[Arrival] = []
    at_s = 0.0
    while len(arrivals) < jobs:
        owner, many = f"owner-{draw.randrange(owners)}", min(draw.randint(1, 10), jobs - len(arrivals))
        arrivals += [Arrival(at_s + n, owner, draw.choices((4, 8, 12), (5, 3, 2))[0]) for n in range(many)]
        at_s += many * every_s * draw.expovariate(1.0)
    return arrivals


def jain(shares: Sequence[float]) -> float:
    """Jain's index of fairness: 1 where all have the same, 1/n where one has all."""
    return sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares))


def shares_while_all_wait(outcome: Outcome, wanted: dict[str, int]) -> list[int]:
    """Count each owner's starts until the first one has no more to start."""
    started = dict.fromkeys(wanted, 0)
    for owner in outcome.owners_started:
        started[owner] += 1
        if started[owner] == wanted[owner]:
            break
    return list(started.values())
