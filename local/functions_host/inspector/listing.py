"""One page of instances, newest first, and how many there are of each state. Reads rows; never a history."""

import sqlite3
from dataclasses import dataclass
from typing import Any

PAGE_ROWS = 50
_COLUMNS = ("id", "name", "status", "created_us", "updated_us", "custom_status", "input")
_SHOWN = 200  # characters of input and custom status that a list shows


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which instances. Prefixes are compared without case; an empty set of statuses means all."""

    statuses: frozenset[str] = frozenset()
    name_prefix: str = ""
    id_prefix: str = ""
    created_from_us: int | None = None
    created_to_us: int | None = None

    def where(self, before: tuple[int, str] | None) -> tuple[str, list[str | int]]:
        """The condition and its arguments; ``before`` is the last row of the page before this one."""
        conditions, arguments = ["1"], list[str | int]()
        if before is not None:
            conditions.append("(created_us, id) < (?, ?)")
            arguments += before
        for column, prefix in (("name", self.name_prefix), ("id", self.id_prefix)):
            if prefix:
                conditions.append(f"substr({column}, 1, length(?)) = ? COLLATE NOCASE")
                arguments += (prefix, prefix)
        if self.statuses:
            conditions.append(f"status IN ({', '.join('?' * len(self.statuses))})")
            arguments += sorted(self.statuses)
        for sign, bound in ((">=", self.created_from_us), ("<=", self.created_to_us)):
            if bound is not None:
                conditions.append(f"created_us {sign} ?")
                arguments.append(bound)
        return " AND ".join(conditions), arguments


def newest(
    db: sqlite3.Connection, wanted: Wanted, before: tuple[int, str] | None
) -> tuple[list[dict[str, Any]], tuple[int, str] | None]:
    """Up to PAGE_ROWS instances, and what the next page is before, if there is one.

    Walks the index of creation from the newest on and stops with the page; what is long is cut.
    """
    condition, arguments = wanted.where(before)
    sql = (
        "SELECT id, name, status, created_us, updated_us, substr(custom_status, 1, ?), substr(input, 1, ?) "  # noqa: S608 - conditions hold no values
        f"FROM instances INDEXED BY instances_by_creation WHERE {condition} ORDER BY created_us DESC, id DESC LIMIT ?"
    )
    rows = db.execute(sql, [_SHOWN, _SHOWN, *arguments, PAGE_ROWS + 1]).fetchall()
    found: list[dict[str, Any]] = [dict(zip(_COLUMNS, row, strict=True)) for row in rows[:PAGE_ROWS]]
    is_more = len(rows) > PAGE_ROWS
    return found, (found[-1]["created_us"], found[-1]["id"]) if is_more else None


def counts(db: sqlite3.Connection) -> dict[str, int]:
    """How many instances there are of each status, by an index that holds nothing else."""
    return dict(db.execute("SELECT status, COUNT(*) FROM instances GROUP BY status").fetchall())
