"""Copying a stream into a blob: all of it or nothing, once, within two blocks."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob.aio import BlobClient

from shared import blobs, media, storage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.conftest import MakeMp4
    from tests.integration.storage.conftest import Wire

pytestmark = [
    pytest.mark.usefixtures("lab_storage"),
    # aiohttp's advice for bodies over 1 MiB; a block is in memory in any case
    pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning"),
]

MIB = 1024 * 1024


def _noise(length: int) -> bytes:
    return random.Random(length).randbytes(length)  # noqa: S311 - noise, not a secret


async def _chunks(body: bytes, length: int = 64 * 1024) -> AsyncIterator[bytes]:
    for start in range(0, len(body), length):
        yield body[start : start + length]


async def _copy(body: bytes, name: str, **given: int | None) -> object:
    expected = given.get("expected_bytes", len(body))
    return await blobs.copy_stream(_chunks(body), name, content_type="video/mp4", expected_bytes=expected)


def _there(name: str) -> bytes:
    return storage.sync_blob(name).download_blob().readall()


def test_names_are_made_of_ids_and_the_day() -> None:
    """A video's blob is found from its job alone, and its pictures stand beside it."""
    name = blobs.video_name("job_01K", datetime(2026, 3, 9, tzinfo=UTC), 2)
    assert name == "2026/03/09/job_01K/2.mp4"
    assert blobs.picture_name(name, "poster") == "2026/03/09/job_01K/2.jpg"
    assert blobs.picture_name(name, "sprite") == "2026/03/09/job_01K/2.sprite.jpg"
    assert blobs.picture_name(name, "gif") == "2026/03/09/job_01K/2.gif"


@pytest.mark.parametrize("length", [1, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1, 9 * MIB])
async def test_a_body_arrives_as_it_was(name: str, length: int) -> None:
    """Bodies of less, just, and more than a block are committed whole, with their type and their checksum."""
    body = _noise(length)
    md5 = hashlib.md5(body, usedforsecurity=False)
    assert await _copy(body, name) == blobs.Copied(length, md5.hexdigest(), already_there=False)
    assert await asyncio.to_thread(_there, name) == body
    properties = storage.sync_blob(name).get_blob_properties()
    assert properties.content_settings.content_type == "video/mp4"
    assert bytes(properties.content_settings.content_md5) == md5.digest()


@pytest.mark.parametrize("chunk_length", [1000, 3 * MIB, 20 * MIB])
async def test_chunks_may_have_any_length(name: str, chunk_length: int) -> None:
    """Chunks smaller and larger than a block, and empty ones, are cut and joined as needed."""
    body = _noise(9 * MIB + 5)

    async def chunks() -> AsyncIterator[bytes]:
        async for chunk in _chunks(body, chunk_length):
            yield b""
            yield chunk

    copied = await blobs.copy_stream(chunks(), name, content_type="video/mp4", expected_bytes=None)
    assert isinstance(copied, blobs.Copied)
    assert await asyncio.to_thread(_there, name) == body


async def test_at_most_two_blocks_are_held(name: str, wire: Wire) -> None:
    """However long the body: what was taken from the stream and is not yet stored is never more than two blocks."""
    body, taken, held = _noise(25 * MIB), 0, 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal taken, held
        async for chunk in _chunks(body):
            taken += len(chunk)
            held = max(held, taken - wire.staged_bytes)
            yield chunk

    await blobs.copy_stream(chunks(), name, content_type="video/mp4", expected_bytes=len(body))
    assert blobs.BLOCK_BYTES < held <= 2 * blobs.BLOCK_BYTES


async def test_no_file_is_written(name: str) -> None:
    """An instance has little disk, and none that lasts: a body goes through memory alone."""
    written: list[object] = []
    is_over = False

    def listen(event: str, about: tuple[object, ...]) -> None:
        if event == "open" and not is_over and isinstance(about[2], int) and about[2] & (os.O_WRONLY | os.O_RDWR):
            written.append(about[0])

    await _copy(b"warm", f"{name}-warm")  # a client made for the first time may open what it likes
    sys.addaudithook(listen)  # stays for good, so it is told when it is over
    try:
        await _copy(_noise(12 * MIB), name)
        listens = len(written)
        os.close(os.open(os.devnull, os.O_WRONLY))
    finally:
        is_over = True
    assert (listens, written) == (0, [os.devnull])


