"""The host's keys: made once, kept in the state folder, compared in constant time. Knows levels, not routes."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Keys:
    """Host key ``default``, ``_master``, and the system key of the durable extension."""

    function: str
    master: str
    durabletask_extension: str

    def opens_functions(self, key: str) -> bool:
        """Whether the key opens functions of level function."""
        return _same(key, self.function) or _same(key, self.master)

    def opens_admin(self, key: str) -> bool:
        """Whether the key opens functions of level admin and the admin endpoints."""
        return _same(key, self.master)

    def opens_durable(self, key: str) -> bool:
        """Whether the key opens the durable webhooks."""
        return _same(key, self.durabletask_extension) or _same(key, self.master)

    def is_function_key(self, key: str) -> bool:
        """Whether it is the host key, which management endpoints refuse with 403 rather than 401."""
        return _same(key, self.function)


def load_keys(state: Path) -> Keys:
    """The keys of this state folder, generated on first use in a file only its owner can read."""
    path = state / "keys.json"
    if path.exists():
        return Keys(**json.loads(path.read_text()))
    keys = Keys(*(secrets.token_urlsafe(40) for _ in range(3)))
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(keys), indent=2) + "\n")
    return keys


def _same(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())
