"""The app's steps, called one by one in this process against a real Azurite and a real emulator."""

from __future__ import annotations

import asyncio
import inspect
import json
import secrets
import time
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import azure.functions as func
import pytest
from azure.core.exceptions import AzureError, ServiceRequestError
from azure.core.pipeline.transport import AioHttpTransport, RequestsTransport
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus
from azure.durable_functions.models.PurgeHistoryResult import PurgeHistoryResult

import function_app
from local.azure_openai.config import Settings as EmulatorSettings
from shared import attempts, config, jobs, names, pools, rows, storage, submission
from shared.ids import JobId, owner_key
from shared.models.job import Job, JobRequest
from shared.providers import transport
from shared.rows import Put
from shared.submission import Accepted, Terms
from tests.integration.app.conftest import DEPLOYMENTS, OneFilmStudio, Provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from datetime import datetime

    from azure.core.pipeline.transport import HttpRequest
    from azure.durable_functions import OrchestrationRuntimeStatus

    from shared.attempts import Tried
    from shared.pool_rows import Snapshot
    from tests.integration.conftest import Azurite

RENDER_WITHIN_S = 30

_STEPS = {
    "submit": names.SUBMIT_RENDER,
    "find": names.FIND_RENDER,
    "look": names.LOOK_AT_RENDER,
    "release": names.RELEASE_SLOT,
    "store": names.STORE_GENERATION,
    "pictures": names.MAKE_PICTURES,
    "finish": names.FINISH_JOB,
    "forget": names.FORGET_JOB,
}


@cache
def functions() -> dict[str, Any]:
    """What the app registers, by name, without what the decorators put around it."""
    registered = function_app.all_functions().get_functions()
    return {one.get_function_name(): inspect.unwrap(one.get_user_function()) for one in registered}


@dataclass
class FakeDurableClient:
    """Remembers which stories are started and woken, in the place of the host that would tell them."""

    started: list[str] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    purged: list[tuple[datetime, set[str]]] = field(default_factory=list)

    async def start_new(self, name: str, instance_id: str, client_input: dict[str, Any]) -> str:
        """A story was to be started."""
        assert (name, client_input["job_id"]) == ("generate_video", instance_id)
        self.started.append(instance_id)
        return instance_id

    async def raise_event(self, instance_id: str, name: str, data: object) -> None:
        """A story was to be woken."""
        del data
        assert name == "wake"
        self.woken.append(instance_id)

    async def get_status(self, instance_id: str) -> DurableOrchestrationStatus:
        """How a story stands: missing, unless the test said otherwise."""
        state = self.states.get(instance_id)
        return DurableOrchestrationStatus(instanceId=instance_id if state else None, runtimeStatus=state)

    async def purge_instance_history_by(
        self, created_time_from: datetime, created_time_to: datetime, runtime_status: list[OrchestrationRuntimeStatus]
    ) -> PurgeHistoryResult:
        """Histories were to be forgotten."""
        assert created_time_from < created_time_to
        self.purged.append((created_time_to, {status.value for status in runtime_status}))
        return PurgeHistoryResult(instancesDeleted=0)


