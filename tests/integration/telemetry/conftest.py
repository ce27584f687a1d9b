"""What stands in for Application Insights: a server that takes telemetry in as it does, and keeps what it was sent."""

import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Ingestion:
    """Where telemetry is sent, and all that was sent so far, as it was."""

    settings: dict[str, str] = field(default_factory=dict[str, str])
    sent: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def items(self, kind: str) -> list[dict[str, Any]]:
        """Everything of one kind, such as `MessageData`."""
        return [item for item in list(self.sent) if item["data"]["baseType"] == kind]

    def metrics(self) -> set[str]:
        """The names of the metrics that arrived."""
        return {one["name"] for item in self.items("MetricData") for one in item["data"]["baseData"]["metrics"]}

    def spans(self, name: str) -> list[dict[str, Any]]:
        """The calls that begin with this name."""
        return [one for one in self.items("RemoteDependencyData") if one["data"]["baseData"]["name"].startswith(name)]


@pytest.fixture
def ingestion(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingestion]:
    """A server on this machine, and the settings that make a process send there, soon."""
    taken_in = Ingestion()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path.endswith("/track"):
                taken_in.sent.extend(json.loads(body))
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

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    taken_in.settings |= {
        "APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=00000000-0000-0000-0000-000000000001;"
        f"IngestionEndpoint={address};LiveEndpoint={address}",
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
        "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "OTEL_BLRP_SCHEDULE_DELAY": "200",
        "TMPDIR": str(tmp_path_factory.mktemp("telemetry")),
    }
    yield taken_in
    server.shutdown()
