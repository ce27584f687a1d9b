"""Storage clients: made once where they are used, and made again where the first try failed."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import ServiceRequestError

from shared import config, storage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import Azurite, StartAzurite
    from tests.integration.storage.conftest import Wire

pytestmark = pytest.mark.usefixtures("lab_storage")


async def test_the_first_users_share_one_client_and_one_creation(wire: Wire) -> None:
    """However many ask at once, the table is created with one request, and later asking sends none."""
    first, *others = await asyncio.gather(*(storage.table() for _ in range(10)))
    assert all(other is first for other in others)
    assert await storage.table() is first
    assert wire.answered == ["POST"]


async def test_table_and_container_are_there_on_first_use() -> None:
    """What the clients are for exists as soon as one has them."""
    table, service = await storage.table(), await storage.blob_service()
    assert [entity async for entity in table.query_entities("PartitionKey eq 'nobody'")] == []
    assert await service.get_container_client("videos").exists()


async def test_every_loop_has_its_own_clients() -> None:
    """A loop in another thread gets clients of its own, since sessions belong to the loop that made them."""

    async def in_another_loop() -> int:
        client = await storage.table()
        await client.upsert_entity({"PartitionKey": "loops", "RowKey": "other"})
        await storage.close()
        return id(client)

    mine = await storage.table()
    assert await asyncio.to_thread(asyncio.run, in_another_loop()) != id(mine)
    assert (await mine.get_entity("loops", "other"))["RowKey"] == "other"


async def test_what_was_closed_is_opened_again() -> None:
    """Closing ends the clients of this loop; the next use makes new ones."""
    before = await storage.blob_service()
    await storage.close()
    after = await storage.blob_service()
    assert after is not before
    assert await after.get_container_client("videos").exists()


async def test_a_creation_that_failed_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, start_azurite: StartAzurite
) -> None:
    """A storage that is away when it is first asked for is found once it is there."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    where = f"http://127.0.0.1:{port}/devstoreaccount1"
    monkeypatch.setenv(
        "STORAGE_CONNECTION_STRING", f"AccountName=devstoreaccount1;AccountKey=eA==;TableEndpoint={where}"
    )
    config.configuration.cache_clear()
    with pytest.raises(ServiceRequestError):
        await storage.table()
    monkeypatch.setenv("STORAGE_CONNECTION_STRING", start_azurite(tmp_path, table_port=port).connection_string)
    config.configuration.cache_clear()
    assert await (await storage.table()).upsert_entity({"PartitionKey": "a", "RowKey": "b"})


@pytest.mark.parametrize("also_named", [False, True])
async def test_none_or_two_accounts_are_told_in_a_sentence(
    azurite: Azurite, monkeypatch: pytest.MonkeyPatch, *, also_named: bool
) -> None:
    """Exactly one account must be set; what is missing or too much is said, without the secret."""
    if also_named:
        monkeypatch.setenv("STORAGE_ACCOUNT_NAME", "lab")
    else:
        monkeypatch.delenv("STORAGE_CONNECTION_STRING")
    config.configuration.cache_clear()
    for use in (storage.table, storage.blob_service):
        with pytest.raises(
            config.NotConfiguredError, match="STORAGE_ACCOUNT_NAME or STORAGE_CONNECTION_STRING"
        ) as told:
            await use()
        assert azurite.connection_string not in str(told.value)


async def test_a_named_account_is_reached_over_https_with_the_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key the clients speak to the account's own https addresses; no request is needed to know that."""

    async def nothing(*_: object) -> None: ...

    monkeypatch.delenv("STORAGE_CONNECTION_STRING")
    monkeypatch.setenv("STORAGE_ACCOUNT_NAME", "labmedia")
    config.configuration.cache_clear()
    monkeypatch.setattr("azure.data.tables.aio.TableClient.create_table", nothing)
    monkeypatch.setattr("azure.storage.blob.aio.BlobServiceClient.create_container", nothing)
    assert (await storage.table()).url == "https://labmedia.table.core.windows.net"
    service = await storage.blob_service()
    assert service.url == "https://labmedia.blob.core.windows.net/"
    assert service.credential is storage.credential()
