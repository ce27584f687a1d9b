"""The stand-in against the facts, and the program that compares them against itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance import differences, facts
from tests.conformance.__main__ import stand_in
from tests.conformance.compare import differences as places
from tests.conformance.differences import ACCEPTED
from tests.conformance.normal import Normal
from tests.conformance.run import Report, run, unused
from tests.conformance.scenes.table import GROUPS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "functions-host.md"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """What came of all facts on the stand-in."""
    with stand_in(tmp_path_factory.mktemp("conformance") / "state") as target:
        return run(target)


def test_stand_in_answers_as_the_real_host(report: Report) -> None:
    """Every answer equals what the real host gave, but for the accepted differences."""
    assert report.failures() == []
    assert len(list(report.outcomes())) >= 430


def test_program_can_be_pointed_at_any_host(tmp_path: Path) -> None:
    """Address and master key are enough; a wrong key and a host that is not there are one line each."""

    def said(*options: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "tests.conformance", "--only", "http-admin", *options]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own program
        return ended.returncode, (ended.stderr or ended.stdout).strip()

    with stand_in(tmp_path / "state") as target:
        code, told = said("--url", f"{target.url}/", "--key", target.keys["master"])
        count = sum("http-admin" in trace for trace in facts.of_group("http"))
        assert (code, told.splitlines()[-1].split(" facts")[0], told.endswith(" 0 failures")) == (0, str(count), True)
        refused = said("--url", target.url, "--key", target.keys["function"])
        assert refused == (
            1,
            f"conformance: {target.url}/admin/host/keys answers 403; --key must be its master key",
        )
    code, told = said("--url", target.url, "--key", "any")
    assert (code, len(told.splitlines()), "does not answer" in told) == (1, 1, True)


def test_accepted_differences_are_all_met(report: Report) -> None:
    """A difference that is listed but no longer there must leave the list."""
    assert unused(report) == []


def test_accepted_differences_are_documented() -> None:
    """Every reason stands in docs/functions-host.md, word for word."""
    page = " ".join(PAGE.read_text().split())
    assert [accepted.reason for accepted in ACCEPTED if accepted.reason not in page] == []


def test_every_fact_has_its_scene() -> None:
    """Facts and scenes name the same traces."""
    assert {group: list(facts.of_group(group)) for group in GROUPS} == {
        group: list(scenes) for group, scenes in GROUPS.items()
    }


@pytest.mark.parametrize(
    ("expected", "found", "where"),
    [
        ({"a": 1}, {"a": 1.0}, ["b.a"]),
        ({"a": None}, {}, ["b.a"]),
        ({}, {"a": None}, ["b.a"]),
        ({"a": 1, "c": 2}, {"c": 2, "a": 1}, ["b{order}"]),
        ([{"a": [1, 2]}], [{"a": [1, 3]}], ["b[0].a[1]"]),
        ([1], [1, 2], ["b"]),
        (True, 1, ["b"]),
        ({"a": [1]}, {"a": [1]}, []),
    ],
)
def test_comparison_names_every_place(expected: object, found: object, where: list[str]) -> None:
    """Types, missing and surplus fields and the order of fields count."""
    assert [place.path for place in places(expected, found, "b")] == where


def test_marks_keep_the_relations_of_ids() -> None:
    """One id always becomes one mark, and different ids different ones."""
    one, other = "0ad062fb-05ed-58ea-81c8-3c527ca83956", "88e24b54-1eab-59ca-a7c0-4f67f9c2642a"
    assert Normal().body([one, f"{other}:2", f"{one}:0"]) == ["<guid 1>", "<guid 2>:2", "<guid 1>:0"]


def test_marks_keep_what_tells_times_apart() -> None:
    """The zone of a time stays, and where whole seconds are promised, a fraction shows."""
    time = "2026-11-22T19:24:01.5Z"
    assert Normal().body({"createdTime": time, "Timestamp": time}) == {
        "createdTime": "<time.5Z>",
        "Timestamp": "<timeZ>",
    }


def test_table_covers_only_what_it_names() -> None:
    """An accepted place is accepted for its trace alone."""
    accepted = differences.Accepted("a-*", ("body.x[2]", "headers.*"), "why")
    assert accepted.covers("a-b", "body.x[2]")
    assert accepted.covers("a-b", "headers.location")
    assert not accepted.covers("b", "body.x[2]")
    assert not accepted.covers("a-b", "body.x2")
