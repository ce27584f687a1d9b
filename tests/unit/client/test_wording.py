"""What the command says about jobs, times, sizes and money."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from client.errors import LabError, Problem
from client.models import Cost, Generation, Job, LabStatus
from client.wording import (
    clock_line,
    duration,
    error_lines,
    file_size,
    job_lines,
    money,
    one_line,
    problem_lines,
    progress_line,
    status_lines,
    video_line,
)

START = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def job(**fields: Any) -> Job:
    """A job with these fields."""
    return Job.model_validate({"id": "job_1", "state": "running", "created_at": START.isoformat(), **fields})


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"state": "queued", "progress": 0, "queue": {"position": 3, "ahead": 2}}, "queued · position 3"),
        ({"state": "running", "progress": None}, "running"),
        ({"state": "running", "progress": 42}, "running · 42 %"),
        ({"state": "running", "progress": 42, "overdue": True}, "running · 42 % · overdue"),
        ({"state": "an added one"}, "an added one"),
    ],
)
def test_progress_line_tells_state_percent_and_place(fields: dict[str, Any], line: str) -> None:
    """A line of progress holds the state and whatever is known about it, and no clock."""
    assert progress_line(job(**fields)) == line


def test_clock_line_tells_elapsed_and_what_is_left() -> None:
    """Elapsed time is counted from when the job was made; what is left comes from the prediction."""
    waiting = job(eta={"at": (START + timedelta(seconds=50)).isoformat()})
    assert clock_line(waiting, START + timedelta(seconds=20)) == "0:20 · about 0:30 left"
    assert clock_line(waiting, START + timedelta(seconds=60)) == "1:00 · any moment now"


def test_clock_line_tells_a_band_where_it_says_more() -> None:
    """A job that waits or renders is told between which times it probably is done."""
    times = {"at": 50, "earliest": 30, "latest": 90}
    eta = {name: (START + timedelta(seconds=seconds)).isoformat() for name, seconds in times.items()}
    waiting = job(state="queued", queue={"position": 3, "ahead": 2}, eta=eta)
    assert clock_line(waiting, START) == "position 3 · 0:00 · about 0:50 left (0:30 to 1:30)"
    alike = job(eta=eta | {"earliest": eta["at"], "latest": eta["at"]})
    assert clock_line(alike, START) == "0:00 · about 0:50 left"


def test_problem_of_a_job_begins_with_what_it_is() -> None:
    """A job's problem has a title in our words, then the detail, the money and the advice."""
    told = {
        "title": "The model was retired",
        "detail": "see the timeline",
        "money": "none",
        "advice": "Choose another.",
    }
    assert problem_lines(Problem.model_validate(told | {"code": "provider_retired"})) == [
        "The model was retired: see the timeline [provider_retired]",
        "  Nothing was bought.",
        "  Choose another.",
    ]


def test_clock_line_of_an_ended_job_stands_still() -> None:
    """The time of a job that has ended is how long it took, whenever one looks."""
    ended = job(state="succeeded", finished_at=(START + timedelta(seconds=90)).isoformat())
    assert clock_line(ended, START + timedelta(days=3)) == "1:30"


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03")]
)
def test_duration_reads_as_a_clock(seconds: float, text: str) -> None:
    """Seconds are written as a clock, and a clock that is off never makes them negative."""
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1843200, "1.8 MB"), (2_500_000_000_000, "2500.0 GB")]
)
def test_file_size_uses_the_largest_unit_that_fits(count: int, text: str) -> None:
    """Bytes are written in the largest unit of which there is at least one."""
    assert file_size(count) == text


def test_money_never_shows_an_unknown_price_as_zero() -> None:
    """A price that is not known is said to be unknown."""
    assert money(None) == "cost unknown"
    assert money(Cost(usd=None, state="reserved")) == "cost unknown"
    assert money(Cost.model_validate({"usd": "0.80", "state": "settled"})) == "$0.80 (settled)"


def test_video_line_leaves_out_what_is_unknown() -> None:
    """A video is described by what is known of it."""
    known = {"id": "g", "width": 1280, "height": 720, "seconds": 8.0, "bytes": 1843200, "has_audio": True}
    assert video_line(Generation.model_validate(known)) == "1280x720, 8.0 s, 1.8 MB, with sound"
    assert video_line(Generation(id="g")) == ""


def test_problem_lines_name_the_code_the_pointers_and_the_money() -> None:
    """A problem tells what was wrong, where, whether money is gone, and what to do next."""
    problem = Problem.model_validate(
        {
            "detail": "the request is not valid",
            "code": "validation_failed",
            "errors": [{"pointer": "/size", "detail": "9x9 is not one of 1280x720"}],
            "money": "may_be_spent",
            "advice": "Correct it.",
        }
    )
    assert problem_lines(problem) == [
        "the request is not valid [validation_failed]",
        "  /size: 9x9 is not one of 1280x720",
        "  A render may have been paid for.",
        "  Correct it.",
    ]


def test_error_lines_name_the_setting_of_a_missing_key() -> None:
    """Who is turned away for the key is told which setting holds it."""
    lines = error_lines(LabError(401, Problem(title="Unauthorized")), "http://lab/api/v1")
    assert "LAB_KEY" in lines[-1]


def test_error_lines_doubt_the_address_when_404_is_not_a_problem_document() -> None:
    """A 404 without a code comes from something that is not a lab, so the address is doubted and not the id."""
    assert "/api/v1" in error_lines(LabError(404, Problem(title="Not Found")), "http://lab")[-1]
    assert len(error_lines(LabError(404, Problem(title="x", code="not_found")), "http://lab")) == 1


def test_one_line_takes_the_control_characters_out_of_a_prompt() -> None:
    """A prompt can neither break a table nor move the cursor."""
    assert one_line("a\n\tb\x1b[2Jc", 40) == "a b [2Jc"
    assert one_line("x" * 50, 10) == "x" * 9 + "…"


def test_job_lines_tell_everything_of_a_failed_job() -> None:
    """A failed job's description holds its prompt, what was asked, its cost and its problem."""
    failed = job(
        state="failed",
        prompt="a kite",
        model="sora-2",
        size="1280x720",
        seconds=4,
        cost={"usd": "0", "state": "released"},
        problem={"code": "moderated_input", "title": "Refused", "detail": "the prompt was refused"},
    )
    text = "\n".join(job_lines(failed, START))
    for part in ("job_1  failed", "a kite", "sora-2, 1280x720, 4 s", "$0.00 (released)", "[moderated_input]"):
        assert part in text


def test_status_lines_say_what_is_missing() -> None:
    """A lab that is not ready says which settings are wrong, and what storage answered."""
    status = LabStatus.model_validate(
        {
            "version": "0.2.0",
            "ready": False,
            "faults": [{"setting": "SORA_ENDPOINT", "message": "is not set"}],
            "storage": {"reachable": False, "detail": "refused"},
            "models": [
                {
                    "model": "sora",
                    "offers": [{"sizes": ["480x480"], "seconds": [1, 2, 3]}, {"sizes": ["854x480"], "seconds": [4, 8]}],
                    "lanes": [{"name": "sora-1", "max_in_flight": 2, "warning": "retires soon"}],
                }
            ],
        }
    )
    assert status_lines(status) == [
        "not ready, version 0.2.0",
        "  storage: refused",
        "  SORA_ENDPOINT: is not set",
        "  sora  480x480 for 1 to 3 s; 854x480 for 4, 8 s",
        "    sora-1: price unknown, 2 at once, retires soon",
    ]
