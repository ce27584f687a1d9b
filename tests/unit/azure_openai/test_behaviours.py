"""Tags in prompts, and the plans that follow from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.azure_openai import behaviours
from local.azure_openai.models import Dialect
from local.azure_openai.state import Failure, Order


def order(prompt: str, *, variants: int = 1, opening: str | None = None, height: int = 720) -> Order:
    """An order with this prompt."""
    return Order(Dialect.VIDEOS, "sora-2", prompt, 1280, height, 8, variants=variants, opening=opening)


def script(prompt: str, *, variants: int = 1, height: int = 720) -> behaviours.Script:
    """Its script, for renders of ten seconds."""
    return behaviours.script(order(prompt, variants=variants, height=height), render_s=10, failing_sizes=("1280x1000",))


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("a fox", {}),
        ("a [stuck] fox [takes:1.5]", {"stuck": "", "takes": "1.5"}),
        ("[Stuck] [takes: 5] [a b] [] [takes:]", {}),
    ],
)
def test_tags_are_read_anywhere_and_only_in_their_form(prompt: str, found: dict[str, str]) -> None:
    """A tag is a lower-case word in brackets with at most one value; everything else is prompt."""
    assert behaviours.tags(prompt) == found


@given(st.text(), st.integers(1, 4))
def test_any_text_has_a_plan(prompt: str, variants: int) -> None:
    """No prompt, however strange, makes more films than variants or a plan that runs backwards."""
    made = script(prompt, variants=variants)
    ends = [stage.until_s for stage in made.plan.stages]
    assert ends == sorted(ends)
    assert 0 <= made.films <= variants


@pytest.mark.parametrize(
    ("prompt", "failure", "end_s"),
    [
        ("a fox", None, 10),
        ("[takes:67]", None, 67),
        ("[takes:0]", None, 10),
        ("[takes:x]", None, 10),
        ("[moderated:input]", Failure.INPUT_MODERATION, 1.5),
        ("[moderated:output]", Failure.OUTPUT_MODERATION, 10),
        ("[fails] [takes:20]", Failure.INTERNAL, 10),
        ("[fails:unexplained]", Failure.UNEXPLAINED, 5),
    ],
)
def test_plan_ends_as_the_tags_say(prompt: str, failure: Failure | None, end_s: float) -> None:
    """How and when a render ends follows from its prompt."""
    plan = script(prompt).plan
    assert (plan.failure, plan.duration_s) == (failure, end_s)


def test_size_that_cannot_be_made_fails() -> None:
    """Some sizes are accepted and then fail."""
    assert script("a fox", height=1000).plan.failure is Failure.UNSUPPORTED_SIZE


@pytest.mark.parametrize(("prompt", "films"), [("", 4), ("[generations:3]", 3), ("[generations:9]", 4), ("[fails]", 0)])
def test_films_are_as_many_as_asked_for_unless_told(prompt: str, films: int) -> None:
    """A failed render has no films, a partial one fewer than variants, none has more."""
    assert script(prompt, variants=4).films == films


@pytest.mark.parametrize(
    ("prompt", "opening", "is_refused"),
    [
        ("[moderated]", None, True),
        ("[moderated:output]", None, False),
        ("[people]", "a picture", True),
        ("[people]", None, False),
    ],
)
def test_create_is_refused_as_the_tags_say(prompt: str, opening: str | None, *, is_refused: bool) -> None:
    """`[moderated]` always refuses, `[people]` where there is a picture."""
    assert behaviours.is_refused(order(prompt, opening=opening)) is is_refused
