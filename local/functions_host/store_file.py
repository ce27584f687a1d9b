"""The SQLite file of a state folder: made when it is missing, refused in one clear sentence when it cannot be used."""

import sqlite3
from pathlib import Path

APPLICATION_ID = 0x46484C42
SCHEMA_VERSION = 4

_SCHEMA = """
CREATE TABLE instances (
  id TEXT PRIMARY KEY, execution_id TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, input TEXT, output TEXT,
  custom_status TEXT, status_is_inherited INTEGER NOT NULL DEFAULT 0, generation INTEGER NOT NULL,
  created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX instances_by_status ON instances (status, id);
CREATE INDEX instances_by_creation ON instances (created_us, id);
CREATE TABLE history (
  instance_id TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, fields TEXT NOT NULL,
  PRIMARY KEY (instance_id, seq)
) WITHOUT ROWID;
CREATE TABLE inbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, instance_id TEXT NOT NULL, execution_id TEXT,
  kind TEXT NOT NULL, fields TEXT NOT NULL
);
CREATE INDEX inbox_by_instance ON inbox (instance_id, seq);
CREATE TABLE work (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, instance_id TEXT NOT NULL, execution_id TEXT NOT NULL,
  task_id INTEGER NOT NULL, name TEXT NOT NULL, input TEXT, leased_us INTEGER
);
CREATE INDEX work_by_instance ON work (instance_id);
CREATE TABLE timers (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, instance_id TEXT NOT NULL, execution_id TEXT NOT NULL,
  task_id INTEGER NOT NULL, created_us INTEGER NOT NULL, fire_us INTEGER NOT NULL
);
CREATE INDEX timers_by_time ON timers (fire_us);
CREATE INDEX timers_by_instance ON timers (instance_id);
CREATE TABLE schedules (
  function TEXT PRIMARY KEY, last_us INTEGER, next_us INTEGER NOT NULL, updated_us INTEGER
) WITHOUT ROWID;
"""


class StoreError(Exception):
    """The store file cannot be used; the text says why and what to do."""


def open_store(path: Path) -> sqlite3.Connection:
    """Open or make the file; raises StoreError."""
    try:
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")  # survives a killed process; a power cut may lose the last commits
        found, version = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
        is_empty = db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0] == 0
        if is_empty:
            db.executescript(
                f"BEGIN; {_SCHEMA} PRAGMA application_id = {APPLICATION_ID}; "
                f"PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            )
        elif found != APPLICATION_ID:
            raise StoreError(f"{path} is a database of another program; name another folder with --state.")
        elif version != SCHEMA_VERSION:
            newer = "newer" if version > SCHEMA_VERSION else "older"
            raise StoreError(
                f"{path} was written by a {newer} version of this host (schema {version}, this one reads "
                f"{SCHEMA_VERSION}); delete it, or name another folder with --state."
            )
        elif (found := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            told = found.splitlines()[-1]
            raise StoreError(f"{path} is damaged ({told}); delete it, or name another folder with --state.")
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be used: {error}; delete it, or name another folder with --state.") from error
    return db
