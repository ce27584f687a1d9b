"""Reading a committed blob by ranges, as PyAV does."""

from __future__ import annotations

import io
import random
import struct
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

from shared import blobs, media, storage

if TYPE_CHECKING:
    from tests.conftest import MakeMp4
    from tests.integration.storage.conftest import Wire

MIB = 1024 * 1024


@pytest.fixture(autouse=True)
async def _container(lab_storage: object) -> None:
    """The container is made by the asynchronous side, before anything can be read from it."""
    del lab_storage
    await storage.blob_service()


def _put(name: str, data: bytes) -> None:
    storage.sync_blob(name).upload_blob(data, overwrite=True)


def test_it_reads_like_a_file(name: str) -> None:
    """Whatever is sought and read gives what a file would give, over the borders of ranges and past the end."""
    seed = random.randrange(1 << 32)  # noqa: S311 - positions, not secrets
    chosen = random.Random(seed)  # noqa: S311 - as above
    data = chosen.randbytes(3 * MIB + 77)
    _put(name, data)
    model = io.BytesIO(data)
    with blobs.BlobReader(name) as raw, io.BufferedReader(raw, 16) as reader:
        for _ in range(200):
            whence = chosen.choice([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END])
            low = {io.SEEK_SET: 0, io.SEEK_CUR: -model.tell(), io.SEEK_END: -len(data)}[whence]
            offset, length = chosen.randrange(low, low + len(data) + 10), chosen.choice([1, 1000, MIB, 2 * MIB])
            assert reader.seek(offset, whence) == model.seek(offset, whence), seed
            assert reader.read(length) == model.read(length), seed
            assert reader.tell() == model.tell(), seed


def test_it_refuses_a_place_before_the_start(name: str) -> None:
    """A negative position is an error, as with any file, and moves nothing."""
    _put(name, b"0123456789")
    with blobs.BlobReader(name) as reader:
        reader.seek(4)
        with pytest.raises(ValueError, match="before the start"):
            reader.seek(-5, io.SEEK_CUR)
        assert reader.tell() == 4
        assert reader.read(3) == b"456"


def test_reading_on_asks_for_each_range_once(name: str, wire: Wire) -> None:
    """A blob read from front to back in small pieces costs one request for its length and one a range."""
    _put(name, bytes(3 * MIB + 1))
    wire.sent.clear()
    with blobs.BlobReader(name) as reader:
        while reader.read(32 * 1024):
            pass
    assert wire.answered == ["HEAD", "GET", "GET", "GET", "GET"]


def test_it_holds_a_few_ranges(name: str) -> None:
    """However much is read, no more than the last few ranges are kept."""
    _put(name, bytes(8 * MIB))
    with blobs.BlobReader(name) as reader:
        while reader.read(MIB):
            assert len(reader._ranges) <= blobs.RANGES_KEPT
        assert sum(map(len, reader._ranges.values())) == blobs.RANGES_KEPT * MIB


def test_an_absent_blob_is_told_at_once(name: str) -> None:
    """Opening a blob that is not there raises; it does not look like an empty file."""
    with pytest.raises(ResourceNotFoundError):
        blobs.BlobReader(name)


def test_a_blob_replaced_meanwhile_is_not_mixed(name: str) -> None:
    """When the blob changes between two ranges, reading raises."""
    _put(name, bytes(2 * MIB))
    with blobs.BlobReader(name) as reader:
        assert reader.read(10) == bytes(10)
        _put(name, b"1" * (2 * MIB))
        reader.seek(MIB)
        with pytest.raises(ResourceModifiedError):
            reader.read(10)


def _padded(video: bytes, padding: int) -> bytes:
    """The same video with a long gap between its frames and its index, which stands last."""
    index = video.index(b"moov") - 4
    return video[:index] + struct.pack(">I4s", padding, b"free") + bytes(padding - 8) + video[index:]


def test_a_probe_takes_few_requests(name: str, make_mp4: MakeMp4, wire: Wire) -> None:
    """A probe of a long file with its index at the end costs its length, its beginning and its end, nothing between."""
    _put(name, _padded(make_mp4(index_first=False), 9 * MIB))
    wire.sent.clear()
    with blobs.BlobReader(name) as reader:
        found = media.probe(reader)
    assert isinstance(found, media.Probe)
    assert found.width == 160
    assert wire.answered == ["HEAD", "GET", "GET"]


def test_all_pictures_of_a_short_video_take_one_range(name: str, make_mp4: MakeMp4, wire: Wire) -> None:
    """With one reader for all of them, poster, sprite sheet and GIF of a small file read it once."""
    _put(name, make_mp4())
    wire.sent.clear()
    with blobs.BlobReader(name) as reader:
        made = [media.poster(reader), media.sprite_sheet(reader), media.gif(reader)]
    assert all(isinstance(picture, bytes) for picture in made)
    assert wire.answered == ["HEAD", "GET"]


def test_a_storage_that_fails_is_not_a_broken_video(name: str, make_mp4: MakeMp4) -> None:
    """When a range cannot be read, probing raises what the storage said; it does not blame the video."""
    _put(name, _padded(make_mp4(index_first=False), 3 * MIB))
    with blobs.BlobReader(name) as reader:
        storage.sync_blob(name).delete_blob()
        with pytest.raises((ResourceNotFoundError, ResourceModifiedError)):
            media.probe(reader)
