"""Rules of how looks are held against the end they foretold."""

from datetime import UTC, datetime, timedelta

from shared.admission import Ticket
from shared.calibration import forecasts, ratios
from shared.models.job import Live, Sample
from shared.rates import LaneState, PoolState

START = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """So long after the render was accepted."""
    return START + timedelta(seconds=seconds)


def sample(seconds: float, progress: int | None, remaining_s: float = 10.0) -> Sample:
    """A look with a band of half and double what it expected."""
    return Sample(
        at=at(seconds),
        progress=progress,
        remaining_s=remaining_s,
        earliest_s=remaining_s / 2,
        latest_s=remaining_s * 2,
    )


def test_a_forecast_is_held_against_the_end() -> None:
    """Each look says what it foretold, what it came to, and whether its band held."""
    live = Live(samples=[sample(10, None, 100), sample(40, 50, 60)])
    shown = [one.shown for one in forecasts(live, at(60))]
    assert shown == [
        {"progress": None, "predicted_s": 100, "real_s": 50.0, "in_band": True},
        {"progress": 50, "predicted_s": 60, "real_s": 20.0, "in_band": False},
    ]


def test_ratios_are_of_the_plain_rule() -> None:
    """A lane learns from what progress itself foretold, never from what was corrected already."""
    live = Live(samples=[sample(10, None), sample(20, 20), sample(40, 50, 999), sample(59, 100)])
    assert ratios(live, START, at(60)) == [0.5, 0.5]


def test_a_long_render_does_not_outweigh_short_ones() -> None:
    """Of twenty looks six are learnt from, from the first one on."""
    live = Live(samples=[sample(n, n) for n in range(1, 21)])
    learnt = ratios(live, START, at(100))
    assert len(learnt) == 6
    assert learnt[0] == 1.0


def test_a_lane_keeps_so_much_and_forgets_the_shape_that_was_seen_least_lately() -> None:
    """What a lane remembers stays within its row, whatever is rendered; a rare shape's own past is kept."""
    memory = LaneState(tokens=[at(n / 10) for n in range(600)])
    memory.remember("rare", 1.23456, [0.123456] * 6)
    for n in range(2000):
        memory.remember(f"shape-{n % 7}", float(n), [1.0] * 6)
    assert memory.durations_s["rare"] == [1.2]
    assert len(memory.durations_s) == 8
    assert {len(kept) for shape, kept in memory.durations_s.items() if shape != "rare"} == {40}
    assert len(memory.ratios) == 100
    memory.remember("new", 1.0, [])
    assert "rare" not in memory.durations_s
    text = memory.model_dump_json()
    assert len(text) < 15_000
    assert LaneState.model_validate_json(text) == memory


def test_a_rare_shape_is_told_by_all_others() -> None:
    """A shape with fewer than five renders on a lane is foretold from every render there, then from its own."""
    memory = LaneState()
    for n in range(4):
        memory.remember("a", 10.0 + n, [])
        memory.remember("b", 90.0, [])
    assert sorted(memory.past("a", 60).durations_s) == [10.0, 11.0, 12.0, 13.0, 90.0, 90.0, 90.0, 90.0]
    memory.remember("a", 14.0, [])
    assert memory.past("a", 60).durations_s == [10.0, 11.0, 12.0, 13.0, 14.0]


def test_a_few_waiting_jobs_are_held_against_their_end() -> None:
    """Sixteen at a time, each once, and none for longer than a day; what came over what was foretold is kept."""
    tickets = [Ticket(f"wait!1!{n:02}", f"{n:02}", "a", "1280x720", 4, 1, "1") for n in range(40)]
    state = PoolState()
    for n in range(60):
        state.turns["a"] = n
        if chosen := state.probed(tickets, at(0)):
            state.probe(chosen.ulid, at(0), 50.0)
    assert len(state.probes) == 16
    first = next(iter(state.probes))
    for _ in range(2):
        state.learn_wait(first, at(75))
    assert state.waits == [1.5]
    assert state.probed([], at(0)) is None
    assert state.probed(tickets, at(90_000))
    assert state.probes == {}
