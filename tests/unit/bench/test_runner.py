"""Rules of the bench's frame: what a figure's verdict is, and what the runner makes of it."""

import io
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from rich.console import Console

from bench.__main__ import ROOT, known, run
from bench.figure import Figure, number


@pytest.mark.parametrize(
    ("figure", "holds", "bar"),
    [
        (Figure("a", 2, at_most=2), True, "≤ 2"),
        (Figure("a", 2.01, at_most=2), False, "≤ 2"),
        (Figure("a", 0.8, at_least=0.8), True, "≥ 0.8"),
        (Figure("a", 0.79, at_least=0.8), False, "≥ 0.8"),
        (Figure("a", 1e9), True, ""),
    ],
)
def test_a_figure_holds_up_to_its_bar(figure: Figure, holds: bool, bar: str) -> None:  # noqa: FBT001 - a table's column
    """A value on its bar keeps it, one beyond it does not, and one without a bar always holds."""
    assert (figure.holds, figure.bar) == (holds, bar)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (12_340.6, "12,341"), (123.4, "123"), (12.34, "12.3"), (2, "2"), (0.012345, "0.0123")],
)
def test_a_number_shows_the_digits_that_matter(value: float, text: str) -> None:
    """Three digits are shown, all of a large number, and never an exponent."""
    assert number(value) == text


def _well() -> Iterable[Figure]:
    yield Figure("good", 1, "ms", at_most=2)


def _missed() -> Iterable[Figure]:
    yield Figure("bad", 3, "ms", at_most=2)


def _broken() -> Iterable[Figure]:
    raise RuntimeError("no Azurite here")


def test_the_runner_says_whether_all_bars_were_kept(tmp_path: Path) -> None:
    """A missed bar and a subject that raises both count as missed, and the others are measured all the same."""
    told, result = io.StringIO(), tmp_path / "new" / "bench.json"
    console = Console(file=told, width=120)
    assert run({"well": _well}, console, result)
    assert not run({"missed": _missed}, console, result)
    assert not run({"broken": _broken, "well": _well}, console, result)
    assert "no Azurite here" in told.getvalue()
    assert json.loads(result.read_text())["subjects"] == {
        "well": [{"name": "good", "value": 1, "unit": "ms", "at_most": 2, "at_least": None, "holds": True}]
    }


def test_every_subject_is_explained() -> None:
    """Every subject has a section in bench/README.md, and every section there a subject."""
    text = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
    sections = {line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")}
    assert sections - {"Add a subject"} == set(known())
