"""How timelines and lanes read on terminals of several widths."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from client.models import PoolState, Timeline
from client.wording_lanes import pool_lines
from client.wording_timeline import timeline_lines

START = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def record(*events: tuple[float, str, dict[str, Any]]) -> Timeline:
    """A record of events at seconds from the start."""
    told = [
        {"name": f"{n}", "at": (START + timedelta(seconds=at)).isoformat(), "kind": kind, "data": data}
        for n, (at, kind, data) in enumerate(events)
    ]
    return Timeline.model_validate({"job_id": "job_1", "events": told})


WHOLE = record(
    (0, "submitted", {"model": "sora-2", "usd": "0.40"}),
    (62, "admitted", {"lane": "main", "waited_s": 62.0}),
    (62, "accepted", {"lane": "main", "found_after": 0}),
    (63, "looked", {"progress": 50, "predicted_remaining_s": 30.0}),
    (93, "looked", {"progress": 100, "predicted_remaining_s": 0, "forecasts": [{"in_band": True}, {"in_band": False}]}),
    (95, "copied", {"id": "gen_1_0", "bytes": 1843200, "seconds": 1.24}),
    (96, "succeeded", {"made": 1, "stored": 1, "usd": "0.40", "cost": "settled"}),
)


def test_a_record_is_drawn_with_offsets_bars_and_money() -> None:
    """Each event is a line: when, what, and in words what is known of it."""
    head, *lines = timeline_lines(WHOLE, 120)
    assert head.startswith("job_1  from 2026-05-01 ")
    assert lines == [
        "    0:00  ├ submitted  model sora-2, usd 0.40",
        "    1:02  ├ admitted   on main after 1:02 in the queue",
        "    1:02  ├ accepted   by main",
        "    1:03  │ looked     ██████████░░░░░░░░░░  50 %  0:30 to go",
        "    1:33  │ looked     ████████████████████ 100 %  1 of 2 forecasts held",
        "    1:35  ├ copied     1.8 MB in 1.2 s  gen_1_0",
        "    1:36  ■ succeeded  1 of 1 stored, $0.40 settled",
    ]


def test_a_render_that_was_found_says_how_often_it_was_looked_for() -> None:
    """A render whose reply was lost is told from one that was answered."""
    [_, line] = timeline_lines(record((0, "accepted", {"lane": "main", "found_after": 2})))
    assert line.endswith("by main, found after searching 2 times")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_record_fits_its_terminal(width: int) -> None:
    """No line is wider than the terminal, and what is too long goes on under itself, word by word."""
    words = " ".join(f"word{n}" for n in range(30))
    long = record((0, "submitted", {}), (5, "refused", {"detail": words}), (6, "failed", {"code": "quota"}))
    lines = timeline_lines(long, width)
    assert max(len(line) for line in (*lines, *timeline_lines(WHOLE, width))) <= width
    assert all(f"word{n}" in "\n".join(lines) for n in range(30))
    assert any(line.startswith("          │   ") for line in lines)


def test_an_event_of_a_later_server_is_shown_as_it_comes() -> None:
    """Unknown kinds and other data break nothing, and control characters move no cursor."""
    strange = record((0, "a_new_kind", {"some_fact": "x\x1b[2J", "nothing": None}), (1, "looked", {"progress": "much"}))
    _, first, second = timeline_lines(strange)
    assert first == "    0:00  ├ a new kind  some fact x [2J"
    assert second.endswith("progress much")
    assert timeline_lines(Timeline(job_id="job_1")) == ["job_1: nothing is on record"]


def test_lanes_tell_room_rate_durations_and_what_needs_a_person() -> None:
    """A pool is a line, a lane one or two below it."""
    lane = {
        "id": "main",
        "model": "sora-2",
        "is_paused": True,
        "is_retired": True,
        "attention": "The provider does not accept our key.",
        "in_flight": 1,
        "max_in_flight": 2,
        "creates_last_minute": 2,
        "creates_per_minute": 2,
        "retired_on": "2026-10-15",
        "renders_s": {"1280x720/4/1": [60.0, 70.0, 80.0], "1280x720/8/1": []},
    }
    pool = PoolState.model_validate({"model": "sora-2", "waiting": 3, "lanes": [lane]})
    assert pool_lines(pool) == [
        "sora-2: 3 waiting",
        "  main  1 of 2 rendering, 2 of 2 creates this minute, 1280x720/4/1 about 1:10",
        (
            "    paused; its provider says it is retired; `lab resume main` tries it again; "
            "retirement date 2026-10-15; needs attention: The provider does not accept our key."
        ),
    ]
    assert pool_lines(PoolState(model="m")) == ["m: nobody waits"]
