"""Who may start now, and on which lane. Pure: tickets, slots and lanes in, decisions out."""

from collections import Counter, deque
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.lanes import Lane, shape_of

_KEPT_TURNS = 99


@dataclass(frozen=True)
class Ticket:
    """A job that waits. `key` sorts by priority, then by age."""

    key: str
    ulid: str
    owner: str
    size: str
    seconds: int
    variants: int
    priority: str

    @property
    def shape(self) -> str:
        """What lanes it fits and how long it takes depend on this alone."""
        return shape_of(self.size, self.seconds, self.variants)


@dataclass(frozen=True)
class Slot:
    """A job whose render may be alive at the provider, on that lane."""

    ulid: str
    owner: str
    lane: str


@dataclass(frozen=True)
class Admission:
    """One decision: this ticket runs on this lane."""

    ticket: Ticket
    lane: Lane


class Line:
    """Those who wait, and who of them is next: higher priority, then the owner with fewest running, then the one whose
    last turn is longest ago (first of all who never had one), then the oldest.

    A lane must take the ticket's size and seconds; of those that do, the cheapest; a retired one only where no other
    does, so that a job without a choice is told at once. Of tickets that differ in age alone
    only the oldest is ever compared, so that a choice costs as much as there are owners, not as there are tickets.
    """

    def __init__(self, tickets: Iterable[Ticket], lanes: Sequence[Lane], retired: Collection[str] = ()) -> None:
        self._alike: dict[tuple[str, str, str], deque[Ticket]] = {}
        self._lanes: dict[str, list[Lane]] = {}
        for ticket in sorted(tickets, key=lambda one: one.key):
            self._alike.setdefault((ticket.priority, ticket.owner, ticket.shape), deque()).append(ticket)
            if ticket.shape not in self._lanes:
                self._lanes[ticket.shape] = fitting(lanes, ticket, retired)

    def take(
        self, open_lanes: Container[str], running: Mapping[str, int], turns: Mapping[str, int]
    ) -> Admission | None:
        """Take the next one out who can start on one of these lanes; None when nobody can."""
        first: tuple[tuple[str, int, int, str], deque[Ticket], Lane] | None = None
        for (priority, owner, shape), alike in self._alike.items():
            lane = next((one for one in self._lanes[shape] if one.name in open_lanes), None)
            if alike and lane:
                place = priority, running.get(owner, 0), turns.get(owner, 0), alike[0].key
                if first is None or place < first[0]:
                    first = place, alike, lane
        return Admission(first[1].popleft(), first[2]) if first else None


def admissions(
    tickets: Sequence[Ticket],
    slots: Sequence[Slot],
    lanes: Sequence[Lane],
    paused: Collection[str] = (),
    *,
    turns: Mapping[str, int] | None = None,
    retired: Collection[str] = (),
) -> list[Admission]:
    """Decide who starts on lanes that are not paused and have fewer slots than their cap.

    `turns` numbers each owner's last start. A ticket that no lane takes waits and holds up nobody.
    """
    had = dict(turns or {})
    used = Counter(slot.lane for slot in slots)
    running = Counter(slot.owner for slot in slots)
    line = Line(tickets, lanes, retired)
    decided: list[Admission] = []
    while one := line.take(open_lanes(lanes, used, paused), running, had):
        decided.append(one)
        had = with_turn(had, one.ticket.owner)
        used[one.lane.name] += 1
        running[one.ticket.owner] += 1
    return decided


def with_turn(turns: Mapping[str, int], owner: str) -> dict[str, int]:
    """Number an owner's start, after all others'; so many owners are remembered, those who started last."""
    kept = {name: turn for name, turn in turns.items() if name != owner}
    latest = sorted(kept, key=lambda name: kept[name])[-_KEPT_TURNS:]
    return {name: kept[name] for name in latest} | {owner: max(kept.values(), default=0) + 1}


def open_lanes(lanes: Iterable[Lane], used: Mapping[str, int], paused: Container[str] = ()) -> set[str]:
    """Name the lanes on which somebody may start."""
    return {lane.name for lane in lanes if lane.name not in paused and used.get(lane.name, 0) < lane.max_in_flight}


def fitting(lanes: Iterable[Lane], ticket: Ticket, retired: Collection[str] = ()) -> list[Lane]:
    """List the lanes that take a ticket, the cheapest first; the retired ones only where there are no others."""
    unknown = Decimal("Infinity")
    able = [lane for lane in lanes if lane.takes(ticket.size, ticket.seconds, ticket.variants)]
    served = [lane for lane in able if lane.name not in retired] or able
    return sorted(
        served, key=lambda lane: price if (price := lane.price_usd_per_s(ticket.size)) is not None else unknown
    )
