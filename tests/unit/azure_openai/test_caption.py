"""Words on a film."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFont

from local.azure_openai.caption import legible, time_code, wrapped

FONT = ImageFont.load_default(20)


@settings(max_examples=60)
@given(st.text(max_size=300), st.integers(60, 600))
def test_wrapped_text_stays_within_its_lines(text: str, width: int) -> None:
    """Any text gives one to three lines, none wider than allowed."""
    lines = wrapped(legible(text), FONT, width)
    assert 1 <= len(lines) <= 3
    assert all(FONT.getlength(line) <= width for line in lines)


def test_text_that_fits_is_kept_and_longer_text_ends_in_an_ellipsis() -> None:
    """Nothing is lost without being told."""
    assert " ".join(wrapped("a fox in the snow", FONT, 80)) == "a fox in the snow"
    assert wrapped("a fox in the snow " * 20, FONT, 80)[-1].endswith("…")
    assert wrapped("x" * 1000, FONT, 80)[-1].endswith("…")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("été, Größe", "ete, Grosse"), ("a\u2014b", "a-b"), ("日本", "··"), ("a\nb\tc", "a b c"), ("e\u0301", "e")],
)
def test_characters_the_font_lacks_are_replaced(text: str, shown: str) -> None:
    """Accents are dropped, other scripts become dots, and nothing becomes an empty box."""
    assert legible(text) == shown


def test_time_code_counts_minutes_seconds_and_frames() -> None:
    """Frame 1,897 at 30 a second is 1:03 and 7 frames."""
    assert time_code(63 * 30 + 7, 30) == "01:03:07"
