"""How the `lab` command fails: exit codes and sentences, never a traceback."""

import json
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.conftest import WITHIN_S

CHEAP = ("--model", "sora", "--size", "480x480", "--seconds", "1")
UNKNOWN = "job_01JGZZZZZZZZZZZZZZZZZZZZZZ"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("generate", "a kite", "--seconds", "5"), 2, ["validation_failed", "seconds", "4, 8 or 12"]),
        (("generate", "a kite", "--size", "9x9"), 2, ["validation_failed", "/size"]),
        (("generate", "a kite", "--model", "nope"), 2, ["/model", "sora-2"]),
        (("generate", "  "), 2, ["validation_failed", "/prompt"]),
        (("job", UNKNOWN), 3, ["not_found"]),
        (("job", "../env/status"), 3, ["not_found"]),
        (("cancel", UNKNOWN), 3, ["not_found"]),
        (("download", UNKNOWN), 3, ["not_found"]),
        (("download", "gen_nothing_0"), 3, ["not_found"]),
    ],
)
def test_a_wrong_request_is_explained(stack: Any, arguments: tuple[str, ...], code: int, words: list[str]) -> None:
    """What is wrong is named, with what is allowed, and the exit code says which kind it is."""
    result = stack.lab(*arguments)
    assert (result.returncode, result.stdout) == (code, "")
    for word in words:
        assert word in result.stderr


def test_a_wrong_key_is_explained(stack: Any) -> None:
    """A key that is not accepted is exit code 4, and the setting that holds it is named."""
    result = stack.lab("jobs", environment={"LAB_KEY": "wrong"})
    assert result.returncode == 4
    assert "LAB_KEY" in result.stderr


def test_a_lab_that_is_not_there_is_explained(stack: Any) -> None:
    """An address without a lab is exit code 5, with the address."""
    result = stack.lab("jobs", environment={"LAB_URL": "http://127.0.0.1:9/api/v1"})
    assert result.returncode == 5
    assert "127.0.0.1:9" in result.stderr


def test_a_refused_prompt_is_a_failed_job(stack: Any) -> None:
    """A job that fails is exit code 1, with its reason; nothing is billed."""
    result = stack.lab("generate", "something [moderated]", *CHEAP)
    assert result.returncode == 1
    assert "moderated_input" in result.stdout + result.stderr
    assert [render for render in stack.ledger("something [moderated]") if render["billed"]] == []


def test_without_a_terminal_each_change_is_a_line(stack: Any, tmp_path: Any) -> None:
    """In a pipe the progress is plain lines, none twice, and the result is on standard output alone."""
    command = stack.start_lab("generate", "a kite in a pipe", *CHEAP, "--out", f"{tmp_path}/")
    result, said = command.communicate(timeout=WITHIN_S)
    lines = said.splitlines()
    assert command.returncode == 0
    assert lines[0].endswith("accepted")
    assert any("succeeded" in line for line in lines)
    assert len(set(lines)) == len(lines)
    assert "\x1b" not in said
    assert result.startswith(str(tmp_path))


def test_the_same_idempotency_key_is_the_same_job(stack: Any) -> None:
    """Repeating a command with its key buys nothing twice; another request with that key is refused."""
    asked = (*CHEAP, "--no-watch", "--json", "--idempotency-key", "e2e-once")
    first, second = (json.loads(stack.lab("generate", "once only", *asked).stdout) for _ in range(2))
    assert first["id"] == second["id"]
    other = stack.lab("generate", "something else", *asked)
    assert (other.returncode, "idempotency_key_reused" in other.stderr) == (2, True)


def test_ctrl_c_leaves_the_job_alone_and_says_so(stack: Any, eventually: Callable[..., Any]) -> None:
    """Interrupting the watch does not end the job; the command that shows it again works."""
    prompt = "an interrupted kite [takes:4]"
    command = stack.start_lab("generate", prompt, *CHEAP)
    eventually(lambda: stack.ledger(prompt))
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=30)
    assert command.returncode == 130
    hint = said.strip().splitlines()[-1]
    assert "goes on" in hint
    again = stack.lab(*hint.split("lab ")[-1].split())
    assert again.returncode == 0, again.stderr
    assert "succeeded" in again.stdout


def test_cancel_ends_a_job(stack: Any) -> None:
    """A cancelled job is told as cancelled; cancelling what has ended is refused with its reason."""
    asked = ("generate", "a cancelled kite [takes:60]", *CHEAP, "--no-watch", "--json")
    job_id = json.loads(stack.lab(*asked).stdout)["id"]
    assert stack.lab("cancel", job_id).returncode == 0
    watched = stack.lab("job", job_id, "--watch")
    assert (watched.returncode, "cancelled" in watched.stdout) == (1, True)
    again = stack.lab("download", job_id)
    assert again.returncode == 1
    assert "cancelled" in again.stderr


def test_jobs_lists_what_was_asked_newest_first(stack: Any) -> None:
    """The list holds the newest job on top, and takes a state to filter by."""
    asked = ("generate", "the newest kite", *CHEAP, "--no-watch", "--json")
    newest = json.loads(stack.lab(*asked).stdout)["id"]
    lines = stack.lab("jobs", "--limit", "2").stdout.splitlines()
    assert lines[0].startswith(newest)
    assert len(lines) == 2
    stack.lab("job", newest, "--watch")
    done = json.loads(stack.lab("jobs", "--state", "succeeded", "--limit", "1", "--json").stdout)
    assert [job["id"] for job in done] == [newest]


def test_status_tells_that_the_lab_is_ready(stack: Any) -> None:
    """A lab that is set up says so, with its models; no secret is shown."""
    result = stack.lab("status")
    assert result.returncode == 0
    assert result.stdout.startswith("ready, version ")
    assert "sora-2" in result.stdout
    assert stack.record["api_key"] not in stack.lab("status", "--json").stdout


def test_a_file_that_cannot_be_written_is_explained(stack: Any) -> None:
    """A file that cannot be written is told with its reason."""
    asked = ("generate", "a kite for nowhere", *CHEAP, "--out", f"{os.devnull}/videos/")
    result = stack.lab(*asked)
    assert result.returncode == 2
    assert "cannot write" in result.stderr