async def test_every_block_carries_its_checksum(name: str, wire: Wire) -> None:
    """A block that is damaged on its way would be refused: each one is sent with its MD5."""
    await _copy(_noise(9 * MIB), name)
    blocks = [headers for kind, headers in wire.sent if kind == "PUT block"]
    assert len(blocks) == 3
    assert all("Content-MD5" in headers for headers in blocks)


@pytest.mark.parametrize(
    ("body", "expected_bytes"),
    [(b"", None), (b"", 0), (b"", 100), (_noise(99), 100), (_noise(101), 100), (_noise(5 * MIB), 9 * MIB)],
    ids=["empty", "empty as told", "empty, not as told", "short", "long", "short of blocks"],
)
async def test_a_body_of_another_length_is_not_committed(name: str, body: bytes, expected_bytes: int | None) -> None:
    """A body that is empty or not as long as it was said to be is told as incomplete, and leaves no blob."""
    copied = await _copy(body, name, expected_bytes=expected_bytes)
    assert copied == blobs.Incomplete(len(body), expected_bytes)
    assert await blobs.blob_length(name) is None


async def test_a_stream_that_breaks_leaves_nothing(name: str) -> None:
    """What the stream raises goes up as it is; no blob is there and nothing goes on in the background."""

    async def chunks() -> AsyncIterator[bytes]:
        yield _noise(5 * MIB)
        raise ConnectionResetError("the provider hung up")

    with pytest.raises(ConnectionResetError, match="hung up"):
        await blobs.copy_stream(chunks(), name, content_type="video/mp4", expected_bytes=9 * MIB)
    assert await blobs.blob_length(name) is None
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_storage_that_refuses_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the storage raises goes up as it is, and the stream is not read to its end for nothing."""
    await storage.blob_service()
    monkeypatch.setattr(storage, "CONTAINER_NAME", "no-such-container")
    taken = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal taken
        async for chunk in _chunks(_noise(40 * MIB), MIB):
            taken += len(chunk)
            yield chunk

    with pytest.raises(ResourceNotFoundError):
        await blobs.copy_stream(chunks(), name, content_type="video/mp4", expected_bytes=40 * MIB)
    assert taken <= 3 * blobs.BLOCK_BYTES


async def test_a_repeat_finds_its_blob_there(name: str) -> None:
    """An activity that runs again copies again, and finds that it is done."""
    body = _noise(5 * MIB)
    first, second = await _copy(body, name), await _copy(body, name)
    assert isinstance(first, blobs.Copied)
    assert second == blobs.Copied(first.bytes, first.md5, already_there=True)


async def test_a_lost_reply_to_the_commit_is_success(name: str, wire: Wire) -> None:
    """A commit that was carried out but not answered is sent again by the SDK, and the blob in the way is our own."""
    body = _noise(5 * MIB)
    wire.lose_reply_of = {"PUT blocklist"}
    copied = await _copy(body, name)
    assert isinstance(copied, blobs.Copied)
    assert wire.answered.count("PUT blocklist") == 2
    assert await asyncio.to_thread(_there, name) == body


async def test_a_lost_reply_to_a_block_stages_it_again(name: str, wire: Wire) -> None:
    """A block whose reply was lost is sent again under the same id, and counts once."""
    body = _noise(9 * MIB)
    wire.lose_reply_of = {"PUT block"}
    assert isinstance(await _copy(body, name), blobs.Copied)
    assert wire.answered.count("PUT block") == 4
    assert await asyncio.to_thread(_there, name) == body


async def test_copies_at_once_make_one_blob(name: str) -> None:
    """An activity that runs several times at once: each succeeds, one of them committed, and the blob is whole."""
    body = _noise(13 * MIB)
    copies = await asyncio.gather(*(_copy(body, name) for _ in range(3)))
    assert sorted(copied.already_there for copied in copies if isinstance(copied, blobs.Copied)) == [False, True, True]
    assert await asyncio.to_thread(_there, name) == body


async def test_a_cut_copy_at_the_same_time_does_no_harm(name: str, wire: Wire) -> None:
    """A copy that is cut while another is at work never leaves its shorter block in the other one's blob."""
    body, is_cut = _noise(9 * MIB), asyncio.Event()

    async def whole() -> AsyncIterator[bytes]:
        yield body[: 8 * MIB]  # two blocks, the second of which is sent while the third is begun
        yield body[8 * MIB : 8 * MIB + 10]
        await is_cut.wait()
        yield body[8 * MIB + 10 :]

    async def copy_cut() -> object:
        while wire.staged_bytes < 8 * MIB:  # noqa: ASYNC110 - the wire tells nobody; the test's time-out is the deadline
            await asyncio.sleep(0.01)
        copied = await _copy(body[: 6 * MIB], name, expected_bytes=len(body))
        is_cut.set()
        return copied

    copied, incomplete = await asyncio.gather(
        blobs.copy_stream(whole(), name, content_type="video/mp4", expected_bytes=len(body)), copy_cut()
    )
    assert isinstance(incomplete, blobs.Incomplete)
    assert isinstance(copied, blobs.Copied)
    assert await asyncio.to_thread(_there, name) == body


