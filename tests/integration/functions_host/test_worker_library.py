"""The sample app through azure-functions-runtime, the library in which Azure runs functions on Python 3.13.

`make worker-library` runs every test of this folder so.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.functions_host.running_host import RunningHost
from tests.integration.functions_host.test_command_line import refused


@pytest.fixture(scope="module", name="host")
def _host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    running = RunningHost(tmp_path_factory.mktemp("library") / "state", has_worker_library=True).start()
    yield running
    running.stop()


def test_orchestrations_run(host: RunningHost) -> None:
    """Activities, sync and async, children, retries, events and generations give what they give in the stand-in."""
    waiting = host.begin("waits")
    assert host.result("chain") == 3
    assert host.result("family") == [13, [4, ["dict", {"a": 1}]]]
    assert host.result("retrying", 3) == 3
    assert host.result("generations") == 3
    host.raise_event(waiting, {"a": 1})
    assert host.final(waiting)["output"] == ["dict", {"a": 1}]


def test_failures_have_the_same_texts(host: RunningHost) -> None:
    """An activity that raises, an orchestrator that raises, and one that never became a generator."""
    activity = "Orchestrator function 'breaks' failed: Activity function 'break_down' failed:  KeyError: 'key' \n {"
    assert host.run("breaks", "key")["output"].startswith(activity)
    assert host.run("raises")["output"] == "Orchestrator function 'raises' failed: 'a bug'"
    at_once = "failed: One or more errors occurred. (Result: Failure\nException: ValueError: no generator\nStack: "
    assert at_once in host.run("raises_at_once")["output"]


def test_library_that_is_not_installed_is_named(tmp_path: Path) -> None:
    """On an older Python the option is refused in one line."""
    told = refused(Path(__file__).parent / "app", tmp_path / "state", "--worker-library")
    assert "--worker-library needs Python 3.13 or later and azure-functions-runtime" in told
