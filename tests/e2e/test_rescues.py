"""The commands that find out and put right, on the running stack."""

import json
import secrets
from typing import Any

CHEAP = ("--model", "sora", "--size", "480x480", "--seconds", "1")


def test_a_job_is_quoted_made_drawn_and_deleted(stack: Any, tmp_path: Any) -> None:
    """A price buys nothing; a record fits its terminal and ends with what it cost; a deleted job is gone."""
    prompt = f"a kite on record {secrets.token_hex(4)}"
    quoted = stack.lab("generate", prompt, *CHEAP, "--quote")
    assert (quoted.returncode, stack.ledger(prompt)) == (0, [])
    assert "480x480, 1 s on " in quoted.stdout
    made = stack.lab("generate", prompt, *CHEAP, "--json", "--out", str(tmp_path))
    job = json.loads(made.stdout)
    drawn = stack.lab("job", job["id"], "--timeline", environment={"COLUMNS": "60"})
    lines = drawn.stdout.splitlines()
    assert max(len(line) for line in lines) <= 60
    assert "admitted" in drawn.stdout
    assert " ■ succeeded " in lines[-1]
    assert job["cost"]["state"] in lines[-1]
    again = stack.lab("retry", job["id"])
    assert (again.returncode, "not_retryable" in again.stderr) == (2, True)
    settled = stack.lab("resolve", job["id"], "--not-charged")
    assert (settled.returncode, "not_disputed" in settled.stderr) == (2, True)
    assert stack.lab("jobs", "--disputed").stderr.strip() == "no jobs"
    assert stack.lab("delete", job["id"], "--assets").stderr.strip() == "1 deleted"
    assert stack.lab("job", job["id"]).returncode == 3
    assert len(stack.ledger(prompt)) == 1


def test_a_lane_is_paused_and_resumed(stack: Any) -> None:
    """A job waits while its only lane is closed, is told so, and is cancelled for nothing."""
    [lane] = [
        lane["id"]
        for pool in json.loads(stack.lab("lanes", "--json").stdout)["models"]
        for lane in pool["lanes"]
        if pool["model"] == "sora"
    ]
    assert "paused" in stack.lab("pause", lane).stdout
    try:
        job = json.loads(stack.lab("generate", "a patient kite", *CHEAP, "--no-watch", "--json").stdout)
        assert (job["state"], job["queue"]["position"], job["eta"]) == ("queued", 1, None)
        assert "sora: 1 waiting" in stack.lab("lanes").stdout
        assert "Nothing was bought." in stack.lab("cancel", job["id"]).stdout
    finally:
        assert "paused" not in stack.lab("resume", lane).stdout


def test_what_nobody_knows_is_not_imported(stack: Any) -> None:
    """A render that the provider does not know is told with its code and the exit code of what is not there."""
    result = stack.lab("import", "task_nowhere")
    assert (result.returncode, "render_unknown" in result.stderr) == (3, True)
