"""Which port each part listens on: the one the user set, else one that this checkout is likely to get again."""

import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from zlib import crc32

LOOPBACK = "127.0.0.1"
FIRST, LAST = 20_000, 29_999  # below the range that Linux takes outgoing connections from (ip_local_port_range)
BLOCK = 10  # ports a stack has for itself, when nobody else is there

SETTINGS = {
    "host": "LAB_PORT",
    "emulator": "LAB_EMULATOR_PORT",
    "blob": "LAB_AZURITE_BLOB_PORT",
    "queue": "LAB_AZURITE_QUEUE_PORT",
    "table": "LAB_AZURITE_TABLE_PORT",
}


class PortError(Exception):
    """A port that was set cannot be used; the text says which setting and why."""


@dataclass(frozen=True, slots=True)
class Ports:
    """A port for each listener of the stack, kept for its life."""

    host: int
    emulator: int
    blob: int
    queue: int
    table: int


def is_free(port: int) -> bool:
    """Try whether nobody listens there. Connections that are only closing do not count (SO_REUSEADDR)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose(environment: Mapping[str, str], state: Path, *, free: Callable[[int], bool] = is_free) -> Ports:
    """Choose a port for every part. Raises PortError for a setting that is no port, is taken, or is given twice."""
    chosen: dict[str, int] = {}
    for name, setting in SETTINGS.items():
        if text := environment.get(setting):
            chosen[name] = _set_port(setting, text, chosen, free)
    candidates = _candidates(state)
    for name in SETTINGS:
        if name not in chosen:
            chosen[name] = next(port for port in candidates if port not in chosen.values() and free(port))
    return Ports(**chosen)


def _set_port(setting: str, text: str, chosen: Mapping[str, int], free: Callable[[int], bool]) -> int:
    port = int(text) if text.isdecimal() else 0
    if not 0 < port < 65_536:  # noqa: PLR2004 - TCP's own limit
        raise PortError(f"{setting} is {text!r}; it must be a port from 1 to 65535")
    if port in chosen.values():
        raise PortError(f"{setting} is {port}, which another part was given too")
    if not free(port):
        raise PortError(f"{setting} is {port}, where something else listens already")
    return port


def _candidates(state: Path) -> Iterator[int]:
    """Walk once through all ports, from a place that the state folder's path decides: two checkouts rarely meet."""
    count = LAST - FIRST + 1
    start = crc32(str(state.resolve()).encode()) % (count // BLOCK) * BLOCK
    yield from (FIRST + (start + n) % count for n in range(count))
    raise PortError(f"every port from {FIRST} to {LAST} is taken")


def as_dict(ports: Ports) -> dict[str, int]:
    """Return the ports by name."""
    return asdict(ports)
