"""Rules of the way to Azure Monitor: a process that is told where to, sends its metrics, lines and spans there."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

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


@pytest.fixture(name="taken_in")
def _taken_in() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that takes telemetry in as Application Insights does, and what it was sent."""
    sent: list[dict[str, Any]] = []

    class Ingestion(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path.endswith("/track"):
                sent.extend(json.loads(body))
            answer = json.dumps({"itemsReceived": 1, "itemsAccepted": 1, "errors": []}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self) -> None:
            self.send_response(404)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ingestion)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", sent
    server.shutdown()


@pytest.fixture(name="telemetry_of_a_process")
def _telemetry_of_a_process(
    taken_in: tuple[str, list[dict[str, Any]]], tmp_path: Path
) -> dict[str, list[dict[str, Any]]]:
    address, sent = taken_in
    environment = os.environ | {
        "APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=00000000-0000-0000-0000-000000000001;"
        f"IngestionEndpoint={address};LiveEndpoint={address}",
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
        "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
        "TMPDIR": str(tmp_path),
    }
    done = subprocess.run(  # noqa: S603 - our own interpreter on our own words
        [sys.executable, "-c", _PROGRAM], cwd=_ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    kinds: dict[str, list[dict[str, Any]]] = {}
    for item in sent:
        kinds.setdefault(item["data"]["baseType"], []).append(item)
    return kinds


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