async def test_a_blob_of_another_length_is_told_and_left(name: str) -> None:
    """When the name is taken by something else, that is said; it is not overwritten."""
    await _copy(b"something else", name)
    assert await _copy(_noise(100), name) == blobs.Differs(100, len("something else"))
    assert await asyncio.to_thread(_there, name) == b"something else"


async def test_small_pictures_are_written_over(name: str) -> None:
    """A poster made again replaces the one before."""
    poster = blobs.picture_name(name, "poster")
    await blobs.put_small(poster, b"first", "image/jpeg")
    await blobs.put_small(poster, b"second one", "image/jpeg")
    assert await blobs.blob_length(poster) == 10
    assert storage.sync_blob(poster).get_blob_properties().content_settings.content_type == "image/jpeg"


def _probe(name: str) -> tuple[object, str]:
    with blobs.BlobReader(name) as reader:
        return media.probe(reader), reader.etag


@pytest.mark.parametrize("spoil", [lambda v: v[:-50], lambda v: bytes(len(v))], ids=["cut", "zeros"])
async def test_a_body_that_does_not_probe_is_set_aside_and_replaced(
    name: str, make_mp4: MakeMp4, spoil: Callable[[bytes], bytes]
) -> None:
    """A spoilt body is kept under another name, and the whole one takes its place."""
    whole = make_mp4()
    spoilt = spoil(whole)
    await _copy(spoilt, name)
    found, etag = await asyncio.to_thread(_probe, name)
    assert isinstance(found, media.NotAVideo)
    aside = await blobs.set_aside(name, etag=etag)
    assert aside
    assert aside.startswith(f"{name}.rejected-")
    assert await blobs.blob_length(name) is None
    assert await asyncio.to_thread(_there, aside) == spoilt
    assert isinstance(await _copy(whole, name), blobs.Copied)
    found, _ = await asyncio.to_thread(_probe, name)
    assert isinstance(found, media.Probe)


async def test_setting_aside_twice_spares_the_fresh_copy(name: str) -> None:
    """A late duplicate that still means the spoilt body leaves the one that replaced it alone."""
    await _copy(b"spoilt", name)
    etag = storage.sync_blob(name).get_blob_properties().etag
    assert await blobs.set_aside(name, etag=etag)
    assert await blobs.set_aside(name, etag=etag) is None
    await _copy(b"fresh", name)
    assert await blobs.set_aside(name, etag=etag) is None
    assert await asyncio.to_thread(_there, name) == b"fresh"


async def test_setting_aside_at_once_keeps_one_copy(name: str) -> None:
    """Several that set the same body aside at once leave one copy of it, and the name free."""
    await _copy(b"spoilt", name)
    aside = {kept for kept in await asyncio.gather(*(blobs.set_aside(name) for _ in range(3))) if kept}
    assert len(aside) == 1
    assert await blobs.blob_length(name) is None
    assert await asyncio.to_thread(_there, aside.pop()) == b"spoilt"


async def test_setting_aside_goes_on_where_it_stopped(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Setting aside that died between its copy and its deletion is finished by the next try, with the same copy."""

    async def die(*_: object, **__: object) -> None:
        raise ConnectionResetError

    await _copy(b"spoilt", name)
    with monkeypatch.context() as dying:
        dying.setattr(BlobClient, "delete_blob", die)
        with pytest.raises(ConnectionResetError):
            await blobs.set_aside(name)
    aside = await blobs.set_aside(name)
    container = (await storage.blob_service()).get_container_client(storage.CONTAINER_NAME)
    assert [kept async for kept in container.list_blob_names(name_starts_with=name)] == [aside]


async def test_a_lost_reply_to_the_deletion_is_success(name: str, wire: Wire) -> None:
    """A deletion that was carried out but not answered finds nothing to delete when the SDK repeats it."""
    await _copy(b"spoilt", name)
    wire.lose_reply_of = {"DELETE"}
    aside = await blobs.set_aside(name)
    assert aside
    assert await asyncio.to_thread(_there, aside) == b"spoilt"
