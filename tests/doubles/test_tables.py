"""What the app relies on in Table Storage: the double in memory and Azurite keep the same rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import RequestTooLargeError, TableTransactionError, UpdateMode

REPLACE = {"mode": UpdateMode.REPLACE}
MERGE = {"mode": UpdateMode.MERGE}


def row(key: str, partition: str = "p", **values: Any) -> dict[str, Any]:
    """A row to be written."""
    return {"PartitionKey": partition, "RowKey": key, **values}


def guard(etag: str, **more: Any) -> dict[str, Any]:
    """What makes a write depend on a version."""
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified, **more}


async def etag_of(table: Any, key: str) -> str:
    """The version of a row."""
    return (await table.get_entity("p", key)).metadata["etag"]


async def refused(table: Any, *operations: Any) -> tuple[int, int]:
    """The status of a batch that is refused, and which of its operations was at fault."""
    with pytest.raises(TableTransactionError) as caught:
        await table.submit_transaction(list(operations))
    return caught.value.status_code or 0, caught.value.index


async def keys(table: Any, comparison: str, start: str, end: str, *, top: int, partition: str = "p") -> list[list[str]]:
    """The keys of a range, page by page."""
    query = table.query_entities(
        f"PartitionKey eq @partition and RowKey {comparison} @start and RowKey lt @end",
        parameters={"partition": partition, "start": start, "end": end},
        results_per_page=top,
    )
    return [[entity["RowKey"] async for entity in page] async for page in query.by_page()]


async def test_values_come_back_as_they_were_written(table: Any) -> None:
    """Texts, numbers, booleans and times come back equal; what is None is no property."""
    at = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=2)))
    await table.submit_transaction([("create", row("a", text="é😀", n=-7, x=0.5, yes=True, at=at, none=None))])
    found = await table.get_entity("p", "a")
    assert dict(found) == row("a", text="é😀", n=-7, x=0.5, yes=True, at=at)
    assert found["at"].utcoffset() == UTC.utcoffset(None)


async def test_a_row_that_is_not_there_is_not_found(table: Any) -> None:
    """Reading a row that is not there raises ResourceNotFoundError."""
    with pytest.raises(ResourceNotFoundError):
        await table.get_entity("p", "a")


async def test_create_refuses_a_row_that_is_there(table: Any) -> None:
    """An insert of a row that is there is 409, names its operation, and writes nothing of its batch."""
    await table.submit_transaction([("create", row("a"))])
    assert await refused(table, ("create", row("b")), ("create", row("a", x=2))) == (409, 1)
    with pytest.raises(ResourceNotFoundError):
        await table.get_entity("p", "b")
    assert "x" not in await table.get_entity("p", "a")


async def test_every_write_changes_the_etag(table: Any) -> None:
    """Each write of a row gives it another ETag, whatever it writes."""
    await table.submit_transaction([("create", row("a"))])
    first = await etag_of(table, "a")
    await table.submit_transaction([("upsert", row("a"), REPLACE)])
    assert await etag_of(table, "a") != first


async def test_a_guarded_update_needs_the_version_it_read(table: Any) -> None:
    """An update under an ETag replaces that version, and is 412 for every later one."""
    await table.submit_transaction([("create", row("a", x=1, y=1))])
    read = await etag_of(table, "a")
    await table.submit_transaction([("update", row("a", x=2), guard(read, **REPLACE))])
    assert dict(await table.get_entity("p", "a")) == row("a", x=2)
    assert await refused(table, ("create", row("b")), ("update", row("a", x=3), guard(read, **REPLACE))) == (412, 1)


async def test_updates_and_deletions_need_a_row(table: Any) -> None:
    """Updating, merging or deleting a row that is not there is 404."""
    assert await refused(table, ("update", row("a"), guard('W/"x"', **REPLACE))) == (404, 0)
    assert await refused(table, ("update", row("a"), MERGE)) == (404, 0)
    assert await refused(table, ("delete", row("a"))) == (404, 0)


async def test_a_guarded_deletion_needs_the_version_it_read(table: Any) -> None:
    """A deletion under an ETag is 412 for a later version; without one it takes any."""
    await table.submit_transaction([("create", row("a"))])
    read = await etag_of(table, "a")
    await table.submit_transaction([("upsert", row("a"), REPLACE)])
    assert await refused(table, ("delete", row("a"), guard(read))) == (412, 0)
    await table.submit_transaction([("delete", row("a"))])
    with pytest.raises(ResourceNotFoundError):
        await table.get_entity("p", "a")


async def test_upsert_replaces_and_merge_adds(table: Any) -> None:
    """An upsert in replace mode leaves nothing of what was there; a merge changes only what it names."""
    await table.submit_transaction([("upsert", row("a", x=1, y=1), REPLACE)])
    await table.submit_transaction([("update", row("a", y=2, z=3), MERGE)])
    assert dict(await table.get_entity("p", "a")) == row("a", x=1, y=2, z=3)
    await table.submit_transaction([("upsert", row("a", z=4), REPLACE)])
    assert dict(await table.get_entity("p", "a")) == row("a", z=4)


async def test_one_row_is_written_without_a_batch(table: Any) -> None:
    """An insert of a row that is there is 409, a merge into one that is not 404; else they write as in a batch."""
    await table.create_entity(row("a", x=1, y=1))
    with pytest.raises(ResourceExistsError) as there:
        await table.create_entity(row("a", x=2))
    await table.update_entity(row("a", y=2), mode=UpdateMode.MERGE)
    assert dict(await table.get_entity("p", "a")) == row("a", x=1, y=2)
    with pytest.raises(ResourceNotFoundError) as missing:
        await table.update_entity(row("b", y=2), mode=UpdateMode.MERGE)
    assert (there.value.status_code, missing.value.status_code) == (409, 404)


async def test_one_row_keeps_the_limits_of_a_batch(table: Any) -> None:
    """A text of more than 32 Ki units and a key with a slash are 400, a wide integer a TypeError, by itself too."""
    for refused_row in (row("a", x="x" * 32_769), row("a/b")):
        with pytest.raises(HttpResponseError) as caught:
            await table.create_entity(refused_row)
        assert caught.value.status_code == 400
    with pytest.raises(TypeError):
        await table.create_entity(row("a", x=2**31))


async def test_a_batch_names_no_row_twice(table: Any) -> None:
    """Two operations on one row in a batch are 400."""
    assert await refused(table, ("create", row("a")), ("upsert", row("a"), REPLACE)) == (400, 1)


async def test_a_batch_has_one_partition(table: Any) -> None:
    """Rows of two partitions in a batch are a ValueError, and nothing is sent."""
    with pytest.raises(ValueError, match="Partition Keys"):
        await table.submit_transaction([("create", row("a")), ("create", row("a", "q"))])


async def test_a_batch_has_at_most_100_operations(table: Any) -> None:
    """A hundred operations are written together; a hundred and one are not (Azurite breaks the reply off)."""
    await table.submit_transaction([("create", row(f"{n:03}")) for n in range(100)])
    with pytest.raises(Exception):  # noqa: B017, PT011 - 400 on Azure, a broken reply on Azurite
        await table.submit_transaction([("create", row(f"x{n:03}")) for n in range(101)])
    assert await keys(table, "ge", "x", "y", top=1000) == [[]]


async def test_a_batch_has_at_most_4_mib(table: Any) -> None:
    """A batch of more than 4 MiB is 413."""
    entities = [row(f"{n}", **{f"x{i}": "x" * 32_000 for i in range(15)}) for n in range(10)]
    with pytest.raises(RequestTooLargeError):
        await table.submit_transaction([("create", entity) for entity in entities])


async def test_a_text_has_at_most_32_ki_units(table: Any) -> None:
    """A text of 32 Ki UTF-16 units is taken, one more is 400."""
    await table.submit_transaction([("create", row("a", x="x" * 32_768))])
    assert await refused(table, ("create", row("b", x="x" * 32_769))) == (400, 0)


async def test_integers_have_32_bits(table: Any) -> None:
    """A plain integer that needs more than 32 bits is a TypeError."""
    with pytest.raises(TypeError):
        await table.submit_transaction([("create", row("a", x=2**31))])


async def test_keys_hold_no_slash(table: Any) -> None:
    """A key with a slash is 400."""
    assert await refused(table, ("create", row("a/b"))) == (400, 0)


async def test_a_range_is_in_the_order_of_keys(table: Any) -> None:
    """A range gives keys in order, from its start or behind it, up to its end, a page at a time."""
    for key in ("b!2", "a!1", "b!1", "b!3", "b~", "c!1"):
        await table.submit_transaction([("create", row(key))])
    await table.submit_transaction([("create", row("b!9", "q"))])
    assert await keys(table, "ge", "b!", "b!~", top=2) == [["b!1", "b!2"], ["b!3"]]
    assert await keys(table, "gt", "b!1", "b!~", top=10) == [["b!2", "b!3"]]
    assert await keys(table, "ge", "b!", "b!~", top=10, partition="nobody") == [[]]


async def test_a_range_may_bring_keys_alone(table: Any) -> None:
    """What is not selected does not travel; the ETag does."""
    await table.submit_transaction([("create", row("a", text="long"))])
    parameters = {"partition": "p", "start": "a", "end": "b"}
    bounds = "PartitionKey eq @partition and RowKey ge @start and RowKey lt @end"
    [found] = [
        one
        async for page in table.query_entities(bounds, parameters=parameters, select="RowKey").by_page()
        async for one in page
    ]
    assert dict(found) == {"RowKey": "a"}
    assert found.metadata["etag"] == (await table.get_entity("p", "a")).metadata["etag"]


async def test_an_empty_batch_is_refused(table: Any) -> None:
    """A batch without operations is an error."""
    with pytest.raises(HttpResponseError):
        await table.submit_transaction([])
