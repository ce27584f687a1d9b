"""Tries a deployed lab through its public API: open addresses, then status and list, then a film if SMOKE_RENDER=1.

Needs LAB_URL, and LAB_KEY unless --open-only. Exits with 1 and one line that says what was wrong.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[2]))  # the client is beside the app, not installed

from client import LabClient, LabError, UnreachableError

_PATIENCE_S = 180  # a first start is slow, and roles are still spreading
_PAUSE_S = 5


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class SmokeError(Exception):
    """What was tried did not answer as it should."""


async def try_open_addresses(url: str) -> None:
    """Health and the API's description answer anybody, at the latest when the app has had time to start."""
    give_up_at = time.monotonic() + _PATIENCE_S
    async with httpx.AsyncClient(timeout=30) as http:
        for path in ("/health", "/openapi.json"):
            while wrong := await _wrong_with(http, url + path):
                if time.monotonic() > give_up_at:
                    raise SmokeError(f"{path}: {wrong}")
                await asyncio.sleep(_PAUSE_S)
            _say(f"ok  {path}")


async def _wrong_with(http: httpx.AsyncClient, address: str) -> str | None:
    try:
        answer = await http.get(address)
    except httpx.TransportError as error:
        return f"no answer ({type(error).__name__})"
    return None if answer.is_success else f"answered {answer.status_code}"


async def try_api(lab: LabClient) -> None:
    """The app has no wrong setting, reaches its storage once roles have spread, and lists jobs."""
    give_up_at = time.monotonic() + _PATIENCE_S
    while not (status := await lab.status()).ready:
        if status.faults:
            raise SmokeError("; ".join(f"{fault.setting}: {fault.message}" for fault in status.faults))
        if time.monotonic() > give_up_at:
            raise SmokeError(f"the storage cannot be reached: {status.storage and status.storage.detail}")
        await asyncio.sleep(_PAUSE_S)
    _say(f"ok  /env/status: {', '.join(model.model for model in status.models)}")
    page = await lab.jobs(limit=1)
    _say(f"ok  /videos/jobs: {len(page.jobs)} on the first page")


async def try_render(lab: LabClient) -> None:
    """One film of the shortest kind, from the prompt to the file. This is paid for."""
    job = await lab.submit("A paper boat on a calm lake, morning light")
    _say(f"    {job.id} is {job.state}")
    async for job in lab.watch(job.id):  # noqa: B020 - the last one seen is what counts
        _say(f"    {job.id} is {job.state}")
    if job.state != "succeeded":
        raise SmokeError(f"{job.id} ended {job.state}")
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mp4"
        await lab.download(job.generations[0].id, film)
        _say(f"ok  a film of {film.stat().st_size} bytes")


async def main() -> None:
    """Try what the arguments and the environment ask for."""
    url = os.environ["LAB_URL"].rstrip("/")
    await try_open_addresses(url)
    if "--open-only" in sys.argv:
        return
    async with LabClient(url, os.environ["LAB_KEY"], patience_s=_PATIENCE_S) as lab:
        await try_api(lab)
        if os.environ.get("SMOKE_RENDER") == "1":
            await try_render(lab)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (SmokeError, LabError, UnreachableError, httpx.HTTPError, KeyError) as error:
        sys.stderr.write(f"smoke test: {type(error).__name__}: {error}\n")
        sys.exit(1)
