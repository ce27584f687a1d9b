"""Links that let anybody read one blob for a while, tried with clients that know nothing of Azure."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from azure.storage.blob import UserDelegationKey

from shared import blobs, clock, links, storage

if TYPE_CHECKING:
    from datetime import datetime

BODY = bytes(range(256)) * 4
EXPIRES_WITHIN_S = 20


@pytest.fixture
async def stored(name: str, lab_storage: object) -> str:
    """A blob to link to."""
    del lab_storage
    await blobs.put_small(name, BODY, "application/octet-stream")
    return name


async def _sign(name: str, *, ttl_s: int = 60, download_name: str = "a.mp4", inline: bool = False) -> links.Link:
    return await links.sign(name, download_name=download_name, content_type="video/mp4", inline=inline, ttl_s=ttl_s)


async def test_a_link_opens_the_blob(stored: str) -> None:
    """Whoever has the link reads the blob, with the content type and the file name that were signed."""
    link = await _sign(stored, download_name="A cat.mp4")
    async with httpx.AsyncClient() as anybody:
        reply = await anybody.get(link.url)
        part = await anybody.get(link.url, headers={"Range": "bytes=10-19"})
    assert (reply.status_code, reply.content) == (200, BODY)
    assert reply.headers["content-type"] == "video/mp4"
    assert reply.headers["content-disposition"] == "attachment; filename=\"A cat.mp4\"; filename*=UTF-8''A%20cat.mp4"
    assert (part.status_code, part.content) == (206, BODY[10:20])


@pytest.mark.skipif(not shutil.which("curl"), reason="needs the program curl; install it to run this")
async def test_a_link_works_with_plain_curl(stored: str) -> None:
    """The link is all that curl needs."""
    link = await _sign(stored)
    got = await asyncio.to_thread(subprocess.run, ["curl", "-sSf", link.url], capture_output=True, check=True)
    assert got.stdout == BODY


async def test_a_link_stops_when_it_says(stored: str) -> None:
    """A link works until it expires, then no longer, and says beforehand when that is."""
    asked_at = clock.now()
    link = await _sign(stored, ttl_s=2)
    assert timedelta(seconds=2) <= link.expires_at - asked_at <= timedelta(seconds=4)
    async with httpx.AsyncClient() as anybody, asyncio.timeout(EXPIRES_WITHIN_S):
        assert (await anybody.get(link.url)).status_code == 200
        while (reply := await anybody.get(link.url)).status_code == 200:  # noqa: ASYNC110 - nobody tells, one asks
            await asyncio.sleep(0.1)
    assert reply.status_code == 403
    assert clock.now() >= link.expires_at


async def test_a_link_reads_and_nothing_else(stored: str) -> None:
    """A link neither writes, nor deletes, nor lists, nor opens another blob, nor can it be prolonged."""
    link = await _sign(stored)
    other = stored.replace("/0.mp4", "/1.mp4")
    await blobs.put_small(other, b"secret", "video/mp4")
    year_later = link.url.replace(f"se={link.expires_at:%Y}", f"se={link.expires_at.year + 1}")
    assert year_later != link.url
    async with httpx.AsyncClient() as anybody:
        refused = [
            await anybody.put(link.url, content=b"x", headers={"x-ms-blob-type": "BlockBlob"}),
            await anybody.delete(link.url),
            await anybody.get(link.url.replace(stored, other)),
            await anybody.get(link.url.replace(f"/{stored}", "") + "&restype=container&comp=list"),
            await anybody.get(year_later),
            await anybody.get(link.url.split("?")[0]),
        ]
    assert [reply.status_code for reply in refused[:5]] == [403] * 5
    assert refused[5].status_code in {401, 403, 404}
    assert storage.sync_blob(stored).download_blob().readall() == BODY


@pytest.mark.parametrize(
    ("download_name", "expected"),
    [
        ("Überraschung 🎬.mp4", "Überraschung 🎬.mp4"),
        ('a"b\\c/d\r\nSet-Cookie: x=1.mp4', "a_b_c_d__Set-Cookie_ x=1.mp4"),
        ("100% of it; filename=evil.exe.mp4", "100% of it; filename=evil.exe.mp4"),
        ("...", "download"),
        ("\ud800lonely.mp4", "?lonely.mp4"),
        ("x" * 500, "x" * 150),
    ],
    ids=["unicode", "breaks the header", "reserved signs", "nothing left", "half a character", "long"],
)
async def test_any_file_name_arrives_safely(stored: str, download_name: str, expected: str) -> None:
    """A name is told in UTF-8 as it is, but for what could leave its header or its folder."""
    link = await _sign(stored, download_name=download_name, inline=True)
    async with httpx.AsyncClient() as anybody:
        reply = await anybody.get(link.url)
    assert reply.status_code == 200
    told = re.fullmatch(
        r"""inline; filename="[^"\\;%]+"; filename\*=UTF-8''(\S+)""", reply.headers["content-disposition"]
    )
    assert told
    assert unquote(told[1]) == expected
    assert "set-cookie" not in reply.headers


