"""`python -m local.stack`: runs the stack until it is told to stop, and says where everything is."""

import asyncio
import os
import sys

from local.stack.record import Record
from local.stack.settings import settings_of_user
from local.stack.signals import until_told
from local.stack.stack import EXPECTED_FAULTS, running_stack


def say(line: str) -> None:
    """Write one line at once, also into a pipe."""
    print(line, flush=True)  # noqa: T201 - a command speaks on standard output


def summary(record: Record) -> str:
    """Say where everything is."""
    key = f"{record['api_key']}   (header x-functions-key)" if record["api_key"] else "none is asked for"
    emulator = f"{record['emulator']}/_emulator" if record["emulator"] else "not started, SORA_* name a provider"
    host = "Azure Functions Core Tools" if os.environ.get("HOST") == "func" else f"{record['host']}/_host"
    addresses = {"host": host, "emulator": emulator, **record["azurite"]}
    rows = {"api": record["api"], "api key": key, **addresses, "logs": record["logs"]}
    return "\n".join(["", *(f"  {name:<9} {value}" for name, value in rows.items()), ""])


async def serve() -> None:
    """Run the stack until it is cancelled."""
    if given := settings_of_user(os.environ):
        say(f"from your environment: {', '.join(given)}")
    async with running_stack(os.environ, say) as record:
        say(summary(record))
        say("Ask for a video with `.venv/bin/lab generate PROMPT`. Ctrl-C stops everything.")
        await asyncio.Event().wait()


def main() -> int:
    """Return the exit code: 0 when told to stop, 1 when it could not run."""
    try:
        asyncio.run(_main())
    except EXPECTED_FAULTS as fault:
        print(f"make up: {fault}", file=sys.stderr)  # noqa: T201 - as above
        return 1
    return 0


async def _main() -> None:
    await until_told(serve())


if __name__ == "__main__":
    sys.exit(main())
