"""Parts that die in the middle of the work."""

import os
import signal
from collections.abc import Callable
from typing import Any

import av

from tests.e2e.conftest import WITHIN_S

CHEAP = ("--model", "sora", "--size", "480x480", "--seconds", "1")


def test_a_killed_host_costs_no_second_render(stack: Any, tmp_path: Any, eventually: Callable[..., Any]) -> None:
    """Killing the host in the middle of a job ends with one render billed, the video stored, and the watcher served."""
    prompt = "a kite that outlives its host [takes:6]"
    before = stack.record
    out = tmp_path / "kite.mp4"
    command = stack.start_lab("generate", prompt, *CHEAP, "--out", str(out))
    eventually(lambda: stack.ledger(prompt))
    os.kill(before["pids"]["host"], signal.SIGKILL)
    _, said = command.communicate(timeout=WITHIN_S + 10)
    assert command.returncode == 0, said
    assert [render["billed"] for render in stack.ledger(prompt)] == [True]
    with av.open(str(out)) as container:
        assert container.streams.video[0].width == 480
    after = stack.record
    assert after["api"] == before["api"]
    assert after["pids"]["host"] != before["pids"]["host"]
    assert "host died (killed by SIGKILL" in stack.output.read_text()


def test_a_killed_emulator_is_started_again(stack: Any, tmp_path: Any, eventually: Callable[..., Any]) -> None:
    """A provider that was away for a moment is there again at the same address, and jobs go on."""
    before = stack.record
    os.kill(before["pids"]["emulator"], signal.SIGKILL)
    eventually(lambda: "emulator answers again" in stack.output.read_text())
    assert stack.record["emulator"] == before["emulator"]
    result = stack.lab("generate", "a kite after the emulator", *CHEAP, "--out", f"{tmp_path}/")
    assert result.returncode == 0, result.stderr
