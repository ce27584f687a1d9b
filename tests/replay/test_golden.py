"""Jobs that an earlier release started go on under the present code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.functions_host import history as ev
from local.functions_host.decisions import Ended
from shared.version import VERSION
from tests.replay import golden
from tests.replay.stage import functions, replayed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_OUTBOUND = ev.TaskScheduled | ev.TimerCreated
BREAKS = """
{story}, as version {version} told it in "{course}", breaks after {after}:
  {why}
Every job that {version} has at this point when this code is deployed would fail, and stand still for two minutes
until the sweeper tells its story anew. Choose (docs/operate.md, "Upgrade with jobs running"):
- keep the old path: what a history holds must be asked for again in the same order; add at the end, not in between;
- or deploy when no such job runs: pause the lanes, wait until nothing is running, deploy, resume;
- or, when version {version} was replaced everywhere more than 24 hours ago, delete tests/replay/golden/{version}.
"""
STALE = """
The code tells "{course}" otherwise than tests/replay/golden/{version}. If {version} is not released yet, run
`make golden-histories` and review the difference. If it is, raise the version first: its histories stay as they are.
"""


def _golden() -> list[Path]:
    return sorted(golden.FOLDER.glob("*/*.json"))


@pytest.mark.parametrize("file", _golden(), ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_running_jobs_of_a_release_go_on(file: Path) -> None:
    """The present code can replay every history, cut after every step, that a released version may have left."""
    story, executions = golden.read(file)
    for execution in executions:
        for n, step in enumerate(execution.steps):
            past = [event for before in execution.steps[:n] for event in before]
            new = [event for event in step[:-1] if not isinstance(event, _OUTBOUND | ev.ExecutionCompleted)]
            _, decision = replayed(story, execution.input, past, new)
            is_last = n == len(execution.steps) - 1
            failed = isinstance(decision.end, Ended) and decision.end.status == "Failed"
            if failed and not (is_last and decision.end == execution.end):
                pytest.fail(_told(file, story, new, str(getattr(decision.end, "result", ""))), pytrace=False)
            gone = [
                event.name for event in step if isinstance(event, ev.TaskScheduled) and event.name not in functions()
            ]
            if gone:
                pytest.fail(_told(file, story, new, f"{gone[0]} is not registered any more"), pytrace=False)


def _told(file: Path, story: str, new: Sequence[ev.Event], why: str) -> str:
    after = ", ".join(type(event).__name__ for event in new if not isinstance(event, ev.StepStarted))
    return BREAKS.format(story=story, version=file.parent.name, course=file.stem, after=after, why=why.splitlines()[0])


def test_histories_of_this_release_are_written_down() -> None:
    """What the present code makes of every course is what is committed for the present version."""
    written = {file.name: file.read_text() for file in _golden() if file.parent.name == VERSION}
    now = dict(golden.played())
    for name in sorted(now.keys() | written.keys()):
        if now.get(name) != written.get(name):
            pytest.fail(STALE.format(course=name, version=VERSION), pytrace=False)
