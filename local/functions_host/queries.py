"""Questions about many instances, and their removal. Reads rows by key range; never the histories."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from local.functions_host.rows import InstanceRow


@dataclass(frozen=True, slots=True)
class Filter:
    """Which instances. An empty set of statuses means all."""

    prefix: str = ""
    statuses: frozenset[str] = frozenset()
    created_from_us: int | None = None
    created_to_us: int | None = None

    def where(self, first_id: str | None) -> tuple[str, list[str | int]]:
        """The condition and its arguments."""
        conditions = ["id >= ?"]
        arguments: list[str | int] = [max(self.prefix, first_id or "")]
        if self.prefix:
            conditions.append("id < ?")
            arguments.append(self.prefix + chr(0x10FFFF))
        if self.statuses:
            conditions.append(f"status IN ({', '.join('?' * len(self.statuses))})")
            arguments += sorted(self.statuses)
        if self.created_from_us is not None:
            conditions.append("created_us >= ?")
            arguments.append(self.created_from_us)
        if self.created_to_us is not None:
            conditions.append("created_us <= ?")
            arguments.append(self.created_to_us)
        return " AND ".join(conditions), arguments


def page(
    db: sqlite3.Connection, wanted: Filter, *, top: int, first_id: str | None
) -> tuple[list[InstanceRow], str | None]:
    """Up to ``top`` instances by id, and the id after them if there is one."""
    condition, arguments = wanted.where(first_id)
    rows = db.execute(
        f"SELECT * FROM instances WHERE {condition} ORDER BY id LIMIT ?",  # noqa: S608 - conditions hold no values
        [*arguments, top + 1],
    ).fetchall()
    found = [InstanceRow(*row) for row in rows]
    return found[:top], found[top].id if len(found) > top else None


def ids(db: sqlite3.Connection, wanted: Filter) -> list[str]:
    """All ids the filter names."""
    condition, arguments = wanted.where(None)
    return [row[0] for row in db.execute(f"SELECT id FROM instances WHERE {condition}", arguments)]  # noqa: S608 - see page


def delete(db: sqlite3.Connection, instance_ids: Iterable[str]) -> int:
    """Remove instances with everything that belongs to them."""
    count = 0
    for instance_id in instance_ids:
        count += db.execute("DELETE FROM instances WHERE id = ?", (instance_id,)).rowcount
        for table in ("history", "inbox", "timers", "work"):
            db.execute(f"DELETE FROM {table} WHERE instance_id = ?", (instance_id,))  # noqa: S608 - our own table names
    return count
