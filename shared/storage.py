"""The storage clients of a process, made at first use in the loop that uses them, and how they prove who they are.

Knows accounts, credentials, time-outs and retries; must not know rows, keys or names of blobs.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.request import getproxies_environment

from azure.core.exceptions import ResourceExistsError
from azure.data.tables.aio import TableClient

from shared import telemetry
from shared.config import NotConfiguredError, configuration, settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from azure.identity.aio import DefaultAzureCredential
    from azure.storage.blob import BlobClient
    from azure.storage.blob import BlobServiceClient as SyncBlobServiceClient
    from azure.storage.blob.aio import BlobServiceClient

# A line for each storage request, with all its headers, would drown, and cost more than, all else that is logged.
logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)

T = TypeVar("T")
ClientT = TypeVar("ClientT", bound=AbstractAsyncContextManager[Any])

TABLE_NAME = "lab"
CONTAINER_NAME = "videos"


def _count(response: Any) -> None:
    """Count one request that the storage answered; the SDK calls this for each, batches as one."""
    request = response.http_request
    service = request.url.split(".", 2)[1] if ".core." in request.url else "local"
    telemetry.record("lab.storage.operations", service=service, method=request.method)


# Three tries within about four seconds: enough for a moved partition, short enough that a storage which is away is
# told to the user instead of waited for; one that takes requests and never answers is told after three read time-outs.
# Nothing here is a paid request, so the SDK may repeat it.
_TABLE_OPTIONS: dict[str, Any] = {
    # Looked up here once: for each request the transport would ask a thread for proxies and one for a .netrc.
    "use_env_settings": bool(getproxies_environment()),
    "retry_total": 2,
    "retry_backoff_factor": 0.2,
    "retry_backoff_max": 2,
    "connection_timeout": 3,
    "read_timeout": 15,
    "raw_response_hook": _count,
}
_BLOB_OPTIONS: dict[str, Any] = {
    "retry_total": 2,
    "initial_backoff": 0,
    "increment_base": 1,
    "random_jitter_range": 1,
    "connection_timeout": 3,
    "read_timeout": 30,
    "raw_response_hook": _count,
}


async def table() -> TableClient:
    """The client of the table `lab`, which exists once this returns."""
    return await _here().table.get()


async def blob_service() -> BlobServiceClient:
    """The asynchronous blob client; its container `videos` exists once this returns."""
    return await _here().blobs.get()


def sync_blob(name: str) -> BlobClient:
    """A blocking client of one blob in `videos`, for what computes in a thread (PyAV)."""
    return _sync_service(_account()).get_blob_client(CONTAINER_NAME, name)


def credential() -> DefaultAzureCredential:
    """The identity of this process, for an account that is named without a key."""
    return _here().credential()


async def close() -> None:
    """Close what the running loop holds open; the next use opens it again."""
    clients = _by_loop.pop(asyncio.get_running_loop(), None)
    if clients:
        await clients.close()


@dataclass
class _Once(Generic[T]):
    """A value made at its first use by one of those who wait for it; a failure is raised and not kept."""

    make: Callable[[], Awaitable[T]]
    value: T | None = None
    making: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self) -> T:
        if self.value is None:
            async with self.making:
                if self.value is None:
                    self.value = await self.make()
        return self.value


class _Clients:
    """What one event loop holds open: sessions of aiohttp belong to the loop that made them."""

    def __init__(self) -> None:
        self._open = AsyncExitStack()
        self._identity: DefaultAzureCredential | None = None
        self.table = _Once(self._make_table)
        self.blobs = _Once(self._make_blobs)

    async def close(self) -> None:
        await self._open.aclose()

    def credential(self) -> DefaultAzureCredential:
        if self._identity is None:
            from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 - cold start

            self._identity = DefaultAzureCredential()
            self._open.push_async_exit(self._identity)
        return self._identity

    async def _make_table(self) -> TableClient:
        where = _account()
        if where.connection_string:
            client = TableClient.from_connection_string(where.connection_string, TABLE_NAME, **_TABLE_OPTIONS)
        else:
            client = TableClient(where.endpoint("table"), TABLE_NAME, credential=self.credential(), **_TABLE_OPTIONS)
        creation = client.create_table()  # pyright: ignore[reportUnknownMemberType] - the SDK leaves kwargs untyped
        return await self._keep(client, creation)

    async def _make_blobs(self) -> BlobServiceClient:
        from azure.storage.blob.aio import BlobServiceClient  # noqa: PLC0415 - cold start

        where = _account()
        if where.connection_string:
            client = BlobServiceClient.from_connection_string(where.connection_string, **_BLOB_OPTIONS)
        else:
            client = BlobServiceClient(where.endpoint("blob"), credential=self.credential(), **_BLOB_OPTIONS)
        creation = client.create_container(CONTAINER_NAME)  # pyright: ignore[reportUnknownMemberType] - as above
        return await self._keep(client, creation)

    async def _keep(self, client: ClientT, creation: Awaitable[object]) -> ClientT:
        """Await the creation of what the client is for, and leave the client open only when that went well."""
        async with AsyncExitStack() as undo:
            await undo.enter_async_context(client)
            with suppress(ResourceExistsError):
                await creation
            self._open.push_async_exit(undo.pop_all())
        return client


@dataclass(frozen=True)
class _Account:
    """The storage account as it is set: by a connection string, or by its name and this process's identity."""

    connection_string: str | None
    name: str | None

    def endpoint(self, service: str) -> str:
        return f"https://{self.name}.{service}.core.windows.net"


def _account() -> _Account:
    chosen = settings()
    secret, name = chosen.storage_connection_string, chosen.storage_account_name
    if (secret is None) == (name is None):
        raise NotConfiguredError("set STORAGE_ACCOUNT_NAME or STORAGE_CONNECTION_STRING, one and not both")
    for fault in configuration().faults:
        if fault.setting == "STORAGE_CONNECTION_STRING":
            raise NotConfiguredError(f"STORAGE_CONNECTION_STRING: {fault.message}")
    return _Account(secret.get_secret_value() if secret else None, name)


_by_loop: dict[asyncio.AbstractEventLoop, _Clients] = {}


def _here() -> _Clients:
    loop = asyncio.get_running_loop()
    if loop not in _by_loop:
        for ended in [other for other in _by_loop if other.is_closed()]:
            del _by_loop[ended]
        _by_loop[loop] = _Clients()
    return _by_loop[loop]


@functools.cache
def _sync_service(where: _Account) -> SyncBlobServiceClient:
    from azure.storage.blob import BlobServiceClient  # noqa: PLC0415 - cold start

    if where.connection_string:
        return BlobServiceClient.from_connection_string(where.connection_string, **_BLOB_OPTIONS)
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - cold start

    return BlobServiceClient(where.endpoint("blob"), credential=DefaultAzureCredential(), **_BLOB_OPTIONS)
