"""Rules of waiting."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import polling
from shared.polling import Past

seconds = st.floats(0, 100_000, allow_nan=False)
values = st.lists(st.floats(0.1, 10_000, allow_nan=False), max_size=50)
past = st.builds(Past, st.floats(0.1, 10_000), values, values)


@given(st.none() | st.integers(0, 100), seconds, past, st.none() | seconds)
def test_next_look_stays_within_its_bounds(
    progress: int | None, elapsed_s: float, known: Past, hint_s: float | None
) -> None:
    """Whatever was seen, the next look is 3 to 60 s away, or five minutes after the first hour."""
    wait = polling.next_look_s(polling.predict(progress, elapsed_s, known), elapsed_s, hint_s)
    assert polling.MIN_LOOK_S <= wait <= polling.MAX_LOOK_S or wait == polling.PATIENT_LOOK_S


@given(st.none() | st.integers(0, 100), seconds, past)
def test_prediction_lies_in_its_band(progress: int | None, elapsed_s: float, known: Past) -> None:
    """The expected rest is between the earliest and the latest, and never negative."""
    expected = polling.predict(progress, elapsed_s, known)
    assert 0 <= expected.earliest_s <= expected.remaining_s <= expected.latest_s


@given(seconds, seconds)
def test_hint_only_lengthens_the_wait(elapsed_s: float, hint_s: float) -> None:
    """A provider's hint never makes us look sooner than progress says."""
    expected = polling.predict(50, elapsed_s, Past(60))
    assert polling.next_look_s(expected, elapsed_s, hint_s) >= polling.next_look_s(expected, elapsed_s)


def test_progress_leads_to_sixty_percent_of_the_rest() -> None:
    """At half after 40 s another 40 s are expected, and the next look is in 24."""
    assert polling.next_look_s(polling.predict(50, 40.0, Past(600)), 40.0) == 24.0


def test_without_progress_the_past_of_the_lane_counts() -> None:
    """No progress said: the median of past durations is expected."""
    assert polling.predict(None, 10.0, Past(600, [30.0, 40.0, 50.0])).remaining_s == 30.0


def test_a_render_later_than_most_is_foretold_by_those_as_late() -> None:
    """Half a minute after the median only the slow ones of the past tell what may still remain."""
    known = [60.0] * 50 + [100.0, 110.0, 120.0, 130.0, 140.0]
    assert polling.predict(None, 0.0, Past(600, known)).remaining_s == 60.0
    assert polling.predict(None, 90.0, Past(600, known)).remaining_s == 30.0


def test_past_errors_correct_what_progress_foretells() -> None:
    """A lane whose renders always took half of what progress foretold is believed half, in a narrow band."""
    expected = polling.predict(50, 60.0, Past(600, ratios=[0.5] * 20))
    assert (expected.earliest_s, expected.remaining_s, expected.latest_s) == (30.0, 30.0, 30.0)


@pytest.mark.parametrize("known", [9, 20, 60])
def test_a_band_holds_four_of_five_further_values(known: int) -> None:
    """Of however few values it is made, between 76 and 84 % of as many further ones lie in it."""
    draw = Random(known)  # noqa: S311 - repeatable
    held = 0
    for _ in range(4000):
        low, _, high = polling.band([draw.gauss(100, 20) for _ in range(known)])
        held += low <= draw.gauss(100, 20) <= high
    assert 0.76 <= held / 4000 <= 0.84


def test_a_render_with_progress_is_looked_at_few_times() -> None:
    """A steady render of 150 s is seen done within ten looks and soon after its end."""
    at, looks = 0.0, 0
    while at < 150:
        at += polling.next_look_s(polling.predict(int(at / 1.5), at, Past(150)), at)
        looks += 1
    assert looks <= 10
    assert at - 150 <= polling.MIN_LOOK_S


def test_lost_creates_are_searched_at_their_times() -> None:
    """Searches are due 5, 15, 45, 120, 300 and 600 s after the loss, then no more."""
    assert [polling.next_find_s(looked, 0.0) for looked in range(7)] == [5, 15, 45, 120, 300, 600, None]
    assert polling.next_find_s(2, 50.0) == 0.0
