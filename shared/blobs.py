"""The videos' blobs: their names, how a stream is copied into one, and how one is read back.

Names are made of ids alone. Must not know providers, tables or links.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError

from shared import storage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from azure.storage.blob import BlobProperties
    from azure.storage.blob.aio import BlobClient
    from typing_extensions import Buffer

BLOCK_BYTES: Final = 4 * 1024 * 1024
READ_AHEAD_BYTES: Final = 1024 * 1024
RANGES_KEPT: Final = 4
SERVER_COPY_WITHIN_S: Final = 60

PictureKind = Literal["poster", "sprite", "gif"]
PICTURE_TYPES: dict[PictureKind, str] = {"poster": "image/jpeg", "sprite": "image/jpeg", "gif": "image/gif"}
_PICTURE_SUFFIX: dict[PictureKind, str] = {"poster": ".jpg", "sprite": ".sprite.jpg", "gif": ".gif"}


@dataclass(frozen=True, slots=True)
class Copied:
    """The whole body is committed, by this copy or by an earlier one of the same length."""

    bytes: int
    md5: str | None
    already_there: bool


@dataclass(frozen=True, slots=True)
class Incomplete:
    """The body ended too early (or was empty); nothing is committed."""

    received_bytes: int
    expected_bytes: int | None


@dataclass(frozen=True, slots=True)
class Differs:
    """A blob of another length already has this name; it was left as it is. Probe it, set it aside, copy again."""

    received_bytes: int
    bytes_there: int


def video_name(job_id: str, created_at: datetime, n: int) -> str:
    """Name the n-th video of a job within the container."""
    return f"{_folder(job_id, created_at)}{n}.mp4"


def _folder(job_id: str, created_at: datetime) -> str:
    return f"{created_at:%Y/%m/%d}/{job_id}/"


def picture_name(video_name: str, kind: PictureKind) -> str:
    """Name a picture that stands beside its video."""
    return video_name.removesuffix(".mp4") + _PICTURE_SUFFIX[kind]


async def copy_stream(
    chunks: AsyncIterator[bytes], name: str, *, content_type: str, expected_bytes: int | None
) -> Copied | Incomplete | Differs:
    """Copy `chunks` into the block blob `name`, all of it or nothing, holding at most two blocks.

    May be repeated and may run twice at once: one of them commits, the other finds its blob there. What the stream or
    the storage raises goes up, and nothing is committed then.
    """
    blob = await _blob(name)
    staged = await _stage(chunks, blob)
    if staged.bytes == 0 or expected_bytes not in {None, staged.bytes}:
        return Incomplete(staged.bytes, expected_bytes)
    return await _commit(blob, staged, content_type)


async def blob_length(name: str) -> int | None:
    """The bytes of a committed blob, None when there is none."""
    properties = await _properties(await _blob(name))
    return properties.size if properties else None


async def put_small(name: str, data: bytes, content_type: str) -> None:
    """Write a small blob in one request, over whatever has that name."""
    from azure.storage.blob import ContentSettings  # noqa: PLC0415 - cold start

    blob = await _blob(name)
    settings = ContentSettings(content_type=content_type)
    await blob.upload_blob(data, overwrite=True, content_settings=settings, validate_content=True)


async def remove(name: str) -> None:
    """Delete a blob; one that is gone already stays so."""
    with suppress(ResourceNotFoundError):
        await (await _blob(name)).delete_blob()


async def remove_all(job_id: str, created_at: datetime) -> None:
    """Delete every blob of a job: videos, pictures, what was set aside. A list request and one for each blob."""
    container = (await storage.blob_service()).get_container_client(storage.CONTAINER_NAME)
    names = [name async for name in container.list_blob_names(name_starts_with=_folder(job_id, created_at))]
    for name in names:
        await remove(name)


async def set_aside(name: str, *, etag: str | None = None) -> str | None:
    """Rename a blob that does not probe to `{name}.rejected-{its etag}`, so that a fresh copy can take its place.

    `etag` (of the reader that probed it) keeps a newer copy of the same name safe. Returns the new name, None when
    there was nothing to set aside: somebody else did it, or the blob is a newer one. A repeat finishes what was begun.
    """
    blob = await _blob(name)
    properties = await _properties(blob)
    if properties is None or etag not in {None, properties.etag}:
        return None
    version = properties.etag.strip('"').lower()
    aside = await _blob(f"{name}.rejected-{version}")
    with suppress(ResourceExistsError):
        try:
            await aside.start_copy_from_url(
                blob.url,
                source_etag=properties.etag,
                source_match_condition=MatchConditions.IfNotModified,
                match_condition=MatchConditions.IfMissing,
            )
        except (ResourceNotFoundError, ResourceModifiedError):
            return None
    await _wait_for_copy(aside)
    with suppress(ResourceNotFoundError, ResourceModifiedError):
        await blob.delete_blob(etag=properties.etag, match_condition=MatchConditions.IfNotModified)
    return aside.blob_name


class BlobReader(io.RawIOBase):
    """A committed blob as a seekable file, read by ranges of `READ_AHEAD_BYTES`; blocking, so use it in a thread.

    Every range is asked of the version that was opened: a blob replaced meanwhile raises instead of mixing the two.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._blob = storage.sync_blob(name)
        properties = self._blob.get_blob_properties()
        self.bytes: int = properties.size
        self.etag: str = properties.etag
        self._position = 0
        self._ranges: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        """Blobs are read here, not written."""
        return True

    def seekable(self) -> bool:
        """Any range can be asked for."""
        return True

    def tell(self) -> int:
        """The position of the next read."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, without a request; a position past the end reads nothing."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.bytes}[whence]
        if start + offset < 0:
            raise ValueError(f"cannot seek to {start + offset}, before the start of the blob")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill as much of the buffer as the range at this position holds; 0 at the end."""
        if self._position >= self.bytes:
            return 0
        index, start = divmod(self._position, READ_AHEAD_BYTES)
        target = memoryview(buffer).cast("B")
        found = self._range(index)[start : start + len(target)]
        target[: len(found)] = found
        self._position += len(found)
        return len(found)

    def _range(self, index: int) -> bytes:
        if index not in self._ranges:
            self._ranges[index] = self._blob.download_blob(
                index * READ_AHEAD_BYTES,
                min(READ_AHEAD_BYTES, self.bytes - index * READ_AHEAD_BYTES),
                etag=self.etag,
                match_condition=MatchConditions.IfNotModified,
            ).readall()
            if len(self._ranges) > RANGES_KEPT:
                self._ranges.popitem(last=False)
        self._ranges.move_to_end(index)
        return self._ranges[index]


