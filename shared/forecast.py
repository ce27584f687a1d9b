"""How many start before a job that waits, and when its render will be done. Pure: the pool as it was read comes in.

The queue is played on, by the very rule that admits, with durations drawn from what each lane's past renders took; the
band is what came out of many plays until there are past waits to make it of.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush, heapreplace
from random import Random
from statistics import median

from shared import polling
from shared.admission import Admission, Line, Ticket, fitting, open_lanes, with_turn
from shared.lanes import Lane
from shared.polling import Past, Prediction

_PLAYS = 60
_MOST_STARTS = 1_500  # of all plays together: a far place in a long queue needs fewer plays to be told as well
_FEWEST_PLAYS = 10


@dataclass(frozen=True)
class Held:
    """A slot that is held: whose, on which lane, for what, and for how long already."""

    owner: str
    lane: str
    shape: str
    elapsed_s: float


@dataclass(frozen=True)
class LaneNow:
    """A lane as it is: what it remembers of each shape, its last creates (seconds ago), how long it still rests."""

    lane: Lane
    past: Mapping[str, Past]
    created_ago_s: Sequence[float] = ()
    rests_s: float = 0.0
    is_paused: bool = False
    is_retired: bool = False


@dataclass(frozen=True)
class Forecast:
    """How many start before it, and how long until its render is done; None where no lane will ever take it as is.

    `foretold_s` is what the plays alone say, which past errors then correct.
    """

    ahead: int
    done: Prediction | None
    foretold_s: float = 0.0


def forecast(
    key: str,
    tickets: Sequence[Ticket],
    held: Sequence[Held],
    lanes: Sequence[LaneNow],
    *,
    turns: Mapping[str, int] | None = None,
    waits: Sequence[float] = (),
) -> Forecast:
    """Foretell when the ticket's job will be done. The same pool gives the same answer.

    `tickets` are all that wait, behind it as well: fairness lets younger ones of other owners pass. `waits` are real
    over foretold waits of the past: they hold also who came later and passed, which no play foresees.
    """
    before = _starts(key, tickets, held, lanes, turns or {}) if any(one.key == key for one in tickets) else None
    if before is None:
        return Forecast(sum(one.key < key for one in tickets), None)
    draw = Random(key)  # noqa: S311 - repeatable, not secret
    plays = max(min(_PLAYS, _MOST_STARTS // len(before)), _FEWEST_PLAYS)
    courses = _Courses(before, held, lanes)
    ends = [courses.play(draw) for _ in range(plays)]
    earliest_s, middle_s, latest_s = polling.band(ends)
    if len(waits) < polling.FEW:
        return Forecast(len(before) - 1, Prediction(middle_s, earliest_s, latest_s), middle_s)
    low, usual, high = polling.band(waits)
    return Forecast(len(before) - 1, Prediction(middle_s * usual, middle_s * low, middle_s * high), middle_s)


def _starts(
    key: str, tickets: Sequence[Ticket], held: Sequence[Held], lanes: Sequence[LaneNow], turns: Mapping[str, int]
) -> list[Admission] | None:
    """Play the rule on, every render taking as long as is usual, until the ticket starts; None when it never does."""
    known = {one.lane.name: one for one in lanes}
    paused = {one.lane.name for one in lanes if one.is_paused}
    line = Line(tickets, [one.lane for one in lanes], _retired(lanes))
    running, used = Counter(one.owner for one in held), Counter(one.lane for one in held)
    shapes = {one.shape for one in tickets}
    usual = {
        (one.lane.name, shape): median(polling.rests_s(0.0, _past(one, shape))) for one in lanes for shape in shapes
    }
    ends = [(max(_usual_rest(one, known), 0.0), n, one.owner, one.lane) for n, one in enumerate(held)]
    heapify(ends)
    begun: list[Admission] = []
    at_s = 0.0
    while True:
        free = open_lanes((one.lane for one in lanes), used, paused)
        while one := line.take(free, running, turns):
            turns = with_turn(turns, one.ticket.owner)
            begun.append(one)
            name, owner = one.lane.name, one.ticket.owner
            if one.ticket.key == key:
                return begun
            used[name], running[owner] = used[name] + 1, running[owner] + 1
            heappush(ends, (at_s + usual[name, one.ticket.shape], len(held) + len(begun), owner, name))
            free = open_lanes((one.lane for one in lanes), used, paused)
        if not ends:
            return None
        at_s, _, owner, name = heappop(ends)
        used[name], running[owner] = used[name] - 1, running[owner] - 1


class _Courses:
    """The lanes as every play begins, and where each of those who start may: worked out once for all plays."""

    def __init__(self, before: Sequence[Admission], held: Sequence[Held], lanes: Sequence[LaneNow]) -> None:
        open_now = [one for one in lanes if not one.is_paused]
        self._shapes = [one.ticket.shape for one in before]
        known, retired = [one.lane for one in open_now], _retired(lanes)
        places = {
            ticket.shape: [lane.name for lane in fitting(known, ticket, retired)]
            for ticket in {one.ticket.shape: one.ticket for one in before}.values()
        }
        self._places = [places[shape] for shape in self._shapes]
        self._lanes = open_now
        self._spans = {
            (one.lane.name, shape): polling.rests_s(0.0, _past(one, shape)) for one in open_now for shape in places
        }
        self._rests = {
            now.lane.name: [
                polling.rests_s(one.elapsed_s, _past(now, one.shape)) for one in held if one.lane == now.lane.name
            ]
            for now in open_now
        }

    def play(self, draw: Random) -> float:
        """Let everybody start in turn, each where a place that fits is free first; the seconds until the last ends."""
        # A past that is resampled for each play tells also how little a short one says.
        spans = {place: draw.choices(known, k=len(known)) for place, known in self._spans.items()}
        courses = {
            one.lane.name: _Course(one, [draw.choice(rests) for rests in self._rests[one.lane.name]])
            for one in self._lanes
        }
        end_s = 0.0
        for shape, names in zip(self._shapes, self._places, strict=True):
            name = min(names, key=lambda name: courses[name].free[0]) if len(names) > 1 else names[0]
            known = spans[name, shape]
            end_s = courses[name].run(known[int(draw.random() * len(known))])
        return end_s


class _Course:
    """How one lane goes on in one play: when its places come free, and when it created last."""

    def __init__(self, now: LaneNow, rests_s: Sequence[float]) -> None:
        lane = now.lane
        places = [0.0] * max(lane.max_in_flight - len(rests_s), 0) + sorted(rests_s)
        self.free = places[-lane.max_in_flight :]
        self._rests_s = now.rests_s
        self._creates = deque(sorted(-ago_s for ago_s in now.created_ago_s), maxlen=lane.creates_per_minute)

    def run(self, takes_s: float) -> float:
        """Render one more where a place is free first; when it ends."""
        at_s = max(self.free[0], self._rests_s)
        if len(self._creates) == self._creates.maxlen:
            at_s = max(at_s, self._creates[0] + polling.RATE_WINDOW_S)
        self._creates.append(at_s)
        heapreplace(self.free, at_s + takes_s)
        return at_s + takes_s


def _retired(lanes: Sequence[LaneNow]) -> set[str]:
    return {one.lane.name for one in lanes if one.is_retired}


def _usual_rest(one: Held, known: Mapping[str, LaneNow]) -> float:
    lane = known.get(one.lane)
    return median(polling.rests_s(one.elapsed_s, _past(lane, one.shape))) if lane else 0.0


def _past(lane: LaneNow, shape: str) -> Past:
    return lane.past.get(shape) or Past(lane.lane.typical_render_s)
