"""Rules of the way to Azure Monitor: a process that is told where to, sends its metrics, lines and spans there."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.telemetry.conftest import Ingestion

_ROOT = Path(__file__).parents[3]

# A process like the app's: it starts telemetry, tells a few things inside a trace that came with a request, and ends.
_PROGRAM = """
from shared import telemetry
thread = telemetry.start()
assert thread
thread.join(60)
from opentelemetry import metrics, propagate, trace
parent = propagate.extract({"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
with trace.get_tracer("host").start_as_current_span("activity", context=parent):
    telemetry.record("lab.jobs.ended", model="sora-2", state="failed", code="render_gone")
    telemetry.event("job failed https://x/?sig=SECRET", job_id="job_1")
    with telemetry.span("provider GET", lane="main", model="sora-2"):
        pass
trace.get_tracer_provider().force_flush()
metrics.get_meter_provider().force_flush()
from opentelemetry._logs import get_logger_provider
get_logger_provider().force_flush()
"""


@pytest.fixture(name="telemetry_of_a_process")
def _telemetry_of_a_process(ingestion: Ingestion) -> dict[str, list[dict[str, Any]]]:
    done = subprocess.run(  # noqa: S603 - our own interpreter on our own words
        [sys.executable, "-c", _PROGRAM],
        cwd=_ROOT,
        env=os.environ | ingestion.settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {kind: ingestion.items(kind) for kind in ("MetricData", "MessageData", "RemoteDependencyData")}


def test_everything_arrives_as_one_trace(telemetry_of_a_process: dict[str, list[dict[str, Any]]]) -> None:
    """The count arrives with its labels, the line with its fields and no signature, and all in the caller's trace."""
    told = telemetry_of_a_process
    metrics = {one["name"]: (one["value"], item["data"]["baseData"]["properties"])
               for item in told["MetricData"] for one in item["data"]["baseData"]["metrics"]}  # fmt: skip
    value, labels = metrics["lab.jobs.ended"]
    assert value == 1
    assert {"model": "sora-2", "state": "failed", "code": "render_gone"}.items() <= labels.items()
    (line,) = told["MessageData"]
    assert line["data"]["baseData"]["properties"]["job_id"] == "job_1"
    assert "SECRET" not in json.dumps(told)
    spans = [item for item in told["RemoteDependencyData"] if item["data"]["baseData"]["name"] == "provider GET"]
    assert spans
    operations = {item["tags"]["ai.operation.id"] for item in [*spans, line]}
    assert operations == {"0af7651916cd43dd8448eb211c80319c"}
