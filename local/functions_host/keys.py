"""The host's keys: made once, kept in the state folder, compared in constant time. Knows levels, not routes."""

import base64
import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path


class KeysError(Exception):
    """The file of keys cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Host key ``default``, ``_master``, and the system key of the durable extension."""

    function: str
    master: str
    durabletask_extension: str

    def of_function(self, name: str) -> str:
        """A function's own key; derived, so that it needs no place of its own and stays while the master key does."""
        digest = hmac.digest(self.master.encode(), name.lower().encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def opens_function(self, key: str, name: str) -> bool:
        """Whether the key opens this function, of level function: its own, the host key and the master key do."""
        return _same(key, self.of_function(name)) or _same(key, self.function) or _same(key, self.master)

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
    """The keys of this state folder, generated on first use in a file only its owner can read; raises KeysError."""
    path = state / "keys.json"
    if path.exists():
        return _read(path)
    keys = Keys(*(secrets.token_urlsafe(40) for _ in range(3)))
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(keys), indent=2) + "\n")
    return keys


def _read(path: Path) -> Keys:
    try:
        keys = Keys(**json.loads(path.read_text()))
        if not all(isinstance(value, str) for value in asdict(keys).values()):
            raise TypeError("a key is not a text")  # noqa: TRY301 - told like every other fault of the file
    except (OSError, ValueError, TypeError) as error:
        raise KeysError(f"{path} cannot be used: {error}; delete it, and new keys are made.") from error
    return keys


def _same(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())
