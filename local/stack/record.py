"""`stack.json`, which tells others where the running stack is, and the lock that keeps it the only one there."""

import fcntl
import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict


class Record(TypedDict):
    """What stands in stack.json."""

    api: str
    api_key: str
    host: str
    emulator: str | None
    azurite: dict[str, str]
    pids: dict[str, int | None]
    logs: str


class AlreadyRunningError(Exception):
    """Another stack holds this folder; `record` is where it is, or None while it is still starting."""

    def __init__(self, record: Record | None) -> None:
        where = f"its API is at {record['api']}" if record else "it is just starting or stopping"
        super().__init__(f"a stack already runs in this checkout: {where}")
        self.record = record


def state_folder(environment: Mapping[str, str]) -> Path:
    """Return where a stack keeps everything: LAB_STATE, else `.lab` in the checkout."""
    return Path(environment.get("LAB_STATE") or Path(__file__).parents[2] / ".lab").resolve()


def path_of(state: Path) -> Path:
    """Return where the record of a state folder is."""
    return state / "stack.json"


def write(state: Path, record: Record) -> None:
    """Replace the record in one step: a reader sees the old one or the new one. It holds a key, so it is private."""
    part = state / f".stack.{os.getpid()}.json"
    part.touch(mode=0o600)
    part.write_text(json.dumps(record, indent=2) + "\n")
    part.replace(path_of(state))


def remove(state: Path) -> None:
    """Take the record away: nothing runs any more."""
    path_of(state).unlink(missing_ok=True)


def running(state: Path) -> Record | None:
    """Return the record of the stack that runs now; None where none runs, whatever an earlier one left behind.

    Raises AlreadyRunningError where one is there that has no record yet.
    """
    try:
        with locked(state):
            return None
    except AlreadyRunningError as fault:
        if fault.record is None:
            raise
        return fault.record


@contextmanager
def locked(state: Path) -> Generator[None]:
    """Hold the folder for this process; the system lets go of it however the process ends.

    Raises AlreadyRunningError.
    """
    state.mkdir(parents=True, exist_ok=True)
    with (state / "stack.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(_read(state)) from None
        yield


def _read(state: Path) -> Record | None:
    try:
        return json.loads(path_of(state).read_text())
    except FileNotFoundError:
        return None
