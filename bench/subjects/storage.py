"""What the app makes of its storage: a copy beside a bare loop of blocks, a submit beside one bare batch of rows.

Both on the whole stack of this checkout, running as its users run it.
"""

import asyncio
import logging
import os
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
from azure.data.tables.aio import TableClient
from azure.storage.blob import BlobBlock
from azure.storage.blob.aio import BlobClient

from bench.figure import Figure
from local.stack.record import Record
from local.stack.settings import AZURITE_ACCOUNT, AZURITE_KEY
from local.stack.stack import running_stack
from shared import blobs, config, storage

_FILM = os.urandom(40 * 1024 * 1024)
_CHUNK_BYTES = 64 * 1024
_COPIES, _SUBMITS, _WARM = 5, 60, 5
_TABLE = "lab"


def figures() -> Iterable[Figure]:
    """Medians; what is compared is done in turn, so that both meet the same machine."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured({**os.environ, "LAB_STATE": folder, "LAB_RENDER_S": "600"}))


async def _measured(environment: Mapping[str, str]) -> list[Figure]:
    async with running_stack(environment, logging.getLogger("bench").info) as record:
        account = _connection_string(record)
        copy_s, bare_copy_s = await _in_turn(_COPIES, *_copies(account))
        async with _submits(account, record) as pair:
            submit_s, batch_s = await _in_turn(_SUBMITS, *pair)
    return [
        Figure(f"a bare loop of stage_block, {len(_FILM) >> 20} MiB", bare_copy_s, "s"),
        Figure("the app's copy, with checksums", copy_s, "s"),
        Figure("  its speed over the bare loop's", bare_copy_s / copy_s, "times", at_least=0.8),
        Figure("one raw batch of four rows, p50", batch_s * 1000, "ms"),
        Figure("a submit over HTTP, warm, p50", submit_s * 1000, "ms"),
        Figure("  over the raw batch", submit_s / batch_s, "times", at_most=4),
    ]


async def _in_turn(rounds: int, *works: Callable[[], Awaitable[object]]) -> list[float]:
    spent: list[list[float]] = [[] for _ in works]
    for _ in range(rounds + _WARM):
        for work, seconds in zip(works, spent, strict=True):
            begin = time.perf_counter()
            await work()
            seconds.append(time.perf_counter() - begin)
    return [statistics.median(seconds[_WARM:]) for seconds in spent]


def _connection_string(record: Record) -> str:
    endpoints = ";".join(f"{name.title()}Endpoint={address}" for name, address in record["azurite"].items())
    return f"DefaultEndpointsProtocol=http;AccountName={AZURITE_ACCOUNT};AccountKey={AZURITE_KEY};{endpoints};"


# ---- copying


def _copies(account: str) -> tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[object]]]:
    os.environ["STORAGE_CONNECTION_STRING"] = account
    config.configuration.cache_clear()

    async def copy() -> None:
        name = f"bench/{uuid4().hex}.mp4"
        done = await blobs.copy_stream(_chunks(), name, content_type="video/mp4", expected_bytes=len(_FILM))
        if not isinstance(done, blobs.Copied):
            raise TypeError(f"the copy ended as {done}")

    async def bare() -> None:
        blob = (await storage.blob_service()).get_blob_client(storage.CONTAINER_NAME, f"bench/{uuid4().hex}.mp4")
        await _bare_loop(blob)

    return copy, bare


async def _bare_loop(blob: BlobClient) -> None:
    """What anybody would write first: fill a block, send it, fill the next; no checksum, nothing at the same time."""
    block, names = bytearray(), list[BlobBlock]()

    async def send() -> None:
        names.append(BlobBlock(f"{len(names):05}"))
        await blob.stage_block(names[-1].id, bytes(block))
        block.clear()

    async for chunk in _chunks():
        block += chunk
        if len(block) >= blobs.BLOCK_BYTES:
            await send()
    if block:
        await send()
    await blob.commit_block_list(names)


async def _chunks() -> AsyncIterator[bytes]:
    for start in range(0, len(_FILM), _CHUNK_BYTES):
        yield _FILM[start : start + _CHUNK_BYTES]


# ---- submitting


@asynccontextmanager
async def _submits(
    account: str, record: Record
) -> AsyncGenerator[tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[object]]]]:
    """A submit through the API, and one transaction with as many rows as a job has at its birth."""
    headers = {"x-functions-key": record["api_key"]}
    async with (
        httpx.AsyncClient(base_url=record["api"], headers=headers, trust_env=False, timeout=60) as http,
        TableClient.from_connection_string(account, _TABLE) as table,
    ):

        async def submit() -> None:
            answer = await http.post("/videos/jobs", json={"prompt": f"A fox in the snow {uuid4().hex}", "seconds": 4})
            answer.raise_for_status()

        async def batch() -> None:
            name = uuid4().hex
            rows = [{"PartitionKey": f"bench-{name}", "RowKey": str(n), "text": "x" * 500} for n in range(4)]
            await table.submit_transaction([("create", row) for row in rows])

        yield submit, batch
        await storage.close()
