"""The hosts that tests talk to."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.functions_host.running_host import APP, RunningHost


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """One host for all tests that do not stop it."""
    running = RunningHost(tmp_path_factory.mktemp("host") / "state").start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def modern_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """A host whose host.json says more: a version of its own, and distributed tracing of the second kind."""
    folder = tmp_path_factory.mktemp("modern")
    app = shutil.copytree(APP, folder / "app")
    content = json.loads((app / "host.json").read_text())
    content["extensions"]["durableTask"] |= {
        "defaultVersion": "1.10",
        "tracing": {"distributedTracingEnabled": True, "version": "V2"},
    }
    (app / "host.json").write_text(json.dumps(content))
    running = RunningHost(folder / "state", app=app).start()
    yield running
    running.stop()


@pytest.fixture
def own_host(tmp_path: Path) -> Iterator[RunningHost]:
    """A host to start, kill and start again."""
    running = RunningHost(tmp_path / "state")
    yield running
    if running.process is not None and running.process.poll() is None:
        running.kill()