@dataclass(frozen=True, slots=True)
class _Staged:
    block_ids: list[str]
    bytes: int
    md5: bytes


async def _blob(name: str) -> BlobClient:
    return (await storage.blob_service()).get_blob_client(storage.CONTAINER_NAME, name)


async def _properties(blob: BlobClient) -> BlobProperties | None:
    try:
        return await blob.get_blob_properties()
    except ResourceNotFoundError:
        return None


async def _stage(chunks: AsyncIterator[bytes], blob: BlobClient) -> _Staged:
    """Stage the body block by block: one is sent while the next is filled.

    A block's id holds its index and the hash of the body up to its end. So a repeat stages the same ids over again, and
    two copies at once whose bodies differ can never commit each other's blocks.
    """
    md5, total, block_ids = hashlib.md5(usedforsecurity=False), 0, list[str]()
    sending: asyncio.Future[dict[str, object]] | None = None
    try:
        async for block in _blocks(chunks):
            md5.update(block)
            total += len(block)
            block_ids.append(f"{len(block_ids):05}-{md5.hexdigest()}")
            if sending:
                await sending
            sending = asyncio.ensure_future(blob.stage_block(block_ids[-1], bytes(block), validate_content=True))
        if sending:
            await sending
    finally:
        if sending and not sending.done():
            sending.cancel()
            await asyncio.wait([sending])
    return _Staged(block_ids, total, md5.digest())


async def _blocks(chunks: AsyncIterator[bytes]) -> AsyncIterator[memoryview]:
    """Cut the stream into blocks; each is a view of one buffer, good until the next is asked for."""
    buffer = memoryview(bytearray(BLOCK_BYTES))
    filled = 0
    async for chunk in chunks:
        rest = memoryview(chunk)
        while rest:
            taken = min(len(rest), BLOCK_BYTES - filled)
            buffer[filled : filled + taken] = rest[:taken]
            filled, rest = filled + taken, rest[taken:]
            if filled == BLOCK_BYTES:
                yield buffer
                filled = 0
    if filled:
        yield buffer[:filled]


async def _commit(blob: BlobClient, staged: _Staged, content_type: str) -> Copied | Differs:
    from azure.storage.blob import BlobBlock, ContentSettings  # noqa: PLC0415 - cold start

    try:
        await blob.commit_block_list(
            [BlobBlock(block_id) for block_id in staged.block_ids],
            content_settings=ContentSettings(content_type=content_type, content_md5=bytearray(staged.md5)),
            match_condition=MatchConditions.IfMissing,
        )
    except HttpResponseError:
        # A repeat, a lost reply that the SDK repeated, or another copy that was first (its commit also discards the
        # blocks staged here): what is there decides, not which of these it was.
        there = await _properties(blob)
        if there is None:
            raise
        if there.size != staged.bytes:
            return Differs(staged.bytes, there.size)
        md5 = there.content_settings.content_md5
        return Copied(there.size, bytes(md5).hex() if md5 else None, already_there=True)
    return Copied(staged.bytes, staged.md5.hex(), already_there=False)


async def _wait_for_copy(target: BlobClient) -> None:
    async with asyncio.timeout(SERVER_COPY_WITHIN_S):
        while (copy := (await target.get_blob_properties()).copy).status == "pending":  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.5)
    if copy.status != "success":
        raise HttpResponseError(f"the storage service could not copy to {target.blob_name}: {copy.status_description}")