@dataclass
class Lab:
    """One owner, one model with one lane, and every step of a job's story."""

    model: str
    provider: Provider
    client: FakeDurableClient = field(default_factory=FakeDurableClient)
    owner_name: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def owner(self) -> str:
        """What stands for the owner in the rows."""
        return owner_key(self.owner_name)

    async def submit(self, prompt: str | None = None, **request: Any) -> Job:
        """Take a job in; `self.client.started` says whether it was admitted."""
        asked = JobRequest.model_validate({"prompt": prompt or f"a kite {secrets.token_hex(4)}", **request})
        taken = await self.take(asked)
        assert isinstance(taken, Accepted)
        self.client.started += [one.ref.job_id for one in taken.admitted]
        return taken.job

    async def take(self, asked: JobRequest, key: str | None = None) -> submission.Taken:
        """Take a request in as the endpoint does."""
        configuration = config.configuration()
        terms = submission.terms(asked, configuration.pools)
        assert isinstance(terms, Terms), terms
        submit_key = jobs.submit_key(key, asked) if key else None
        return await submission.submit(asked, terms, self.owner, submit_key, configuration.settings)

    async def do(self, step: str, job: Job, **about: Any) -> dict[str, Any]:
        """Run one activity of the job's story, its payload and answer passing through JSON as on the host."""
        payload = json.loads(json.dumps({**job.ref.model_dump(), **about}))
        clients = {"client": self.client} if step == "release" else {}
        return json.loads(json.dumps(await functions()[_STEPS[step]](payload, **clients)))

    async def call(
        self, name: str, method: str, body: Any = None, *, job_id: str = "", key: str | None = None, **params: str
    ) -> Any:
        """Call an HTTP function as the host does; its document."""
        sent = {"content-type": "application/json", "x-lab-owner": self.owner_name}
        request = func.HttpRequest(
            method,
            "http://localhost/api/v1/videos/jobs",
            headers=sent | ({"idempotency-key": key} if key else {}),
            params=params,
            route_params={"job_id": job_id},
            body=json.dumps(body).encode(),
        )
        clients = {"client": self.client} if "client" in inspect.signature(functions()[name]).parameters else {}
        answer = await functions()[name](request, **clients)
        assert answer.status_code < 300, answer.get_body()
        return json.loads(answer.get_body() or b"null")

    async def watch(self, job: Job) -> dict[str, Any]:
        """Look until the render is final."""
        deadline = time.monotonic() + RENDER_WITHIN_S
        while time.monotonic() < deadline:
            seen = await self.do("look", job)
            if seen["kind"] != "wait":
                return seen
            await asyncio.sleep(0.1)
        pytest.fail(f"{job.id} was not rendered within {RENDER_WITHIN_S} s")

    async def rendered(self, **request: Any) -> tuple[Job, list[str]]:
        """A job whose render is done, and where its videos are."""
        job = await self.submit(**request)
        assert (await self.do("submit", job))["kind"] == "submitted"
        return job, (await self.watch(job))["sources"]

    async def read(self, job: Job) -> Job:
        """The job as it is now."""
        stored = await jobs.read(job.owner, JobId.of(job.id))
        assert stored is not None
        return stored.job

    async def tried(self, job: Job) -> list[Tried]:
        """The job's attempts."""
        return await attempts.read(job)

    async def pool(self) -> Snapshot:
        """The queue and the slots."""
        return await pools.snapshot(self.model, config.configuration().pools[self.model].lanes)

    async def rewrite(self, partition: str, key: str, **values: Any) -> None:
        """Change some properties of a row, as if that had been written then."""
        table = await storage.table()
        row = await rows.read(table, partition, key)
        assert row is not None
        await rows.commit(table, partition, [Put(key, row.values | values)])

    async def sweep(self) -> None:
        """What happens every minute."""
        await functions()["sweep"](None, self.client)


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """A provider of the steps' own, with room for the renders that earlier tests left behind."""
    settings = EmulatorSettings(deployments=DEPLOYMENTS, render_s=0.5, max_in_flight=1000, creates_per_minute=10_000)
    running = Provider(tmp_path_factory.mktemp("steps") / "state", settings, OneFilmStudio).start()
    yield running
    running.stop()


@pytest.fixture
def lane(provider: Provider) -> dict[str, Any]:
    """The lane of the test's model; a test class or module may override what it needs."""
    return {"deployment": "slow", "endpoint": provider.url, "max_in_flight": 100}


@pytest.fixture
def more_lanes() -> list[dict[str, Any]]:
    """What further lanes of the test's model have other than its first."""
    return []


@pytest.fixture
async def lab(
    azurite: Azurite,
    provider: Provider,
    lane: dict[str, Any],
    more_lanes: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Lab]:
    """A lab whose queue nobody else uses. Its lane takes 480x480 of one second, the cheapest film there is."""
    model = f"m-{secrets.token_hex(6)}"
    defaults = {
        "name": "main",
        "model": model,
        "api": "jobs",
        "api_key": "emulator-key",
        "creates_per_minute": 600,
        "usd_per_second": "0.10",
        "typical_render_s": 1,
        "offers": [{"sizes": ["480x480", "1280x720"], "seconds": [1, 4], "max_variants": 4}],
    }
    for name in config.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("LANES", json.dumps([defaults | lane | one for one in ({}, *more_lanes)]))
    monkeypatch.setenv("OWNER_MODE", "key")
    monkeypatch.setenv("OWNER_HEADER", "x-lab-owner")
    monkeypatch.setenv("STORAGE_CONNECTION_STRING", azurite.connection_string)
    config.configuration.cache_clear()
    assert not config.configuration().faults
    yield Lab(model, provider)
    await storage.close()
    for client in transport._clients.pop(asyncio.get_running_loop(), {}).values():
        await client.aclose()
    config.configuration.cache_clear()


@dataclass
class Wire:
    """Every request that went to the storage, and the replies that are to be lost."""

    requests: list[HttpRequest] = field(default_factory=list)
    lose_next: int = 0
    lose_as: type[AzureError] = ServiceRequestError  # what the transport makes of it

    @property
    def kinds(self) -> list[str]:
        """Method and address without its query."""
        return [f"{request.method} {request.url.partition('?')[0].rpartition('/')[2]}" for request in self.requests]


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Watch what the SDKs send, under their retries; a lost reply was carried out and never heard of."""
    seen = Wire()
    send, send_blocking = AioHttpTransport.send, RequestsTransport.send

    async def watched(transport: AioHttpTransport, request: HttpRequest, **options: Any) -> object:
        seen.requests.append(request)
        reply = await send(transport, request, **options)
        if seen.lose_next:
            seen.lose_next -= 1
            raise seen.lose_as("Server disconnected")
        return reply

    def watched_blocking(transport: RequestsTransport, request: HttpRequest, **options: Any) -> object:
        seen.requests.append(request)
        return send_blocking(transport, request, **options)

    monkeypatch.setattr(AioHttpTransport, "send", watched)
    monkeypatch.setattr(RequestsTransport, "send", watched_blocking)
    return seen
