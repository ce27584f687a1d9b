"""The hosts that tests talk to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.functions_host.running_host import RunningHost


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """One host for all tests that do not stop it."""
    running = RunningHost(tmp_path_factory.mktemp("host") / "state").start()
    yield running
    running.stop()


@pytest.fixture
def own_host(tmp_path: Path) -> Iterator[RunningHost]:
    """A host to start, kill and start again."""
    running = RunningHost(tmp_path / "state")
    yield running
    if running.process is not None and running.process.poll() is None:
        running.kill()
