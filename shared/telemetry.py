"""What the app tells its operators: metrics, log lines with fields, and their trace. Knows names, units and
how they leave the process (Azure Monitor, where APPLICATIONINSIGHTS_CONNECTION_STRING is set); must know no prompt and
no link. Every logger of the app is below `lab`: what is logged elsewhere is not exported.

Every metric is also summed up in this process, which is all there is on one machine.
"""

import logging
import os
import re
import threading
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

_log = logging.getLogger("lab")

_CONNECTION = "APPLICATIONINSIGHTS_CONNECTION_STRING"
_SECRETS: Final = re.compile(r"(?i)(\bsig=|\bcode=|\bapi-key['\"]?[:=]\s*['\"]?|\bbearer\s+)[^\s&'\"]+")
_MOST_SERIES: Final = 500  # a summary of endless labels would be a leak

Kind = Literal["counter", "histogram"]
Attribute = str | int | float | bool


@dataclass(frozen=True)
class Metric:
    """A number that is told: a counter adds up, a histogram is a distribution. Labels are few and never ids."""

    kind: Kind
    unit: str
    description: str


METRICS: Final[dict[str, Metric]] = {
    "lab.jobs.submitted": Metric("counter", "{job}", "jobs taken in"),
    "lab.jobs.ended": Metric("counter", "{job}", "jobs that ended, by state and code"),
    "lab.jobs.looks": Metric("histogram", "{look}", "looks at the provider until a render was final"),
    "lab.jobs.eta_error": Metric("histogram", "s", "how far the last prediction was off, when a render succeeded"),
    "lab.jobs.forecasts": Metric(
        "counter", "{forecast}", "forecasts of looks, by whether their 80 % band held the end"
    ),
    "lab.jobs.detection_delay": Metric("histogram", "s", "from the end at the provider to when it was seen"),
    "lab.spend": Metric("counter", "USD", "money settled"),
    "lab.queue.waiting": Metric("histogram", "{job}", "jobs waiting in a pool, once a minute"),
    "lab.queue.oldest": Metric("histogram", "s", "age of the oldest waiting job of a pool, once a minute"),
    "lab.lane.attention": Metric("counter", "{minute}", "minutes in which a lane needed a person"),
    "lab.lane.in_flight": Metric("histogram", "{render}", "slots of a lane that are held, once a minute"),
    "lab.copy.throughput": Metric("histogram", "By/s", "bytes a second while a video was copied"),
    "lab.storage.operations": Metric("counter", "{operation}", "requests of the app itself to its storage"),
}


@dataclass
class Series:
    """What was told of one metric under one set of labels since the process began."""

    count: int = 0
    total: float = 0.0
    most: float = 0.0


_series: dict[tuple[str, tuple[tuple[str, Attribute], ...]], Series] = {}
_lock = threading.Lock()
_instruments: dict[str, Any] = {}


def record(metric: str, value: float = 1, **labels: Attribute) -> None:
    """Tell a number of METRICS. Costs a dictionary access where telemetry is off."""
    known = METRICS[metric]
    key = metric, tuple(sorted(labels.items()))
    with _lock:
        if key in _series or len(_series) < _MOST_SERIES:
            series = _series.setdefault(key, Series())
            series.count, series.total, series.most = series.count + 1, series.total + value, max(series.most, value)
    if instrument := _instruments.get(metric):
        (instrument.add if known.kind == "counter" else instrument.record)(value, labels)


def summary() -> list[tuple[str, dict[str, Attribute], Series]]:
    """Everything recorded since this process began, by name and labels."""
    with _lock:
        return [(name, dict(labels), Series(**vars(series))) for (name, labels), series in sorted(_series.items())]


def event(message: str, /, **fields: Attribute | None) -> None:
    """Write a log line with fields, which stay fields in Azure Monitor. Call it with ids, never with user's words."""
    told = {name: value for name, value in fields.items() if value is not None}
    _log.info("%s: %s", message, " ".join(f"{name}={value}" for name, value in told.items()), extra=told)


@contextmanager
def span(name: str, **attributes: Attribute) -> Generator[None]:
    """A step of the current trace, such as a call to a provider; nothing where telemetry is off."""
    if not _instruments:
        yield
        return
    from opentelemetry import trace  # noqa: PLC0415 - cold start

    with trace.get_tracer("lab").start_as_current_span(
        name, kind=trace.SpanKind.CLIENT, attributes=attributes, record_exception=False
    ):
        yield


def traceparent() -> str | None:
    """Name the current step of the current trace, as the W3C header does; None where there is no trace."""
    if not _instruments:
        return None
    from opentelemetry import propagate  # noqa: PLC0415 - cold start

    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def within(parent: str | None) -> Generator[None]:
    """Go on in the trace that `traceparent` named, maybe hours ago in another process; None changes nothing."""
    if not _instruments or parent is None:
        yield
        return
    from opentelemetry import context, propagate  # noqa: PLC0415 - cold start

    token = context.attach(propagate.extract({"traceparent": parent}))
    try:
        yield
    finally:
        context.detach(token)


def redacted(text: str) -> str:
    """Take signatures, keys and tokens out of a text that is about to leave the process."""
    return _SECRETS.sub(r"\1[redacted]", text)


def start() -> threading.Thread | None:
    """Begin to export, where a connection string is set; in a thread, since importing the exporter takes a second."""
    if not os.environ.get(_CONNECTION):
        return None
    thread = threading.Thread(target=_export, name="telemetry", daemon=True)
    thread.start()
    return thread


def _export() -> None:
    """Set Azure Monitor up. What fails here must never fail the app: it says so and goes on without."""
    try:
        from azure.monitor.opentelemetry import (  # noqa: PLC0415 - cold start
            configure_azure_monitor,  # pyright: ignore[reportUnknownVariableType] - its kwargs are untyped
        )
        from opentelemetry import metrics  # noqa: PLC0415 - cold start

        # All of a job's few spans are kept; by default the distribution keeps five a second, and drops a story's parts.
        os.environ.setdefault("OTEL_TRACES_SAMPLER", "microsoft.fixed_percentage")
        # Libraries' own spans are left out: one for each storage request would cost more than all else together.
        unwanted = ("azure_sdk", "django", "fastapi", "flask", "httpx", "psycopg2", "requests", "urllib", "urllib3")
        configure_azure_monitor(
            logger_name=_log.name,
            instrumentation_options={name: {"enabled": False} for name in unwanted},
            enable_live_metrics=False,
            enable_performance_counters=False,
        )
        _log.setLevel(logging.INFO)
        for handler in _log.handlers:
            handler.addFilter(_redact)
        meter = metrics.get_meter("lab")
        for name, metric in METRICS.items():
            make = meter.create_counter if metric.kind == "counter" else meter.create_histogram
            _instruments[name] = make(name, metric.unit, metric.description)
    except Exception:  # noqa: BLE001 - whatever it is, it is logged, and the app is what matters
        _log.exception("telemetry could not be started; the app goes on without")


def _redact(line: logging.LogRecord) -> bool:
    """Clean a line. An exception whose text holds a secret goes on as text alone: nothing can be taken out of it."""
    line.msg, line.args = redacted(line.getMessage()), None
    if line.exc_info and (told := "".join(traceback.format_exception(*line.exc_info))) != redacted(told):
        line.msg, line.exc_info, line.exc_text = f"{line.msg}\n{redacted(told)}", None, None
    return True
