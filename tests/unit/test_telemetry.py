"""Rules of what leaves the process for operators: numbers and ids, and neither secrets nor users' words."""

import logging
import re
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared import config, job_telemetry, telemetry
from shared.models.job import Job, JobState
from shared.models.problem import Code, job_problem

_ROOT = Path(__file__).parents[2]
_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing told yet, and the settings read anew."""
    monkeypatch.setattr(telemetry, "_series", {})
    config.configuration.cache_clear()


@pytest.fixture(name="job")
def _job() -> Job:
    return Job(
        id="job_01K00000000000000000000000",
        owner="somebody",
        state=JobState.RUNNING,
        prompt="a secret garden",
        model="sora-2",
        size="1280x720",
        seconds=4,
        variants=1,
        priority="normal",
        metadata={},
        deadline_at=_NOW,
        created_at=_NOW,
        updated_at=_NOW,
        cost_usd=Decimal("0.40"),
    )


def _told() -> dict[str, tuple[int, float]]:
    return {name: (series.count, series.total) for name, _, series in telemetry.summary()}


def test_end_of_a_job_is_told_once(job: Job) -> None:
    """A job that ends is counted with its state and code and its money when settled; another change of it is not."""
    problem = job_problem(Code.RENDER_GONE, "gone", money="spent")
    ended = job.changed(_NOW, state=JobState.FAILED, cost_state="settled", problem=problem)
    job_telemetry.changed(job, ended)
    job_telemetry.changed(ended, ended.changed(_NOW, deleted_at=_NOW))
    assert _told() == {"lab.jobs.ended": (1, 1), "lab.spend": (1, 0.4)}
    (labels,) = [labels for name, labels, _ in telemetry.summary() if name == "lab.jobs.ended"]
    assert labels == {"model": "sora-2", "state": "failed", "code": Code.RENDER_GONE}


def test_seen_render_is_told_with_its_delays(job: Job) -> None:
    """Looks, how late the end was seen by the provider's clock, and how far the forecast before it was off."""
    job_telemetry.rendered(job, 7, _NOW, _NOW + timedelta(seconds=4), forecast=_NOW + timedelta(seconds=9))
    assert _told() == {
        "lab.jobs.detection_delay": (1, 4.0),
        "lab.jobs.eta_error": (1, 9.0),
        "lab.jobs.looks": (1, 7),
    }


def test_empty_queue_is_told_too() -> None:
    """Each sweep tells of a queue, an empty one as well: silence means that the sweeper is silent."""
    job_telemetry.queue("sora-2", [], _NOW)
    job_telemetry.queue("sora-2", [_NOW - timedelta(seconds=90), _NOW], _NOW)
    assert _told() == {"lab.queue.waiting": (2, 2), "lab.queue.oldest": (2, 90.0)}


