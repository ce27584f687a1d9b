"""The README's commands, as they stand there, against the running stack. `make test` and `make demo` are what runs this
file and what test_video.py covers; that each `make` target exists is a unit test.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import WITHIN_S

_ROOT = Path(__file__).parents[2]
_BLOCKS = re.findall(r"```sh\n(.*?)```", (_ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
_LINES = [line for block in _BLOCKS for line in block.splitlines() if line.strip()]
_HERE = [line for line in _LINES if line.startswith(("lab ", "curl "))]
_ELSEWHERE = [line for line in _LINES if line not in _HERE]


def test_no_command_is_left_out() -> None:
    """Whatever the README tells to type is run here, or is `make`, or steps into the environment."""
    assert _HERE
    assert [line for line in _ELSEWHERE if " make " not in f" {line} " and line != ". .venv/bin/activate"] == []


@pytest.mark.parametrize("line", _HERE)
def test_command_works_as_it_stands(stack: Any, tmp_path: Path, line: str) -> None:
    """A command of the README, pasted into a shell, does its work: exit code 0 and something to read."""
    environment = os.environ | {
        "LAB_URL": stack.record["api"],
        "LAB_KEY": stack.record["api_key"],
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(  # noqa: S602 - the README's words are ours
        line,
        shell=True,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=WITHIN_S - 10,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "problem:" not in done.stdout
    assert done.stdout or done.stderr
    if "--out out" in line:
        assert [file.suffix for file in (tmp_path / "out").iterdir()] == [".mp4"], shlex.split(line)
