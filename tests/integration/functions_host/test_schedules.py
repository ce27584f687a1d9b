"""Timer functions (functions-host-measured.md, 11)."""

import json
import sqlite3
from typing import Any

from tests.integration.functions_host.running_host import RunningHost, wait_for

NEVER = "0001-01-01T00:00:00+00:00"


def told(host: RunningHost, function: str) -> list[dict[str, Any]]:
    """What a timer function was given, run by run."""
    return [json.loads(line.partition(" ")[2]) for line in host.notes(function)]


def test_run_on_startup_and_missed_slots(own_host: RunningHost) -> None:
    """run_on_startup runs at every start, not past due; a schedule that missed its slots runs once, past due."""
    host = own_host.start()
    (first,) = wait_for(lambda: told(host, "new_year"), "the first run")
    assert first["past_due"] is False
    assert first["schedule"] == {"AdjustForDST": True}
    assert (first["status"]["Last"], first["status"]["LastUpdated"]) == (NEVER, NEVER)
    assert first["status"]["Next"].endswith("-01-01T00:00:00+00:00")
    assert not told(host, "by_setting")
    host.stop()
    with sqlite3.connect(host.state / "store.sqlite3") as db:
        db.execute("UPDATE schedules SET next_us = 1 WHERE function = 'by_setting'")
    host.start()
    _, second = wait_for(lambda: told(host, "new_year")[1:] and told(host, "new_year"), "the second run")
    assert second["past_due"] is False
    assert second["status"]["Last"] > first["status"]["Last"]
    (missed,) = wait_for(lambda: told(host, "by_setting"), "the run past due")
    assert (missed["past_due"], missed["status"]["Next"]) == (True, "1970-01-01T00:00:00.000001+00:00")


def test_frequent_schedule_is_not_monitored(host: RunningHost) -> None:
    """Below a minute: it runs slot by slot, with an empty status."""
    runs = wait_for(lambda: told(host, "every_second")[1:], "two runs")
    assert all(run["status"] == {} for run in runs)
    assert all(run["past_due"] is False for run in runs)
