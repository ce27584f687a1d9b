"""Identifiers: how they are minted, derived and read back. Knows no table, and no clock but the one in a ULID."""

import hashlib
import re
import secrets
import time
from base64 import b32hexencode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32, as in the ULID specification
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_LENGTH = 26
_ALL_ONES = (1 << 128) - 1
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def _encode(number: int) -> str:
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))


def _decode(text: str) -> int:
    number = 0
    for character in text:
        number = number << 5 | _VALUES[character]
    return number


def new_ulid() -> str:
    """Mint a ULID: 48 bits of milliseconds, 80 random bits, 26 characters that sort by time."""
    return _encode(time.time_ns() // 1_000_000 << 80 | secrets.randbits(80))


def invert(ulid: str) -> str:
    """Turn a ULID into its mirror, so that a plain ascending range of row keys is newest first."""
    return _encode(_ALL_ONES ^ _decode(ulid))


@dataclass(frozen=True, slots=True)
class JobId:
    """The name of a job, `job_` and a ULID; everything else that belongs to the job is derived from it."""

    ulid: str

    @classmethod
    def new(cls) -> Self:
        """Mint a fresh one."""
        return cls(new_ulid())

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read `job_01…`; None for anything else."""
        ulid = text.removeprefix("job_")
        return cls(ulid) if text != ulid and _ULID.fullmatch(ulid) else None

    @classmethod
    def of(cls, text: str) -> Self:
        """Read the id of a job that exists; ValueError for anything else."""
        parsed = cls.parse(text)
        if parsed is None:
            raise ValueError(f"{text} is not a job id")
        return parsed

    def __str__(self) -> str:
        return f"job_{self.ulid}"

    @property
    def inv(self) -> str:
        """The inverted ULID that row keys carry."""
        return invert(self.ulid)

    @property
    def minted_at(self) -> datetime:
        """The millisecond the ULID was minted, UTC."""
        return datetime.fromtimestamp((_decode(self.ulid) >> 80) / 1000, UTC)

    def generation(self, n: int) -> str:
        """Name the job's n-th video, `gen_{ULID}_{n}`."""
        return f"gen_{self.ulid}_{n}"


def parse_generation_id(text: str) -> tuple[JobId, int] | None:
    """Read `gen_{ULID}_{n}`; None for anything else."""
    match = re.fullmatch(rf"gen_({_ULID.pattern})_(\d{{1,2}})", text)
    return (JobId(match[1]), int(match[2])) if match else None


def owner_key(owner: str) -> str:
    """Return the hash that stands for an owner in partition keys: 26 characters, no personal data."""
    return b32hexencode(hashlib.sha256(owner.encode()).digest()[:16]).decode().rstrip("=").lower()


def digest(*parts: str) -> str:
    """Return a hex SHA-256 over parts, each told apart from the next."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
