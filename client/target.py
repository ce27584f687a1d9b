"""Which lab to talk to: the environment, or the stack that runs in this directory. No I/O but reading its record."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel


class NoTargetError(Exception):
    """There is no lab to talk to, or its address is not one; the text says what to set."""


@dataclass(frozen=True, slots=True)
class Target:
    """The base URL of a lab's API, with its prefix, and the key it asks for."""

    url: str
    key: str | None


class _Record(BaseModel):
    """What the command needs of a running stack's stack.json."""

    api: str
    api_key: str


def find_target(environment: Mapping[str, str] | None = None) -> Target:
    """Return LAB_URL with LAB_KEY or, without LAB_URL, the stack of this directory (LAB_STATE, else `.lab`).

    The stack's own key is never sent to another address. Raises NoTargetError.
    """
    environment = os.environ if environment is None else environment
    key = environment.get("LAB_KEY") or None
    if url := environment.get("LAB_URL"):
        return Target(_checked(url), key)
    record = Path(environment.get("LAB_STATE") or ".lab") / "stack.json"
    try:
        running = _Record.model_validate_json(record.read_bytes())
    except FileNotFoundError:
        raise NoTargetError(
            f"no lab to talk to: set LAB_URL (and LAB_KEY), or run `make up` here first ({record} is not there)"
        ) from None
    except (ValueError, OSError):
        raise NoTargetError(f"{record} cannot be read; set LAB_URL, or run `make up` again") from None
    return Target(running.api, key or running.api_key or None)


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise NoTargetError(f"LAB_URL is {url!r}; it must be like https://NAME.azurewebsites.net/api/v1")
    return url
