"""Rules of what a job that waits is told."""

import pytest

from shared import forecast as forecasting
from shared.admission import Ticket
from shared.forecast import Held, LaneNow, forecast
from shared.lanes import Lane
from shared.polling import Past
from tests.unit.lanes import a_lane

SHAPE = "1280x720/4/1"


def _lane(name: str = "l", *, cap: int = 1, rate: int = 60, seconds: tuple[int, ...] = (4,)) -> Lane:
    return a_lane(name, cap=cap, rate=rate, seconds=seconds)


def _steady(lane: Lane, took_s: float = 100.0, **about: float | bool | list[float]) -> LaneNow:
    """A lane whose renders always took the same."""
    return LaneNow(lane, {SHAPE: Past(60, [took_s] * 20)}, **about)  # pyright: ignore[reportArgumentType] - by name


def _ticket(age: int, owner: str = "a", priority: str = "1", seconds: int = 4) -> Ticket:
    ulid = f"{age:026}"
    return Ticket(f"wait!{priority}!{ulid}", ulid, owner, "1280x720", seconds, 1, priority)


def _rest(ticket: Ticket, tickets: list[Ticket], held: list[Held], *lanes: LaneNow) -> tuple[int, float | None]:
    seen = forecast(ticket.key, tickets, held, lanes)
    return seen.ahead, seen.done and round(seen.done.remaining_s, 6)


def test_the_next_one_waits_for_the_slot_and_then_renders() -> None:
    """What the slot ahead still needs, and then a render of its own."""
    held = [Held("b", "l", SHAPE, 30.0)]
    assert _rest(_ticket(1), [_ticket(1)], held, _steady(_lane())) == (0, 170.0)


def test_places_work_side_by_side() -> None:
    """The fifth in line of a lane with two places is done after three rounds."""
    line = [_ticket(n) for n in range(1, 6)]
    assert _rest(line[4], line, [], _steady(_lane(cap=2))) == (4, 300.0)


def test_fairness_counts_younger_ones_of_other_owners() -> None:
    """The third of an owner is passed by a younger one of another owner, and says so."""
    line = [_ticket(1), _ticket(2), _ticket(3), _ticket(4, "b")]
    assert _rest(line[1], line, [], _steady(_lane(cap=2))) == (2, 200.0)
    assert _rest(line[3], line, [], _steady(_lane(cap=2))) == (1, 100.0)


def test_a_high_priority_passes_all() -> None:
    """Who waits at normal priority counts every high one as ahead, however young."""
    line = [_ticket(1), _ticket(9, priority="0")]
    assert _rest(line[0], line, [], _steady(_lane())) == (1, 200.0)
    assert _rest(line[1], line, [], _steady(_lane())) == (0, 100.0)


def test_the_rate_of_a_lane_is_kept() -> None:
    """A lane that may create twice a minute starts the third when the first create is a minute old."""
    line = [_ticket(n) for n in range(1, 4)]
    fresh = _steady(_lane(cap=9, rate=2))
    assert _rest(line[2], line, [], fresh) == (2, 165.0)
    assert _rest(line[0], line, [], _steady(_lane(cap=9, rate=2), created_ago_s=[5.0, 25.0])) == (0, 140.0)


def test_a_rest_after_a_429_is_waited_for() -> None:
    """A lane that cools starts nobody before it may."""
    assert _rest(_ticket(1), [_ticket(1)], [], _steady(_lane(), rests_s=40.0)) == (0, 140.0)


def test_what_no_lane_takes_is_never_done() -> None:
    """On a paused lane, or for a length that no lane offers, there is a place and no time."""
    line = [_ticket(1), _ticket(2, seconds=12)]
    assert _rest(line[1], line, [], _steady(_lane())) == (1, None)
    assert _rest(line[0], line, [], _steady(_lane(), is_paused=True)) == (0, None)
    assert _rest(_ticket(7), line, [], _steady(_lane())) == (2, None)


def test_a_lane_that_rests_is_chosen_as_admission_does() -> None:
    """Who is next goes where a slot is free first and waits there for the end of its rest, as it will."""
    cheap, dear = _steady(_lane("cheap"), rests_s=300.0), _steady(_lane("dear"))
    held = [Held("b", "cheap", SHAPE, 50.0), Held("c", "dear", SHAPE, 0.0)]
    assert _rest(_ticket(1), [_ticket(1)], held, cheap, dear) == (0, 400.0)


def test_a_retired_lane_is_waited_for_by_nobody_who_has_another() -> None:
    """A free lane that is retired shortens no wait, unless there is no other."""
    retired, full = _steady(_lane("r"), is_retired=True), _steady(_lane("l"))
    held = [Held("b", "l", SHAPE, 30.0)]
    assert _rest(_ticket(1), [_ticket(1)], held, retired, full) == (0, 170.0)
    assert _rest(_ticket(1), [_ticket(1)], [], retired) == (0, 100.0)


def test_a_faster_lane_takes_more() -> None:
    """With a lane of 100 s and one of 25 s the tenth in line is done when both have worked through the line."""
    line = [_ticket(n) for n in range(1, 11)]
    assert _rest(line[9], line, [], _steady(_lane("l")), _steady(_lane("k"), 25.0))[1] == 200.0


def test_the_band_widens_with_the_past() -> None:
    """A lane whose renders differ gives a wide band, one whose renders are alike a narrow one; both answer the same."""
    line = [_ticket(n) for n in range(1, 4)]
    uneven = LaneNow(_lane(), {SHAPE: Past(60, [50.0, 80.0, 100.0, 120.0, 150.0] * 4)})
    told = forecast(line[2].key, line, [], [uneven])
    assert told.done
    assert told.done.earliest_s < 260
    assert told.done.latest_s > 340
    assert told == forecast(line[2].key, line, [], [uneven])


def test_a_far_place_costs_no_more_than_so_many_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last of 1,000 from 20 owners is foretold in ten plays, not in sixty."""
    begun: list[str] = []
    run = forecasting._Course.run
    monkeypatch.setattr(forecasting._Course, "run", lambda *about: begun.append("") or run(*about))
    line = [_ticket(n, f"owner-{n % 20}") for n in range(1000)]
    told = forecast(line[999].key, line, [], [_steady(_lane(cap=3)), _steady(_lane("k", cap=3))])
    assert told.done
    assert (told.ahead, len(begun)) == (999, 10_000)


def test_past_waits_correct_what_the_plays_say() -> None:
    """A queue whose jobs always waited twice as long as foretold is believed twice, in the band of those errors."""
    told = forecast(_ticket(1).key, [_ticket(1)], [], [_steady(_lane())], waits=[2.0] * 9)
    assert told.done
    assert (told.done.earliest_s, told.done.remaining_s, told.done.latest_s) == (200.0, 200.0, 200.0)
    assert told.foretold_s == 100.0
