"""Who may start now, and on which lane. Pure: tickets, slots and lanes in, decisions out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.lanes import Lane


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


def admissions(
    tickets: Sequence[Ticket], slots: Sequence[Slot], lanes: Sequence[Lane], paused: frozenset[str] = frozenset()
) -> list[Admission]:
    """Decide who starts: higher priority, then the owner with the fewest running, then the oldest ticket.

    A lane is open while it is not paused and has fewer slots than its cap; of the open lanes that take the size and the
    seconds, the cheapest. A ticket that no lane takes waits and holds up nobody.
    """
    used = Counter(slot.lane for slot in slots)
    running = Counter(slot.owner for slot in slots)
    waiting = list(tickets)
    decided: list[Admission] = []
    while open_lanes := [lane for lane in lanes if lane.name not in paused and used[lane.name] < lane.max_in_flight]:
        possible = [(ticket, lane) for ticket in waiting if (lane := _cheapest(open_lanes, ticket)) is not None]
        if not possible:
            break
        ticket, lane = min(possible, key=lambda pair: (pair[0].priority, running[pair[0].owner], pair[0].key))
        decided.append(Admission(ticket, lane))
        waiting.remove(ticket)
        used[lane.name] += 1
        running[ticket.owner] += 1
    return decided


def _cheapest(lanes: Sequence[Lane], ticket: Ticket) -> Lane | None:
    fitting = [lane for lane in lanes if lane.takes(ticket.size, ticket.seconds, ticket.variants)]
    unknown = Decimal("Infinity")
    return min(fitting, key=lambda lane: _price(lane, ticket.size, unknown), default=None)


def _price(lane: Lane, size: str, unknown: Decimal) -> Decimal:
    price = lane.price_usd_per_s(size)
    return unknown if price is None else price