class _FakeIdentityService:
    """A blob service of an account reached with an identity; it tells which keys it was asked for."""

    account_name = "labmedia"
    credential = object()

    def __init__(self) -> None:
        self.asked: list[tuple[datetime, datetime]] = []

    def get_blob_client(self, container: str, name: str) -> SimpleNamespace:
        return SimpleNamespace(url=f"https://labmedia.blob.core.windows.net/{container}/{name}")

    async def get_user_delegation_key(self, start: datetime, expiry: datetime) -> UserDelegationKey:
        self.asked.append((start, expiry))
        key = UserDelegationKey()
        key.signed_oid, key.signed_tid, key.signed_service, key.signed_version = "oid", "tid", "b", "2026-10-06"
        key.signed_start, key.signed_expiry = f"{start:%Y-%m-%dT%H:%M:%SZ}", f"{expiry:%Y-%m-%dT%H:%M:%SZ}"
        key.value = "a2V5"
        return key


@pytest.fixture
def fake_identity_service(monkeypatch: pytest.MonkeyPatch) -> _FakeIdentityService:
    """Where there is no account key: Azurite gives none of these keys over plain http."""
    service = _FakeIdentityService()

    async def blob_service() -> _FakeIdentityService:
        return service

    monkeypatch.setattr(storage, "blob_service", blob_service)
    monkeypatch.setattr(links, "_delegation_keys", {})
    return service


async def test_an_identity_signs_with_a_delegation_key_over_https(fake_identity_service: _FakeIdentityService) -> None:
    """Without an account key the link is signed by the identity's own key, for https, and ends before that key."""
    link = await _sign("2026/03/09/job/0.mp4", ttl_s=900)
    signed = {name: value for name, [value] in parse_qs(urlsplit(link.url).query).items()}
    assert link.url.startswith("https://labmedia.blob.core.windows.net/videos/2026/03/09/job/0.mp4?")
    assert (signed["skoid"], signed["sp"], signed["sr"], signed["spr"]) == ("oid", "r", "b", "https")
    assert signed["se"] == f"{link.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    [(start, expiry)] = fake_identity_service.asked
    assert start <= clock.now() - links.CLOCK_SKEW
    assert expiry > link.expires_at


async def test_a_delegation_key_serves_until_it_is_too_short(
    fake_identity_service: _FakeIdentityService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One key signs an hour of links; a link that would outlive it gets a new one."""
    begun = clock.now()
    for minutes in (0, 30, 59):
        monkeypatch.setattr(clock, "now", lambda at=begun + timedelta(minutes=minutes): at)
        await _sign("a/0.mp4", ttl_s=900)
    assert len(fake_identity_service.asked) == 1
    monkeypatch.setattr(clock, "now", lambda: begun + timedelta(minutes=61))
    later = await _sign("a/0.mp4", ttl_s=900)
    assert len(fake_identity_service.asked) == 2
    assert fake_identity_service.asked[1][1] > later.expires_at
    await _sign("a/0.mp4", ttl_s=86_400)
    assert len(fake_identity_service.asked) == 3
