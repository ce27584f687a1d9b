"""Rules of how counted things read: on the API for programs, and on a terminal for people."""

import json

import azure.functions as func
import pytest

from client.models import LabMetrics
from client.wording import metric_lines
from endpoints import metrics
from shared import config, telemetry


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing told yet, and one owner."""
    monkeypatch.setattr(telemetry, "_series", {})
    monkeypatch.setenv("OWNER_MODE", "local")
    config.configuration.cache_clear()


async def _page() -> LabMetrics:
    request = func.HttpRequest("GET", "http://lab/api/v1/metrics", body=b"")
    answer = await metrics.get_metrics.build().get_user_function()(request)
    return LabMetrics.model_validate(json.loads(answer.get_body()))


async def test_what_was_counted_is_shown() -> None:
    """A counter shows its sum, a distribution its mean and most, each with its labels and unit."""
    telemetry.record("lab.jobs.ended", model="sora-2", state="failed", code="deadline")
    telemetry.record("lab.spend", 0.4, model="sora-2")
    telemetry.record("lab.jobs.detection_delay", 2, model="sora-2")
    telemetry.record("lab.jobs.detection_delay", 4, model="sora-2")
    lines = [" ".join(line.split()) for line in metric_lines(await _page())]
    assert lines == [
        "jobs.detection_delay (model sora-2) mean 3, most 4 s, of 2",
        "jobs.ended (code deadline, model sora-2, state failed) 1",
        "spend (model sora-2) 0.4 USD",
    ]


async def test_nothing_counted_is_said() -> None:
    """A lab that has just started says so."""
    assert metric_lines(await _page()) == ["nothing was counted yet"]
