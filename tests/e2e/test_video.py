"""From a prompt to a file that plays."""

import json
import os
import pty
import select
import subprocess
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import av
import pytest

PROMPT = "a paper boat in the rain"


def job_of(result: Any) -> dict[str, Any]:
    """The job that the command printed with --json; fails with what it said instead."""
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def job(stack: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A finished job with its file."""
    out = f"{tmp_path_factory.mktemp('out')}/"
    return job_of(stack.lab("generate", PROMPT, "--seconds", "4", "--size", "720x1280", "--out", out, "--json"))


def test_generate_writes_a_video_that_plays(job: dict[str, Any]) -> None:
    """The file has the asked size, duration and sound, and every frame can be read."""
    (file,) = job["files"]
    with av.open(file) as container:
        video = container.streams.video[0]
        assert (video.width, video.height) == (720, 1280)
        assert container.duration == pytest.approx(4 * av.time_base, rel=0.02)
        assert len(container.streams.audio) == 1
        frames = sum(1 for _ in container.decode(video))
    assert frames == round(4 * float(video.average_rate or 0))


def test_a_finished_job_tells_what_it_made_and_cost(stack: Any, job: dict[str, Any]) -> None:
    """The job's document agrees with the file, and the provider has billed it once."""
    (generation,) = job["generations"]
    assert generation["bytes"] == Path(job["files"][0]).stat().st_size
    assert (generation["width"], generation["height"], generation["has_audio"]) == (720, 1280, True)
    assert (job["state"], job["cost"]) == ("succeeded", {"usd": "0.40", "state": "settled"})
    assert [render["billed"] for render in stack.ledger(PROMPT)] == [True]


def test_download_fetches_a_job_or_a_generation_again(stack: Any, job: dict[str, Any], tmp_path: Path) -> None:
    """The same bytes come by the job's id and by the generation's."""
    (generation,) = job["generations"]
    for name, out in ((job["id"], "one.mp4"), (generation["id"], "two.mp4")):
        result = stack.lab("download", name, "--out", str(tmp_path / out))
        assert result.returncode == 0, result.stderr
        assert (tmp_path / out).read_bytes() == Path(job["files"][0]).read_bytes()


def test_link_works_with_plain_curl_until_it_expires(
    stack: Any, job: dict[str, Any], tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    """A link needs nothing but itself, names the file, and is refused after its expiry."""
    (generation,) = job["generations"]
    key = f"x-functions-key: {stack.record['api_key']}"
    asked = curl("-H", key, f"{generation['links']['content']}?redirect=false")
    link = json.loads(asked)
    assert curl("-o", str(tmp_path / "v.mp4"), "-w", "%{http_code} %{content_type}", link["url"]) == "200 video/mp4"
    assert (tmp_path / "v.mp4").read_bytes() == Path(job["files"][0]).read_bytes()
    assert "filename" in curl("-I", link["url"]).lower()
    eventually(lambda: datetime.fromisoformat(link["expires_at"]).timestamp() < time.time() - 1)
    assert curl("-o", os.devnull, "-w", "%{http_code}", link["url"]) == "403"


def test_content_redirects_to_the_link(stack: Any, job: dict[str, Any]) -> None:
    """Whoever follows redirects gets the video from the content address itself."""
    (generation,) = job["generations"]
    key = f"x-functions-key: {stack.record['api_key']}"
    told = curl(
        "-L", "-o", os.devnull, "-w", "%{http_code} %{size_download}", "-H", key, generation["links"]["content"]
    )
    assert told == f"200 {generation['bytes']}"


def test_variants_are_files_of_their_own(stack: Any, tmp_path: Path) -> None:
    """A job of two variants over the jobs API writes two numbered files."""
    out = tmp_path / "cat.mp4"
    asked = ("--model", "sora", "--size", "480x480", "--seconds", "1", "--variants", "2")
    job = job_of(stack.lab("generate", "two cats", *asked, "--out", str(out), "--json"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cat-0.mp4", "cat-1.mp4"]
    assert len(job["generations"]) == 2


def test_a_prompt_may_come_from_standard_input_and_begin_with_a_dash(stack: Any) -> None:
    """What comes in through `-` or after `--` is the prompt as it is, in any script."""
    cheap = ("--model", "sora", "--size", "480x480", "--seconds", "1", "--no-watch", "--json")
    piped = job_of(stack.lab("generate", "-", *cheap, said="  eine Straße, 東京\n"))
    assert piped["prompt"] == "eine Straße, 東京"
    dashed = job_of(stack.lab("generate", *cheap, "--", "--a dash, and another-"))
    assert dashed["prompt"] == "--a dash, and another-"


def test_a_terminal_shows_a_bar(stack: Any, tmp_path: Path) -> None:
    """On a terminal the progress is one live line with state, bar, percent and elapsed time."""
    terminal, end = pty.openpty()
    asked = ("--model", "sora", "--size", "480x480", "--seconds", "1", "--out", f"{tmp_path}/")
    command = stack.start_lab("generate", "a kite on a terminal", *asked, stderr=end)
    os.close(end)
    shown = _all_of(terminal)
    assert command.wait(30) == 0, shown
    for word in ("running", "succeeded", "━", "100 %", "0:0"):
        assert word in shown


def _all_of(terminal: int) -> str:
    """Everything that is written to the terminal until its last writer closes it."""
    shown = b""
    while select.select([terminal], [], [], 90)[0]:
        try:
            shown += os.read(terminal, 65536)
        except OSError:  # Linux's way to say that nobody writes any more
            break
    os.close(terminal)
    return shown.decode()


def curl(*arguments: str) -> str:
    """What curl prints."""
    return subprocess.run(  # noqa: S603 - curl is what users have
        ["curl", "--silent", "--show-error", "--max-time", "30", *arguments],  # noqa: S607 - wherever it is
        check=True,
        capture_output=True,
        text=True,
    ).stdout
