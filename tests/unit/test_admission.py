"""Rules of who may start."""

from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared.admission import Slot, Ticket, admissions, with_turn
from shared.lanes import Lane
from tests.unit.lanes import a_lane


def _lane(name: str, cap: int = 2, usd: str | None = None, seconds: tuple[int, ...] = (4, 8)) -> Lane:
    return a_lane(name, cap=cap, usd=usd, seconds=seconds)


def _ticket(age: int, owner: str = "a", priority: str = "1", seconds: int = 4) -> Ticket:
    ulid = f"{age:026}"
    return Ticket(f"wait!{priority}!{ulid}", ulid, owner, "1280x720", seconds, 1, priority)


def _started(decided: list) -> list[int]:
    return [int(one.ticket.ulid) for one in decided]


def test_the_oldest_starts_first_up_to_the_cap() -> None:
    """One lane with two places takes the two oldest of one owner."""
    assert _started(admissions([_ticket(3), _ticket(1), _ticket(2)], [], [_lane("l")])) == [1, 2]


def test_a_full_lane_admits_nobody() -> None:
    """Slots count against the cap, whoever holds them."""
    full = [Slot("x", "b", "l"), Slot("y", "c", "l")]
    assert admissions([_ticket(1)], full, [_lane("l")]) == []


def test_the_owner_with_fewest_running_goes_first() -> None:
    """A newcomer passes an owner who already has renders running."""
    running = [Slot("x", "busy", "l")]
    assert _started(admissions([_ticket(1, "busy"), _ticket(2, "new")], running, [_lane("l")])) == [2]


def test_priority_beats_age_and_owner() -> None:
    """A high ticket of a busy owner passes normal ones."""
    running = [Slot("x", "busy", "l")]
    assert _started(admissions([_ticket(1, "new"), _ticket(2, "busy", "0")], running, [_lane("l")])) == [2]


def test_the_cheapest_open_lane_is_taken() -> None:
    """Of two open lanes the cheaper one is used first, one without a known price last."""
    lanes = [_lane("unknown"), _lane("dear", 1, "0.30"), _lane("cheap", 1, "0.10")]
    decided = admissions([_ticket(1), _ticket(2), _ticket(3)], [], lanes)
    assert [one.lane.name for one in decided] == ["cheap", "dear", "unknown"]


def test_a_ticket_no_lane_takes_holds_up_nobody() -> None:
    """What cannot run waits, and the ones behind it start."""
    assert _started(admissions([_ticket(1, seconds=12), _ticket(2)], [], [_lane("l")])) == [2]


def test_a_paused_lane_is_closed() -> None:
    """Nobody starts on a paused lane."""
    assert admissions([_ticket(1)], [], [_lane("l")], frozenset({"l"})) == []


def test_a_retired_lane_takes_only_who_has_no_other() -> None:
    """Whom another lane takes waits for that one, paused or full as it may be; who has no choice starts at once."""
    lanes = [_lane("retired", usd="0.10", seconds=(4, 8)), _lane("served", 1, "0.30", seconds=(4,))]
    tickets = [_ticket(1), _ticket(2), _ticket(3, seconds=8)]
    decided = admissions(tickets, [], lanes, retired={"retired"})
    assert [(int(one.ticket.ulid), one.lane.name) for one in decided] == [(1, "served"), (3, "retired")]
    assert _started(admissions(tickets, [], lanes, {"served"}, retired={"retired"})) == [3]


owners = st.sampled_from(["a", "b", "c"])


@given(
    st.lists(st.tuples(st.integers(0, 99), owners, st.sampled_from(["0", "1"])), max_size=20, unique_by=lambda t: t[0]),
    st.lists(st.tuples(owners, st.sampled_from(["l", "k"])), max_size=5),
    st.integers(1, 4),
)
def test_no_lane_ever_passes_its_cap(
    waiting: list[tuple[int, str, str]], running: list[tuple[str, str]], cap: int
) -> None:
    """Slots and admissions of a lane together never exceed its cap, and nobody starts twice."""
    slots = [Slot(str(n), owner, name) for n, (owner, name) in enumerate(running)]
    tickets = [_ticket(age, owner, priority) for age, owner, priority in waiting]
    decided = admissions(tickets, slots, [_lane("l", cap), _lane("k", 1)])
    for name, most in (("l", cap), ("k", 1)):
        held = sum(slot.lane == name for slot in slots)
        new = sum(one.lane.name == name for one in decided)
        assert new <= max(most - held, 0)
    assert len({one.ticket.ulid for one in decided}) == len(decided)


def _plainly(
    tickets: list[Ticket], slots: list[Slot], lanes: list[Lane], turns: dict[str, int]
) -> list[tuple[str, str]]:
    """Decide by comparing every ticket on every open lane with every other: the rule as it reads."""
    waiting, decided, held, had = list(tickets), [], list(slots), dict(turns)
    while True:
        free = [one for one in lanes if sum(slot.lane == one.name for slot in held) < one.max_in_flight]
        fitting = {t: [one for one in free if one.takes(t.size, t.seconds, t.variants)] for t in waiting}
        possible = [t for t in waiting if fitting[t]]
        if not possible:
            return decided
        running = Counter(slot.owner for slot in held)
        first = min(possible, key=lambda t: (t.priority, running[t.owner], had.get(t.owner, 0), t.key))
        had[first.owner] = max(had.values(), default=0) + 1
        lane = min(fitting[first], key=lambda one: one.usd_per_second or Decimal("Infinity"))
        decided.append((first.ulid, lane.name))
        held.append(Slot(first.ulid, first.owner, lane.name))
        waiting.remove(first)


@given(
    st.lists(
        st.tuples(st.integers(0, 99), owners, st.sampled_from(["0", "1"]), st.sampled_from([4, 8, 12])),
        max_size=30,
        unique_by=lambda t: t[0],
    ),
    st.lists(st.tuples(owners, st.sampled_from(["l", "k"])), max_size=5),
    st.dictionaries(owners, st.integers(1, 9)),
)
def test_only_the_oldest_of_equals_need_be_compared(
    waiting: list[tuple[int, str, str, int]], running: list[tuple[str, str]], turns: dict[str, int]
) -> None:
    """Comparing one ticket of each owner, priority and shape decides the same as comparing all of them."""
    slots = [Slot(str(n), owner, name) for n, (owner, name) in enumerate(running)]
    tickets = [_ticket(*one) for one in waiting]
    lanes = [_lane("l", 4, "0.20"), _lane("k", 3, "0.10", seconds=(8, 12))]
    decided = [(one.ticket.ulid, one.lane.name) for one in admissions(tickets, slots, lanes, turns=turns)]
    assert decided == _plainly(tickets, slots, lanes, turns)


def test_owners_take_turns() -> None:
    """Of owners with equally few running, who started longest ago goes first, however young the tickets."""
    line = [_ticket(1, "a"), _ticket(2, "a"), _ticket(3, "b"), _ticket(4, "c")]
    assert _started(admissions(line, [], [_lane("l", 1)], turns={"a": 7, "b": 6})) == [4]
    assert _started(admissions(line[:3], [], [_lane("l", 1)], turns={"a": 7, "b": 6})) == [3]


def test_turns_of_many_owners_are_bounded() -> None:
    """Of all owners that ever started, the hundred that did so last are remembered, in their order."""
    turns: dict[str, int] = {}
    for n in range(300):
        turns = with_turn(turns, f"owner-{n}")
    assert len(turns) == 100
    assert min(turns, key=lambda name: turns[name]) == "owner-200"
    assert turns["owner-299"] == 300
