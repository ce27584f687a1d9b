"""An in-memory container of block blobs that answers as Blob Storage does: what shared/blobs.py asks, and no more.

Knows blocks, ETags and conditions; must not know videos. test_blobs.py holds it against Azurite.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobProperties, ContentSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from azure.storage.blob import BlobBlock

ErrorT = TypeVar("ErrorT", bound=HttpResponseError)


@dataclass(frozen=True)
class _Committed:
    data: bytes
    etag: str
    settings: ContentSettings
    copied: bool = False


@dataclass
class FakeContainer:
    """Committed blobs and staged blocks by the name of their blob."""

    committed: dict[str, _Committed] = field(default_factory=dict[str, _Committed])
    staged: dict[str, dict[str, bytes]] = field(default_factory=dict[str, dict[str, bytes]])
    _versions: int = 0

    def get_blob_client(self, container: str, blob: str) -> FakeBlob:
        """Return the asynchronous client of one blob."""
        del container
        return FakeBlob(self, blob)

    def get_container_client(self, container: str) -> FakeContainer:
        """Return the asynchronous client of the container."""
        del container
        return self

    async def list_blob_names(self, *, name_starts_with: str) -> AsyncIterator[str]:
        """Name the committed blobs that begin so, in order."""
        for name in sorted(self.committed):
            if name.startswith(name_starts_with):
                yield name

    def sync_client(self, blob: str) -> FakeSyncBlob:
        """Return the blocking client of one blob."""
        return FakeSyncBlob(self, blob)

    def put(self, name: str, data: bytes, settings: ContentSettings | None, *, copied: bool = False) -> _Committed:
        """Commit a blob; what was staged for it is gone then."""
        self._versions += 1
        written = _Committed(data, f'"0x{self._versions:X}"', settings or ContentSettings(), copied)
        self.committed[name] = written
        self.staged.pop(name, None)
        return written

    def find(self, name: str) -> _Committed:
        """Return a committed blob; ResourceNotFoundError when there is none."""
        found = self.committed.get(name)
        if found is None:
            raise _error(ResourceNotFoundError, 404, "BlobNotFound")
        return found

    def properties(self, name: str) -> BlobProperties:
        """Return a blob's properties, as the SDK writes them."""
        found = self.find(name)
        properties = BlobProperties()
        properties.name, properties.size, properties.etag = name, len(found.data), found.etag
        properties.content_settings = found.settings
        properties.copy.status = "success" if found.copied else None
        return properties


@dataclass(frozen=True)
class FakeBlob:
    """One blob, asked asynchronously."""

    container: FakeContainer
    blob_name: str

    @property
    def url(self) -> str:
        """The address; only a copy within the container reads it."""
        return f"https://account.example/videos/{self.blob_name}"

    async def get_blob_properties(self) -> BlobProperties:
        """Tell size, ETag and content settings."""
        return self.container.properties(self.blob_name)

    async def upload_blob(
        self, data: bytes, *, overwrite: bool, content_settings: ContentSettings, validate_content: bool = False
    ) -> dict[str, Any]:
        """Write a small blob in one request."""
        del validate_content
        if not overwrite and self.blob_name in self.container.committed:
            raise _error(ResourceExistsError, 409, "BlobAlreadyExists")
        return {"etag": self.container.put(self.blob_name, bytes(data), content_settings).etag}

    async def stage_block(self, block_id: str, data: bytes, *, validate_content: bool = False) -> dict[str, Any]:
        """Stage one block; the same id again replaces it."""
        del validate_content
        self.container.staged.setdefault(self.blob_name, {})[block_id] = bytes(data)
        return {}

    async def commit_block_list(
        self, blocks: Sequence[BlobBlock], *, content_settings: ContentSettings, match_condition: MatchConditions
    ) -> dict[str, Any]:
        """Make a blob of staged blocks, where there is none yet."""
        if match_condition == MatchConditions.IfMissing and self.blob_name in self.container.committed:
            raise _error(ResourceExistsError, 409, "BlobAlreadyExists")
        staged = self.container.staged.get(self.blob_name, {})
        if any(block.id not in staged for block in blocks):
            raise _error(HttpResponseError, 400, "InvalidBlockList")
        data = b"".join(staged[block.id] for block in blocks)
        return {"etag": self.container.put(self.blob_name, data, content_settings).etag}

    async def start_copy_from_url(
        self,
        source_url: str,
        *,
        source_etag: str,
        source_match_condition: MatchConditions,
        match_condition: MatchConditions,
    ) -> dict[str, Any]:
        """Copy within the container, where the source is unchanged and the target free."""
        source = self.container.find(source_url.partition("/videos/")[2])
        if source_match_condition == MatchConditions.IfNotModified and source.etag != source_etag:
            raise _error(ResourceModifiedError, 412, "SourceConditionNotMet")
        if match_condition == MatchConditions.IfMissing and self.blob_name in self.container.committed:
            raise _error(ResourceExistsError, 409, "BlobAlreadyExists")
        copy = self.container.put(self.blob_name, source.data, source.settings, copied=True)
        return {"etag": copy.etag, "copy_status": "success"}

    async def delete_blob(self, *, etag: str | None = None, match_condition: MatchConditions | None = None) -> None:
        """Remove the blob, only as it was read where an ETag is given."""
        found = self.container.find(self.blob_name)
        if match_condition == MatchConditions.IfNotModified and found.etag != etag:
            raise _error(ResourceModifiedError, 412, "ConditionNotMet")
        del self.container.committed[self.blob_name]


@dataclass(frozen=True)
class FakeSyncBlob:
    """One blob, asked by what computes in a thread."""

    container: FakeContainer
    blob_name: str

    def get_blob_properties(self) -> BlobProperties:
        """Tell size and ETag."""
        return self.container.properties(self.blob_name)

    def download_blob(self, offset: int, length: int, *, etag: str, match_condition: MatchConditions) -> _Download:
        """Read a range of the version that was opened."""
        found = self.container.find(self.blob_name)
        if match_condition == MatchConditions.IfNotModified and found.etag != etag:
            raise _error(ResourceModifiedError, 412, "ConditionNotMet")
        return _Download(found.data[offset : offset + length])


@dataclass(frozen=True)
class _Download:
    data: bytes

    def readall(self) -> bytes:
        """Return the whole range."""
        return self.data


def _error(kind: type[ErrorT], status: int, code: str) -> ErrorT:
    error = kind(message=code)
    error.status_code = status
    error.error_code = code
    return error
