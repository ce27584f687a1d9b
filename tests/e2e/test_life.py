"""Stacks beside each other, refused twice, and gone without a trace."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av

from tests.e2e.conftest import WITHIN_S

CHECKOUT = Path(__file__).parents[2]


def processes_of(state: Path) -> list[str]:
    """The command lines of every process that runs in that folder."""
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except (OSError, ValueError):
            continue
        if any(word.startswith(f"{state}{os.sep}") for word in words):
            found.append(" ".join(words))
    return found


def run(module: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of the programs behind make's targets to its end."""
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", module],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=WITHIN_S + 10,
    )


def test_two_stacks_run_side_by_side_and_ctrl_c_leaves_nothing(
    stack: Any, started: Callable[..., Any], tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    """A second stack takes other ports; Ctrl-C ends it, its processes and its record, and not the first one."""
    with started(tmp_path) as other:
        assert other.record["api"] != stack.record["api"]
        assert other.lab("jobs").returncode == stack.lab("jobs").returncode == 0
        refused = run("local.stack", LAB_STATE=str(tmp_path))
        assert refused.returncode == 1
        assert f"already runs in this checkout: its API is at {other.record['api']}" in refused.stderr
        assert len(processes_of(tmp_path)) == len(other.record["pids"])
        other.process.send_signal(signal.SIGINT)
        assert other.process.wait(60) == 0
        assert not (tmp_path / "stack.json").exists()
        eventually(lambda: not processes_of(tmp_path))
        assert other.output.read_text().endswith("stopped\n")
    assert stack.lab("jobs").returncode == 0


def test_a_killed_stack_takes_its_parts_with_it(
    started: Callable[..., Any], tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    """Killing the supervisor with SIGKILL, even while it starts, leaves no part behind and no lock."""
    with started(tmp_path, until="starting host") as other:
        other.process.kill()
        other.process.wait()
        eventually(lambda: not processes_of(tmp_path))
        assert run("local.stack.idle", LAB_STATE=str(tmp_path)).returncode == 0


def test_idle_refuses_while_a_stack_runs(stack: Any) -> None:
    """Cleaning up under a running stack is refused with its address."""
    result = run("local.stack.idle", LAB_STATE=str(stack.state))
    assert result.returncode == 1
    assert stack.record["api"] in result.stderr


def test_demo_makes_a_video_from_nothing_and_leaves_nothing_running(tmp_path: Path) -> None:
    """The demo writes a video of the asked kind, prints file, link and cost, and stops what it started."""
    state = tmp_path / "state"
    asked = {"PROMPT": 'it\'s a "demo", ünïcode', "SECONDS": "4", "SIZE": "720x1280", "LAB_RENDER_S": "2"}
    result = run("local.demo", LAB_STATE=str(state), OUT=f"{tmp_path}/out", **asked)
    assert result.returncode == 0, result.stderr
    (video,) = (tmp_path / "out").iterdir()
    with av.open(str(video)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (720, 1280)
    for words in (f"file:   {video}", "link:   http://127.0.0.1:", "cost:   $0.40", asked["PROMPT"]):
        assert words in result.stdout
    assert processes_of(state) == []


def test_demo_uses_the_stack_that_runs(stack: Any, tmp_path: Path) -> None:
    """With a stack running, the demo uses it and leaves it running."""
    result = run("local.demo", LAB_STATE=str(stack.state), OUT=f"{tmp_path}/out", PROMPT="a demo beside others")
    assert result.returncode == 0, result.stderr
    assert stack.record["api"] in result.stdout
    assert stack.process.poll() is None


def test_demo_says_why_there_is_no_video(stack: Any, tmp_path: Path) -> None:
    """A demo whose job is refused ends with the reason and exit code 1."""
    for wrong, reason in (({"SECONDS": "5"}, "4, 8 or 12"), ({"PROMPT": "[moderated]"}, "moderat")):
        result = run("local.demo", LAB_STATE=str(stack.state), OUT=f"{tmp_path}/out", **wrong)
        assert (result.returncode, "Traceback" in result.stderr) == (1, False)
        assert reason in result.stderr