@pytest.mark.parametrize(("switch", "is_told"), [("false", False), ("true", True)])
def test_prompts_stay_unless_switched_on(
    switch: str, *, is_told: bool, job: Job, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A prompt is in no line and no field of the log, except where TELEMETRY_PROMPTS says so."""
    monkeypatch.setenv("TELEMETRY_PROMPTS", switch)
    with caplog.at_level(logging.INFO, "lab"):
        job_telemetry.taken_in(job)
    (line,) = caplog.records
    assert vars(line)["job_id"] == job.id
    assert ("secret garden" in str(vars(line))) is is_told


@pytest.mark.parametrize(
    "text",
    [
        "GET https://x.blob.core.windows.net/videos/a.mp4?sv=2024&sig=SECRET%2Fabc&se=1 failed",
        "headers: {'api-key': 'SECRET'}",
        "Authorization: Bearer SECRET",
        "http://host/runtime/webhooks?code=SECRET&x=1",
    ],
)
def test_secrets_are_taken_out(text: str) -> None:
    """Signatures, keys and tokens do not leave the process, whatever the line is about."""
    assert "SECRET" not in telemetry.redacted(text)
    assert telemetry.redacted("job running: looks=3") == "job running: looks=3"


def test_labels_are_bounded() -> None:
    """Endless labels cannot fill the memory of a process."""
    for n in range(2000):
        telemetry.record("lab.jobs.submitted", model=f"m{n}")
    assert len(telemetry.summary()) == 500


def test_nothing_is_exported_unless_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a connection string no thread is started and nothing is imported."""
    monkeypatch.delenv("APPLICATIONINSIGHTS_CONNECTION_STRING", raising=False)
    assert telemetry.start() is None


def test_telemetry_that_cannot_start_leaves_the_app_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong connection string is a line in the log; numbers go on being summed up."""
    monkeypatch.setenv("APPLICATIONINSIGHTS_CONNECTION_STRING", "nonsense")
    thread = telemetry.start()
    assert thread is not None
    thread.join(60)
    assert "telemetry could not be started" in caplog.text
    telemetry.record("lab.jobs.submitted", model="sora-2")
    assert _told() == {"lab.jobs.submitted": (1, 1)}


def test_money_that_comes_on_top_is_told(job: Job) -> None:
    """A second render that surfaces is spend as well, by what it adds; an import that cost nothing is none."""
    settled = job.changed(_NOW, cost_state="settled")
    job_telemetry.changed(settled, settled.changed(_NOW, cost_usd=Decimal("0.80")))
    job_telemetry.changed(job, job.changed(_NOW, cost_state="settled", cost_usd=Decimal(0)))
    assert _told() == {"lab.spend": (1, 0.4)}


def test_a_lane_is_told_every_minute() -> None:
    """A sweep tells of a lane's slots, and of its need for a person as long as it has one."""
    job_telemetry.lane("sora-2", "main", in_flight=2, needs_attention=True)
    job_telemetry.lane("sora-2", "main", in_flight=0, needs_attention=False)
    assert _told() == {"lab.lane.in_flight": (2, 2), "lab.lane.attention": (1, 1)}


def test_secrets_of_an_exception_are_taken_out() -> None:
    """An exception that names a signed link is told without the signature; another one stays an exception."""
    told = [_line(ConnectionError("https://x/a.mp4?sig=SECRET")), _line(ConnectionError("refused"))]
    assert [line.exc_info is None for line in told] == [True, False]
    assert "SECRET" not in told[0].getMessage()
    assert "ConnectionError: https://x/a.mp4?sig=[redacted]" in told[0].getMessage()


def _line(error: Exception) -> logging.LogRecord:
    """What becomes of the line of an exception on its way out."""
    try:
        raise error
    except ConnectionError:
        line = logging.LogRecord("lab.http", logging.ERROR, __file__, 1, "it failed", None, sys.exc_info())
    assert telemetry._redact(line)
    return line


def test_errors_about_a_job_do_not_tell_its_prompt(job: Job) -> None:
    """A row that is no job is an error that says what is wrong with it, and not what it holds."""
    with pytest.raises(ValidationError) as error:
        Job.model_validate(job.model_dump() | {"attempts": "many"})
    assert "secret garden" not in str(error.value)
    with pytest.raises(ValidationError) as error:
        Job.model_validate({"prompt": "a secret garden"})
    assert "secret garden" not in str(error.value)


def test_every_logger_of_the_app_is_exported() -> None:
    """Only what is logged below `lab` leaves the process, so every module of the app logs there."""
    for folder in ("activities", "endpoints", "orchestrators", "shared"):
        for module in (_ROOT / folder).rglob("*.py"):
            for name in re.findall(r"_log = logging.getLogger\((.+)\)", module.read_text("utf-8")):
                assert name.startswith('"lab'), f"{module}: {name}"


def test_every_metric_is_described() -> None:
    """The table of docs/operate.md is what the app tells: names, units and meanings, in order."""
    page = (_ROOT / "docs" / "operate.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `lab.")]
    assert rows == [f"| `{name}` | {told.unit} | {told.description} |" for name, told in telemetry.METRICS.items()]
