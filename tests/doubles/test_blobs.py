"""What the app relies on in Blob Storage: the double in memory and Azurite keep the same rules."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import BlobBlock, ContentSettings

if TYPE_CHECKING:
    from tests.doubles.conftest import Container

PLAIN = ContentSettings(content_type="text/plain")


async def commit(blob: Any, *ids: str, **settings: Any) -> None:
    """Make a blob of staged blocks where there is none."""
    await blob.commit_block_list(
        [BlobBlock(one) for one in ids],
        content_settings=ContentSettings(content_type="video/mp4", **settings),
        match_condition=MatchConditions.IfMissing,
    )


async def staged(blob: Any, **blocks: bytes) -> None:
    """Stage blocks by id."""
    for name, data in blocks.items():
        await blob.stage_block(name, data, validate_content=True)


async def test_a_blob_is_its_blocks_in_their_order(container: Container) -> None:
    """What is committed is the staged blocks in the order of the list, with its settings."""
    md5 = bytearray(hashlib.md5(b"second first", usedforsecurity=False).digest())
    blob = container.blob("a")
    await staged(blob, b1=b"first", b2=b"second ")
    await commit(blob, "b2", "b1", content_md5=md5)
    found = await blob.get_blob_properties()
    assert (found.size, found.content_settings.content_type) == (12, "video/mp4")
    assert found.content_settings.content_md5 == md5


async def test_staged_blocks_are_no_blob(container: Container) -> None:
    """Before the commit there is nothing to see."""
    await staged(container.blob("a"), b1=b"x")
    with pytest.raises(ResourceNotFoundError):
        await container.blob("a").get_blob_properties()


async def test_a_commit_where_a_blob_is_conflicts(container: Container) -> None:
    """A commit under IfMissing is 409 where a blob is, and changes nothing."""
    blob = container.blob("a")
    await staged(blob, b1=b"one")
    await commit(blob, "b1")
    await staged(blob, b2=b"three")
    with pytest.raises(HttpResponseError) as caught:
        await commit(blob, "b2")
    assert caught.value.status_code == 409
    assert (await blob.get_blob_properties()).size == 3


async def test_a_commit_needs_its_blocks(container: Container) -> None:
    """A list with a block that was never staged is 400."""
    blob = container.blob("a")
    await staged(blob, b1=b"one")
    with pytest.raises(HttpResponseError) as caught:
        await commit(blob, "b1", "b2")
    assert caught.value.status_code == 400


async def test_an_upload_overwrites(container: Container) -> None:
    """A small blob replaces what has its name, and has another ETag then."""
    blob = container.blob("a")
    await blob.upload_blob(b"one", overwrite=True, content_settings=PLAIN, validate_content=True)
    first = (await blob.get_blob_properties()).etag
    await blob.upload_blob(b"three", overwrite=True, content_settings=PLAIN, validate_content=True)
    found = await blob.get_blob_properties()
    assert found.size == 5
    assert found.etag != first


async def test_a_copy_needs_the_version_and_a_free_name(container: Container) -> None:
    """A copy within the account takes the version it names, 412 for another, and 409 where a blob is."""
    source, target = container.blob("a"), container.blob("b")
    await source.upload_blob(b"one", overwrite=True, content_settings=PLAIN)
    etag = (await source.get_blob_properties()).etag

    async def copy(etag: str) -> None:
        await target.start_copy_from_url(
            source.url,
            source_etag=etag,
            source_match_condition=MatchConditions.IfNotModified,
            match_condition=MatchConditions.IfMissing,
        )

    with pytest.raises(ResourceModifiedError):
        await copy('"0x0"')
    await copy(etag)
    found = await target.get_blob_properties()
    assert (found.size, found.copy.status) == (3, "success")
    with pytest.raises(ResourceExistsError):
        await copy(etag)


async def test_a_guarded_deletion_needs_the_version_it_read(container: Container) -> None:
    """A deletion under an ETag is 412 for a later version, 404 where nothing is."""
    blob = container.blob("a")
    await blob.upload_blob(b"one", overwrite=True, content_settings=PLAIN)
    etag = (await blob.get_blob_properties()).etag
    await blob.upload_blob(b"two", overwrite=True, content_settings=PLAIN)
    with pytest.raises(ResourceModifiedError):
        await blob.delete_blob(etag=etag, match_condition=MatchConditions.IfNotModified)
    await blob.delete_blob()
    with pytest.raises(ResourceNotFoundError):
        await blob.delete_blob()


async def test_a_range_is_of_the_version_that_was_opened(container: Container) -> None:
    """A blocking reader gets the range it asks for, of the version it names and of no other."""
    blob = container.blob("a")
    await blob.upload_blob(b"0123456789", overwrite=True, content_settings=PLAIN)
    reader = container.sync_blob("a")
    etag = reader.get_blob_properties().etag
    asked = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
    assert reader.download_blob(2, 3, **asked).readall() == b"234"
    await blob.upload_blob(b"another", overwrite=True, content_settings=PLAIN)
    with pytest.raises(ResourceModifiedError):
        reader.download_blob(2, 3, **asked)


async def test_a_prefix_lists_what_begins_with_it(container: Container) -> None:
    """A list by prefix names every blob that begins so and is committed, in order, and no other."""
    for name in ("day/job_2/0.mp4", "day/job_1/0.mp4", "day/job_1/0.jpg", "day/job_10/0.mp4"):
        await container.blob(name).upload_blob(b"abc", overwrite=True, content_settings=PLAIN)
    await container.blob("day/job_1/1.mp4").stage_block("AAAA", b"abc")
    assert [name async for name in container.list_names("day/job_1/")] == ["day/job_1/0.jpg", "day/job_1/0.mp4"]
