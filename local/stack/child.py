"""One running program: started on a leash with its output in a log, awaited, stopped with all it started."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from local.stack import leash

STOP_WITHIN_S = 10


class Child:
    """A program of ours. It has a process group of its own, so a Ctrl-C in the terminal reaches it only through us."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, command: Sequence[str], *, environment: Mapping[str, str], cwd: Path, log: Path) -> Self:
        """Start the command; what it prints is appended to `log`."""
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-S", leash.__file__, str(os.getpid())),
                *command,
                env=environment,
                cwd=cwd,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return cls(process)

    @property
    def pid(self) -> int:
        """The program's own pid: the leash turns into it."""
        return self._process.pid

    async def ended(self) -> str:
        """Wait until it has ended, clear away what it left running, and say how it ended."""
        code = await self._process.wait()
        self._signal_group(signal.SIGKILL)
        return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"

    async def stop(self) -> None:
        """End it: politely first, and by force after a while."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), STOP_WITHIN_S)
        self._signal_group(signal.SIGKILL)
        await self._process.wait()

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):  # the group is empty; macOS says so with EPERM
            os.killpg(self.pid, number)
