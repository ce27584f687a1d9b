"""The double and a real Azurite, one after the other, for the rules that both must keep."""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
from azure.data.tables.aio import TableClient
from azure.storage.blob import BlobServiceClient as SyncBlobServiceClient
from azure.storage.blob.aio import BlobServiceClient

from tests.doubles.blobs import FakeContainer
from tests.doubles.tables import FakeTable
from tests.integration.conftest import azurite  # noqa: F401 - the fixture, for this folder too

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KINDS = ("double", "azurite")


@pytest.fixture(params=KINDS)
async def table(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """An empty table."""
    if request.param == "double":
        yield FakeTable()
        return
    running = request.getfixturevalue("azurite")
    name = f"t{secrets.token_hex(8)}"
    async with TableClient.from_connection_string(running.connection_string, name, retry_total=0) as client:
        await client.create_table()
        yield client


class Container:
    """A container's clients, whichever it is."""

    def __init__(self, service: Any, sync_service: Any, name: str) -> None:
        self._service, self._sync, self._name = service, sync_service, name

    def blob(self, name: str) -> Any:
        """The asynchronous client of a blob."""
        return self._service.get_blob_client(self._name, name)

    def list_names(self, prefix: str) -> Any:
        """The names of the blobs that begin so."""
        return self._service.get_container_client(self._name).list_blob_names(name_starts_with=prefix)

    def sync_blob(self, name: str) -> Any:
        """The blocking client of a blob."""
        if isinstance(self._service, FakeContainer):
            return self._service.sync_client(name)
        return self._sync.get_blob_client(self._name, name)


@pytest.fixture(params=KINDS)
async def container(request: pytest.FixtureRequest) -> AsyncIterator[Container]:
    """An empty container named `videos`, or like it."""
    if request.param == "double":
        yield Container(FakeContainer(), None, "videos")
        return
    running = request.getfixturevalue("azurite")
    name = f"c{secrets.token_hex(8)}"
    async with AsyncExitStack() as stack:
        service = BlobServiceClient.from_connection_string(running.connection_string, retry_total=0)
        await stack.enter_async_context(service)
        sync_service = stack.enter_context(SyncBlobServiceClient.from_connection_string(running.connection_string))
        await service.create_container(name)
        yield Container(service, sync_service, name)
