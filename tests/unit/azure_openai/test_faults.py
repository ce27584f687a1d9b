"""The script of a fault, its tags, and the book that says which call it strikes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from local.azure_openai.clock import ManualClock
from local.azure_openai.fault_book import FaultBook, Target
from local.azure_openai.faults import Body, Call, Effect, Fault, RetryAfter, tagged
from local.azure_openai.store import Store

if TYPE_CHECKING:
    from pathlib import Path

LOOK = Target(Call.STATUS, "sora", "a fox", "task_1")


def book(folder: Path | None = None) -> FaultBook:
    """A book on a clock that stands still."""
    return FaultBook(Store(folder), ManualClock())


def hits(of: FaultBook, target: Target, times: int) -> list[bool]:
    """Which of so many calls were struck."""
    return [of.strike(target) is not None for _ in range(times)]


@pytest.mark.parametrize(
    ("tag", "fault"),
    [
        ("[create:lost,seconds=20]", Fault(call=Call.CREATE, effect=Effect.LOST, seconds=20)),
        ("[status:404,skip=1,times=3]", Fault(call=Call.STATUS, effect=Effect.ANSWER, status=404, skip=1, times=3)),
        ("[content:html]", Fault(call=Call.CONTENT, effect=Effect.ANSWER, status=200, body=Body.HTML)),
        (
            "[create:429,retry_after_s=2,retry_after=date,times=all]",
            Fault(
                call=Call.CREATE,
                effect=Effect.ANSWER,
                status=429,
                retry_after_s=2,
                retry_after=RetryAfter.DATE,
                times=None,
            ),
        ),
    ],
)
def test_tag_is_a_fault_for_its_own_prompt(tag: str, fault: Fault) -> None:
    """A tag says what the admin API says in JSON."""
    assert tagged(f"a {tag} fox") == {tag: fault}


@pytest.mark.parametrize(
    "prompt",
    [
        "[create:nonsense]",
        "[create:999]",
        "[list:404]",
        "[create:lost,seconds=-1]",
        "[create:lost,colour=red]",
        "[create:cut,skip]",
        "[status:ignore_range]",
        "[create:state]",
        "[Create:lost]",
    ],
)
def test_tag_that_is_no_fault_is_part_of_the_prompt(prompt: str) -> None:
    """Nothing happens to a prompt for what nobody understands."""
    assert tagged(prompt) == {}


@given(st.text())
def test_any_text_can_be_searched_for_tags(prompt: str) -> None:
    """No prompt is an error."""
    assert isinstance(tagged(prompt), dict)


@pytest.mark.parametrize("wrong", [{"effect": "vanish", "call": "list"}, {"effect": "lost", "color": 1}, {}])
def test_fault_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    """An effect its call cannot have, an unknown field and a missing effect are errors."""
    with pytest.raises(ValidationError):
        Fault.model_validate(wrong)


@pytest.mark.parametrize(
    ("about", "is_hit"),
    [
        ({}, True),
        ({"call": "status", "deployment": "sora", "prompt": "fox", "render": "task_1"}, True),
        ({"call": "create"}, False),
        ({"deployment": "sora-2"}, False),
        ({"prompt": "hare"}, False),
        ({"render": "task_2"}, False),
    ],
)
def test_fault_is_for_the_calls_it_names(about: dict[str, str], *, is_hit: bool) -> None:
    """What is left out matches everything; what is given has to fit, a prompt in part."""
    of = book()
    of.add(Fault.model_validate({"effect": "lost"} | about))
    assert hits(of, LOOK, 1) == [is_hit]


@pytest.mark.parametrize(
    ("how_often", "struck"),
    [
        ({}, [1, 0, 0, 0]),
        ({"skip": 1, "times": 2}, [0, 1, 1, 0]),
        ({"skip": 2, "times": None}, [0, 0, 1, 1]),
    ],
)
def test_fault_strikes_as_often_as_it_says(how_often: dict[str, Any], struck: list[int]) -> None:
    """Some matching calls are spared first, then so many are hit."""
    of = book()
    of.add(Fault.model_validate({"effect": "reset"} | how_often))
    assert hits(of, LOOK, 4) == [bool(one) for one in struck]


def test_luck_is_repeated_by_its_seed() -> None:
    """The same seed hits the same calls, another one others, and about as many as the probability says."""

    def lucky(seed: int) -> list[bool]:
        of = book()
        of.add(Fault(effect=Effect.RESET, times=None, probability=0.3, seed=seed))
        return hits(of, LOOK, 200)

    assert lucky(1) == lucky(1) != lucky(2)
    assert 40 <= sum(lucky(1)) <= 80


def test_fault_of_a_while_ends_with_it() -> None:
    """`for_s` counts from the first matching call."""
    clock = ManualClock()
    of = FaultBook(Store(), clock)
    of.add(Fault(effect=Effect.RESET, times=None, for_s=5))
    assert hits(of, LOOK, 2) == [True, True]
    clock.advance(5)
    assert hits(of, LOOK, 1) == [False]


def test_each_render_meets_its_tags_by_itself() -> None:
    """Two renders of one prompt have the same faults, a create of it only the first time."""
    of = book()
    prompt = "[create:lost] [status:404]"
    assert hits(of, Target(Call.CREATE, "sora", prompt), 2) == [True, False]
    for render in ("task_1", "task_2"):
        assert hits(of, Target(Call.STATUS, "sora", prompt, render), 2) == [True, False]


def test_one_call_is_hit_by_one_fault() -> None:
    """Of several the first that strikes; the others keep their turn for the next call."""
    of = book()
    of.add(Fault(effect=Effect.RESET))
    of.add(Fault(effect=Effect.LOST))
    struck = [of.strike(LOOK) for _ in range(3)]
    assert [one and one.fault.effect for one in struck] == [Effect.RESET, Effect.LOST, None]


def test_faults_and_their_counts_outlive_the_process(tmp_path: Path) -> None:
    """What stands, and how often it was met, is read back; what was removed is not."""
    first = Store(tmp_path)
    of = FaultBook(first, ManualClock())
    stays = of.add(Fault(effect=Effect.RESET, times=3))
    assert of.remove(of.add(Fault(effect=Effect.LOST)))
    assert not of.remove("000009")
    assert hits(of, LOOK, 2) == [True, True]
    first.close()
    again = Store(tmp_path)
    of = FaultBook(again, ManualClock())
    assert [(name, met.struck) for name, (_, met) in of.standing().items()] == [(stays, 2)]
    assert hits(of, LOOK, 2) == [True, False]
    again.close()
