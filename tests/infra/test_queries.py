"""Rules of the queries behind alerts: each finds what it is for on rows as the app tells them, and else nothing.

They run on DuckDB through a translator, which knows the language but is not Azure's own; Azure has not run them yet.
"""

import json
import re
from pathlib import Path
from typing import Any

import duckdb_kql
import pytest

from shared.models.problem import Code
from shared.telemetry import METRICS
from tests.infra.compiler import INFRA

_QUERIES = {path.stem: path.read_text("utf-8") for path in sorted((INFRA / "queries").glob("*.kql"))}
_ALERTS = (INFRA / "modules" / "alerts.bicep").read_text("utf-8")

Rows = list[tuple[Any, ...]]


class Workspace:
    """The tables of Application Insights that the queries read, in memory."""

    def __init__(self) -> None:
        self._db = duckdb_kql.connect()
        self._db.sql(
            "CREATE TABLE AppMetrics (TimeGenerated TIMESTAMP, Name VARCHAR, Sum DOUBLE, Max DOUBLE, ItemCount INT,"
            " Properties JSON)"
        )
        self._db.sql(
            "CREATE TABLE AppTraces (TimeGenerated TIMESTAMP, Message VARCHAR, OperationId VARCHAR, Properties JSON)"
        )
        self._db.sql("CREATE TABLE AppRequests (TimeGenerated TIMESTAMP, Name VARCHAR, ResultCode VARCHAR)")

    def metric(self, name: str, value: float, **labels: str) -> None:
        """One row of a metric."""
        assert name in METRICS
        row = [name, value, value, json.dumps(labels)]
        self._db.execute("INSERT INTO AppMetrics VALUES (now()::TIMESTAMP, ?, ?, ?, 1, ?)", row)

    def line(self, message: str, **fields: str) -> None:
        """One line of the log."""
        row = [message, "0af7", json.dumps(fields)]
        self._db.execute("INSERT INTO AppTraces VALUES (now()::TIMESTAMP, ?, ?, ?)", row)

    def request(self, name: str, status: int) -> None:
        """One HTTP request that was answered."""
        self._db.execute("INSERT INTO AppRequests VALUES (now()::TIMESTAMP, ?, ?)", [name, str(status)])

    def ask(self, query: str) -> Rows:
        """Run one of the queries."""
        return duckdb_kql.kql(self._db, _QUERIES[query]).fetchall()


@pytest.fixture(name="workspace")
def _workspace() -> Workspace:
    return Workspace()


@pytest.fixture(name="quiet")
def _quiet(workspace: Workspace) -> Workspace:
    """A workspace of an app in which all is well."""
    workspace.metric("lab.jobs.ended", 40, model="sora-2", state="succeeded", code="")
    workspace.metric("lab.jobs.ended", 2, model="sora-2", state="failed", code=Code.MODERATED_INPUT)
    workspace.metric("lab.queue.oldest", 120, model="sora-2")
    workspace.metric("lab.queue.waiting", 0, model="sora-2")
    workspace.metric("lab.lane.attention", 1, model="sora-2", lane="main")
    workspace.line("job failed: code=moderated_input", job_id="job_1", code=Code.MODERATED_INPUT)
    for _ in range(200):
        workspace.request("submit_video_job", 202)
    workspace.request("submit_video_job", 500)
    return workspace


_OF_ALERTS = re.findall(r"loadTextContent\('\.\./queries/(\w+)\.kql'\)", _ALERTS)


@pytest.mark.parametrize("name", _OF_ALERTS)
def test_no_alert_when_all_is_well(name: str, quiet: Workspace) -> None:
    """No alert speaks of finished jobs, users' mistakes, a short queue, a minute of refusals or one error in 200."""
    assert quiet.ask(name) == []


def test_failed_jobs_are_found(quiet: Workspace) -> None:
    """Failures that are not the user's are counted by model and code."""
    quiet.metric("lab.jobs.ended", 2, model="sora-2", state="failed", code=Code.STORAGE)
    quiet.metric("lab.jobs.ended", 1, model="sora-2", state="failed", code=Code.STORAGE)
    assert quiet.ask("jobs_failed") == [("sora-2", "storage", 3)]


def test_unclear_jobs_are_named(quiet: Workspace) -> None:
    """Each unclear job is a row with its id."""
    quiet.line("job failed: …", job_id="job_7", model="sora-2", lane="main", code=Code.SUBMISSION_UNCLEAR)
    ((_, *told),) = quiet.ask("jobs_unclear")
    assert told == ["job_7", "sora-2", "main"]


def test_old_queue_is_found(quiet: Workspace) -> None:
    """A job that waited longer than 15 minutes is told of, by model."""
    quiet.metric("lab.queue.oldest", 901, model="wan")
    assert quiet.ask("queue_old") == [("wan", 901)]


def test_lane_that_needs_attention_is_found(quiet: Workspace) -> None:
    """A lane that needed a person in three minutes of five is told of."""
    for _ in range(2):
        quiet.metric("lab.lane.attention", 1, model="sora-2", lane="main")
    assert quiet.ask("lane_attention") == [("sora-2", "main", 3)]


def test_server_errors_are_found(quiet: Workspace) -> None:
    """Errors that are more than one in a hundred are told of, by function."""
    for _ in range(3):
        quiet.request("submit_video_job", 503)
    assert quiet.ask("http_5xx") == [("submit_video_job", 204, 4)]


def test_silent_sweeper_is_found(workspace: Workspace) -> None:
    """When no sweep was told of, that is one row."""
    assert workspace.ask("sweeper_silent") == [(0,)]


@pytest.mark.parametrize("name", ["throughput", "job"])
def test_queries_for_people_run(name: str, quiet: Workspace) -> None:
    """Those that no alert uses run as well."""
    assert isinstance(quiet.ask(name), list)


def test_every_name_in_a_query_is_told() -> None:
    """A query asks only for metrics and codes that the app knows."""
    for text in _QUERIES.values():
        assert set(re.findall(r"\"(lab\.[\w.]+)\"", text)) <= METRICS.keys()
    (excluded,) = re.findall(r"code !in \(([^)]*)\)", _QUERIES["jobs_failed"])
    assert set(re.findall(r"\"(\w+)\"", excluded)) <= set(Code)


def test_every_alert_has_a_runbook() -> None:
    """docs/operate.md has a heading for each alert, where the alert's text leads."""
    page = (Path(INFRA).parent / "docs" / "operate.md").read_text("utf-8")
    alerts = re.findall(r"^    name: '([\w-]+)'\n    summary", _ALERTS, re.MULTILINE)
    assert len(alerts) == len(_OF_ALERTS)
    for name in alerts:
        assert f"\n### {name}\n" in page, name
