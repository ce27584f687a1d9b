"""The app as Azure runs it on Python 3.13: through azure-functions-runtime, with the packages it is deployed with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.integration.app.http.conftest import RunningHost
from tests.interpreters import python_with_worker_library

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.app.conftest import Provider


@pytest.fixture(scope="module", name="library")
def _library(app_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    state = tmp_path_factory.mktemp("library") / "state"
    python = str(python_with_worker_library())
    running = RunningHost(state, app_settings, options=("--worker-library",), python=python).start()
    yield running
    running.kill()


def bindings(host: RunningHost) -> dict[str, object]:
    """The functions a host serves, each with its bindings."""
    url = f"http://127.0.0.1:{host.port}/admin/functions"
    master = json.loads((host.state / "keys.json").read_text())["master"]
    listed = httpx.get(url, headers={"x-functions-key": master}).json()
    return {one["name"]: one["config"]["bindings"] for one in listed}


def test_every_function_indexes(library: RunningHost, host: RunningHost) -> None:
    """The library finds the functions that the stand-in finds, with the same bindings."""
    assert bindings(library) == bindings(host)


def test_documents_are_the_same(library: RunningHost, host: RunningHost) -> None:
    """An HTTP function answers with the same status, type and body."""
    for route in ("/openapi.json", "/env/status", "/videos/jobs/no-such-job"):
        own, theirs = library.api("a").get(route), host.api("a").get(route)
        assert (own.status_code, own.headers["content-type"]) == (theirs.status_code, theirs.headers["content-type"])
        assert own.json().keys() == theirs.json().keys()
    assert library.api("a").get("/openapi.json").content == host.api("a").get("/openapi.json").content


def test_job_is_rendered_once_and_stored(library: RunningHost, provider: Provider) -> None:
    """HTTP triggers, orchestrator steps and activities carry a job from its prompt to its video."""
    api = library.api()
    job = api.accepted("a kite above Azure")
    done = api.until(job["id"], "succeeded")
    assert len(provider.renders("a kite above Azure")) == 1
    (video,) = done["generations"]
    link = api.get(f"/videos/generations/{video['id']}/content").headers["location"]
    assert len(httpx.get(link).content) == video["bytes"]
