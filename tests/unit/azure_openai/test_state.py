"""What a render is at any moment, for any plan and any time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.azure_openai import behaviours
from local.azure_openai.models import Dialect
from local.azure_openai.state import (
    Failure,
    Order,
    Phase,
    Plan,
    Render,
    Retention,
    Stage,
    expires_at,
    finished_at,
    is_expired,
    leaves_flight_at,
    look,
)

BEGIN = 1_000.0
A_DAY = Retention(86_400, begins_at_end=False)
AN_HOUR_AFTER = Retention(3_600, begins_at_end=True)
PROMPTS = ["", "[fails]", "[moderated:input]", "[moderated:output]", "[takes:67]"]


def render(prompt: str = "", *, render_s: float = 10, films_ready_at: float | None = BEGIN) -> Render:
    """A render begun at BEGIN with the plan its prompt asks for."""
    order = Order(Dialect.VIDEOS, "sora-2", prompt, 1280, 720, 8)
    script = behaviours.script(order, render_s=render_s, failing_sizes=())
    return Render("video_1", 0, order, "sora-2", BEGIN, script.plan, ("gen_1",), films_ready_at=films_ready_at)


@given(
    prompt=st.sampled_from(PROMPTS),
    render_s=st.floats(0.01, 600),
    times=st.lists(st.floats(0, 1_000), min_size=2, max_size=30),
)
def test_progress_never_falls_and_phases_never_go_back(prompt: str, render_s: float, times: list[float]) -> None:
    """Looked at in any rhythm, progress rises from 0 to at most 100 and phases keep their order."""
    order = list(Phase)
    looks = [look(render(prompt, render_s=render_s), BEGIN + at) for at in sorted(times)]
    for earlier, later in pairwise(looks):
        assert 0 <= earlier.progress <= later.progress <= 100
        assert order.index(earlier.phase) <= order.index(later.phase)


@given(st.sampled_from(PROMPTS), st.floats(0.01, 600), st.floats(0, 1_000))
def test_render_is_final_exactly_from_its_end_on(prompt: str, render_s: float, at: float) -> None:
    """`finished_at` is the first moment with a final phase, and 100 stands for success alone."""
    one = render(prompt, render_s=render_s)
    seen, end = look(one, BEGIN + at), finished_at(one)
    assert end is not None
    assert seen.phase.is_final == (BEGIN + at - BEGIN >= one.plan.duration_s and BEGIN + at >= end)
    assert (seen.progress == 100) == (seen.phase is Phase.SUCCEEDED)


def test_clock_before_the_creation_shows_a_queued_render() -> None:
    """A clock that was set back does no harm."""
    assert look(render(), BEGIN - 100).progress == 0
    assert look(render(), BEGIN - 100).phase is Phase.QUEUED


def test_film_holds_the_last_phase_open() -> None:
    """Without its film a render stays at the end of its plan; with it, it ends when the film was ready."""
    waiting = render(films_ready_at=None)
    assert look(waiting, BEGIN + 999).phase is Phase.FINISHING
    assert (finished_at(waiting), leaves_flight_at(waiting, AN_HOUR_AFTER)) == (None, float("inf"))
    late = replace(waiting, films_ready_at=BEGIN + 12)
    assert finished_at(late) == BEGIN + 12
    assert [look(late, BEGIN + at).phase for at in (11, 12)] == [Phase.FINISHING, Phase.SUCCEEDED]


def test_failure_needs_no_film() -> None:
    """A render that fails ends by its plan alone."""
    assert finished_at(render("[fails]", films_ready_at=None)) == BEGIN + 5


@pytest.mark.parametrize("at", [2, 50])
def test_render_that_cannot_be_drawn_fails_no_earlier_than_planned(at: float) -> None:
    """It fails when its plan ends, or when that is known, whichever is later."""
    failed = render(films_ready_at=None).with_failure(Failure.INTERNAL, BEGIN + at)
    assert finished_at(failed) == BEGIN + max(10, at)
    assert look(failed, BEGIN + 100).phase is Phase.FAILED


def test_expiry_counts_from_creation_or_from_the_end() -> None:
    """Azure counts a day from the creation, OpenAI an hour from the end."""
    one = render()
    assert expires_at(one, A_DAY) == BEGIN + 86_400
    assert expires_at(one, AN_HOUR_AFTER) == BEGIN + 10 + 3_600
    assert expires_at(render(films_ready_at=None), AN_HOUR_AFTER) is None
    assert [is_expired(one, A_DAY, BEGIN + at) for at in (86_399, 86_400)] == [False, True]


def test_render_leaves_flight_at_the_first_of_its_ends() -> None:
    """Its own end, its expiry and its deletion all make room."""
    stuck = replace(render(films_ready_at=None), plan=Plan((Stage(Phase.RENDERING, 1e9, 100),)))
    assert leaves_flight_at(render(), A_DAY) == BEGIN + 10
    assert leaves_flight_at(stuck, A_DAY) == BEGIN + 86_400
    assert leaves_flight_at(replace(stuck, deleted_at=BEGIN + 3), A_DAY) == BEGIN + 3
