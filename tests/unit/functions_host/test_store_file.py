"""Which store files are opened, and which are refused."""

import sqlite3
from pathlib import Path

import pytest

from local.functions_host.store_file import APPLICATION_ID, StoreError, open_store


def test_store_is_made_once(tmp_path: Path) -> None:
    """A new file gets its tables; the next opening finds them."""
    for _ in range(2):
        with open_store(tmp_path / "store") as db:
            assert db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("CREATE TABLE mine (id)", "is a database of another program"),
        (
            f"CREATE TABLE mine (id); PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 99",
            "newer version",
        ),
        (f"CREATE TABLE mine (id); PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 0", "older version"),
    ],
)
def test_strange_store_is_refused(tmp_path: Path, script: str, told: str) -> None:
    """Another program's file, a newer and an older one: what it is, and what to do."""
    with sqlite3.connect(tmp_path / "store") as db:
        db.executescript(script)
    with pytest.raises(StoreError, match=told):
        open_store(tmp_path / "store")


def test_broken_store_is_refused(tmp_path: Path) -> None:
    """No database at all, and left as it is."""
    (tmp_path / "store").write_bytes(b"no database " * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        open_store(tmp_path / "store")
    assert (tmp_path / "store").read_bytes() == b"no database " * 100
