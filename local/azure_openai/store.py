"""What survives a restart: renders, refused creates and facts by name, in one SQLite file, which only one
emulator opens at a time.

Everything is also held in memory; a write is on its way to the disk before a reply leaves. It knows no rule.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from local.azure_openai.config import BadConfigurationError
from local.azure_openai.models import Dialect
from local.azure_openai.state import Render

_TABLES = """
CREATE TABLE IF NOT EXISTS renders (id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refusals (number INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, body TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A create that was valid and yet refused: for moderation, the cap or the rate."""

    at: float
    dialect: Dialect
    deployment: str
    prompt: str
    reason: str
    counts: bool
    """Whether it used up a part of the rate."""


_RENDER, _REFUSAL = TypeAdapter(Render), TypeAdapter(Refusal)


class Store:
    """The emulator's memory. Without a folder it lives in memory alone."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = _opened(folder)
        try:
            renders = [_RENDER.validate_json(body) for body in self._bodies("renders")]
            self.refusals = [_REFUSAL.validate_json(body) for body in self._bodies("refusals")]
        except ValidationError as error:
            raise BadConfigurationError(f"the state in {folder} is of another version: remove it") from error
        self.renders = {render.id: render for render in renders}
        self.facts: dict[str, str] = dict(self._file.execute("SELECT name, body FROM facts ORDER BY name"))

    @property
    def next_number(self) -> int:
        """The number of the next render."""
        return len(self.renders)

    def save(self, render: Render) -> None:
        """Insert or replace a render."""
        body = _RENDER.dump_json(render).decode()
        self._file.execute("INSERT OR REPLACE INTO renders VALUES (?, ?, ?)", (render.id, render.number, body))
        self.renders[render.id] = render

    def note(self, refusal: Refusal) -> None:
        """Append a refused create."""
        self._file.execute("INSERT INTO refusals (body) VALUES (?)", (_REFUSAL.dump_json(refusal).decode(),))
        self.refusals.append(refusal)

    def remember(self, name: str, body: str) -> None:
        """Insert or replace a fact."""
        self._file.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, body))
        self.facts[name] = body

    def forget(self, name: str) -> bool:
        """Remove a fact; say whether there was one."""
        self._file.execute("DELETE FROM facts WHERE name = ?", (name,))
        return self.facts.pop(name, None) is not None

    def facts_under(self, prefix: str) -> dict[str, str]:
        """Return the facts whose names begin like that, by the rest of their names, in order."""
        found = {name: body for name, body in self.facts.items() if name.startswith(prefix)}
        return {name.removeprefix(prefix): found[name] for name in sorted(found)}

    def _bodies(self, table: Literal["renders", "refusals"]) -> list[str]:
        rows = self._file.execute(f"SELECT body FROM {table} ORDER BY number")  # noqa: S608 -- one of two literals
        return [body for (body,) in rows]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _opened(folder: Path | None) -> sqlite3.Connection:
    path = folder / "emulator.db" if folder else ":memory:"
    try:
        # Every statement commits by itself. The write-ahead log outlives a killed process without waiting for the disk.
        file = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1)
        file.execute("PRAGMA locking_mode = EXCLUSIVE")
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = NORMAL")
        file.executescript(_TABLES)
    except sqlite3.Error as error:
        raise BadConfigurationError(f"cannot use the state in {path}: {error}") from error
    return file
