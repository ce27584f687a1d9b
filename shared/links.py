"""Links that let anybody read one blob for a short while (service SAS), and what a browser calls the file.

Knows signing alone; must not know who may have a link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from shared import clock, storage

if TYPE_CHECKING:
    from azure.storage.blob import UserDelegationKey
    from azure.storage.blob.aio import BlobServiceClient

CLOCK_SKEW: Final = timedelta(minutes=5)
# A signed link must end before the key that signed it; one key serves all links of an hour.
KEY_MARGIN: Final = timedelta(hours=1)
DOWNLOAD_NAME_LENGTH: Final = 150

_delegation_keys: dict[str, tuple[datetime, UserDelegationKey]] = {}


@dataclass(frozen=True, slots=True)
class Link:
    """An address that opens one blob, and when it stops doing so."""

    url: str
    expires_at: datetime


async def sign(name: str, *, download_name: str, content_type: str, inline: bool = False, ttl_s: int) -> Link:
    """Sign a link that reads the blob `name` for `ttl_s` seconds, and answers with this content type and file name.

    The account's key signs where there is one (Azurite), else a user delegation key of this process's identity. The
    blob is not looked up.
    """
    from azure.storage.blob import BlobSasPermissions, generate_blob_sas  # noqa: PLC0415 - cold start

    service = await storage.blob_service()
    blob = service.get_blob_client(storage.CONTAINER_NAME, name)
    now = clock.now()
    # A SAS counts whole seconds: the one that has begun is given, so that the link works for all of its ttl.
    expires_at = (now + timedelta(seconds=ttl_s + 1)).replace(microsecond=0)
    token = generate_blob_sas(
        account_name=str(service.account_name),
        container_name=storage.CONTAINER_NAME,
        blob_name=name,
        permission=BlobSasPermissions(read=True),
        start=now - CLOCK_SKEW,
        expiry=expires_at,
        protocol="https" if blob.url.startswith("https:") else None,
        content_type=content_type,
        content_disposition=content_disposition(download_name, inline=inline),
        **await _signing_key(service, now, expires_at),
    )
    return Link(f"{blob.url}?{token}", expires_at)


def content_disposition(download_name: str, *, inline: bool) -> str:
    """Write the header that names a file: plain ASCII for old clients, and UTF-8 for the rest (RFC 6266, RFC 8187)."""
    name = (
        re.sub(r'[\x00-\x1f\x7f-\x9f"*/:<>?\\|]', "_", download_name).strip(" .")[:DOWNLOAD_NAME_LENGTH] or "download"
    )
    plain = re.sub(r"[^\x20-\x7e]|[%;]", "_", name)
    kind = "inline" if inline else "attachment"
    encoded = quote(name, safe="", errors="replace")
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


async def _signing_key(service: BlobServiceClient, now: datetime, expires_at: datetime) -> dict[str, Any]:
    account_key = getattr(service.credential, "account_key", None)
    if account_key:
        return {"account_key": account_key}
    account = str(service.account_name)
    ends, key = _delegation_keys.get(account, (now, None))
    if key is None or ends < expires_at:
        ends = expires_at + KEY_MARGIN
        key = await service.get_user_delegation_key(now - CLOCK_SKEW, ends)
        _delegation_keys[account] = ends, key
    return {"user_delegation_key": key}
