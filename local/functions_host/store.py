"""The event store: one SQLite file with instances, histories and messages.

Knows rows and transactions; decides nothing.
"""

import sqlite3
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from local.functions_host.decisions import ScheduleActivity
from local.functions_host.history import (
    NO_TRACE,
    Event,
    ExecutionStarted,
    Inbound,
    Trace,
    from_row,
    inbound_from_row,
    to_row,
)
from local.functions_host.rows import DueTimer, InstanceRow, Letter, Message, NewInstance, StepCommit, WorkItem
from local.functions_host.store_file import open_store


class Store:
    """All reads and writes of the engine. Used from one thread."""

    def __init__(self, path: Path) -> None:
        self.db = open_store(path)

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """One atomic change."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield self.db
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    # ---- instances and their messages

    def instance(self, instance_id: str) -> InstanceRow | None:
        """The instance row, if there is one."""
        row = self.db.execute("SELECT * FROM instances WHERE id = ?", (instance_id,)).fetchone()
        return InstanceRow(*row) if row else None

    def history(self, instance_id: str) -> list[Event]:
        """The history of the instance's current execution, in order."""
        rows = self.db.execute("SELECT kind, fields FROM history WHERE instance_id = ? ORDER BY seq", (instance_id,))
        return [from_row(kind, text) for kind, text in rows]

    def trace(self, instance_id: str) -> Trace:
        """The trace of the instance's current execution; its first event but one tells it."""
        row = self.db.execute(
            "SELECT kind, fields FROM history WHERE instance_id = ? AND kind = 'ExecutionStarted' ORDER BY seq LIMIT 1",
            (instance_id,),
        ).fetchone()
        started = from_row(*row) if row else None
        return started.trace if isinstance(started, ExecutionStarted) else NO_TRACE

    def messages(self, instance_id: str) -> list[Message]:
        """What was sent to the instance and not consumed yet, in order."""
        rows = self.db.execute(
            "SELECT seq, execution_id, kind, fields FROM inbox WHERE instance_id = ? ORDER BY seq", (instance_id,)
        )
        return [Message(seq, execution_id, inbound_from_row(kind, text)) for seq, execution_id, kind, text in rows]

    def create(self, new: NewInstance) -> None:
        """Create an instance in one transaction; whatever had its id is gone."""
        with self.transaction():
            self._create(new)

    def _create(self, new: NewInstance) -> None:
        started, db = new.started, self.db
        row = db.execute("SELECT generation FROM instances WHERE id = ?", (new.id,)).fetchone()
        generation = 0 if row is None else row[0] + 1
        _forget(db, new.id)
        if started.generation is not None:
            started = replace(started, generation=generation)
        db.execute(
            "INSERT OR REPLACE INTO instances VALUES (?, ?, ?, 'Pending', ?, NULL, NULL, 0, ?, ?, ?)",
            (
                *(new.id, started.execution_id, started.name, started.input),
                *(generation, started.at_us, started.at_us),
            ),
        )
        self._post(Letter(new.id, started.execution_id, started))

    def post(self, letters: Iterable[Letter]) -> None:
        """Send messages in one transaction."""
        with self.transaction():
            for letter in letters:
                self._post(letter)

    def _post(self, letter: Letter) -> None:
        self.db.execute(
            "INSERT INTO inbox (instance_id, execution_id, kind, fields) VALUES (?, ?, ?, ?)",
            (letter.instance_id, letter.execution_id, *to_row(letter.event)),
        )

    def rewind(self, histories: Mapping[str, list[Event]], letters: Iterable[Letter], at_us: int) -> None:
        """Give failed instances these histories and their first status again, and send messages, in one transaction."""
        with self.transaction() as db:
            for instance_id, history in histories.items():
                db.execute("DELETE FROM history WHERE instance_id = ?", (instance_id,))
                _append(db, instance_id, 0, history)
                db.execute("UPDATE instances SET status = 'Pending', updated_us = ? WHERE id = ?", (at_us, instance_id))
            for letter in letters:
                self._post(letter)

    def discard_messages(self, sequence_numbers: Iterable[int]) -> None:
        """Drop messages nobody will read."""
        with self.transaction() as db:
            db.executemany("DELETE FROM inbox WHERE seq = ?", [(seq,) for seq in sequence_numbers])

    def sent(self) -> int:
        """How many messages and activities there have ever been; it only grows, also from one host to the next."""
        return self.db.execute("SELECT COALESCE(SUM(seq), 0) FROM sqlite_sequence").fetchone()[0]

    def waiting_instances(self) -> list[str]:
        """Instances with messages, oldest message first; read once, at start."""
        rows = self.db.execute("SELECT instance_id FROM inbox GROUP BY instance_id ORDER BY MIN(seq)")
        return [row[0] for row in rows]

    # ---- one step

    def commit(self, step: StepCommit) -> list[WorkItem] | None:
        """Write one step. None, and nothing written, when another execution took the instance's place meanwhile."""
        with self.transaction() as db:
            current = db.execute("SELECT execution_id FROM instances WHERE id = ?", (step.instance.id,)).fetchone()
            if current is None or current[0] != step.loaded_execution_id:
                return None
            row = step.instance
            db.executemany("DELETE FROM inbox WHERE seq = ?", [(seq,) for seq in step.consumed])
            if step.keep_history == 0:
                db.execute("DELETE FROM history WHERE instance_id = ?", (row.id,))
            _append(db, row.id, step.keep_history, step.append)
            if row.is_final or row.execution_id != step.loaded_execution_id:
                db.execute("DELETE FROM timers WHERE instance_id = ?", (row.id,))
            for timer in step.timers if not row.is_final else ():
                db.execute(
                    "INSERT INTO timers (instance_id, execution_id, task_id, created_us, fire_us) "
                    "VALUES (?, ?, ?, ?, ?)",
                    (row.id, row.execution_id, timer.task_id, row.updated_us, timer.fire_us),
                )
            work = [self._add_work(row, activity) for activity in step.activities]
            for child in step.children:
                self._create(child)
            for letter in step.letters:
                self._post(letter)
            # Last: a child given this instance's id has taken its place above, and must not be overwritten.
            db.execute(
                "UPDATE instances SET execution_id = ?, status = ?, input = ?, output = ?, custom_status = ?, "
                "status_is_inherited = ?, created_us = ?, updated_us = ? WHERE id = ? AND execution_id = ?",
                (
                    *(row.execution_id, row.status, row.input, row.output, row.custom_status, row.status_is_inherited),
                    *(row.created_us, row.updated_us, row.id, step.loaded_execution_id),
                ),
            )
            return work

    def _add_work(self, row: InstanceRow, activity: ScheduleActivity) -> WorkItem:
        cursor = self.db.execute(
            "INSERT INTO work (instance_id, execution_id, task_id, name, input) VALUES (?, ?, ?, ?, ?)",
            (row.id, row.execution_id, activity.task_id, activity.name, activity.input),
        )
        seq = cursor.lastrowid or 0
        return WorkItem(seq, row.id, row.execution_id, activity.task_id, activity.name, activity.input, None)

    # ---- activities

    def open_work(self) -> list[WorkItem]:
        """Activities not finished, in order; read once, at start."""
        return [WorkItem(*row) for row in self.db.execute("SELECT * FROM work ORDER BY seq")]

    def lease(self, seq: int, at_us: int | None) -> bool:
        """Note that an activity was started; None gives it back. False when it is gone."""
        return self.db.execute("UPDATE work SET leased_us = ? WHERE seq = ?", (at_us, seq)).rowcount > 0

    def finish(self, item: WorkItem, event: Inbound) -> bool:
        """Replace an activity by its result. False when it was finished before: a duplicate delivery."""
        with self.transaction() as db:
            if db.execute("DELETE FROM work WHERE seq = ?", (item.seq,)).rowcount == 0:
                return False
            self._post(Letter(item.instance_id, item.execution_id, event))
            return True

    # ---- timers

    def due_timers(self, now_us: int, limit: int) -> list[DueTimer]:
        """Timers whose time has come, earliest first."""
        rows = self.db.execute("SELECT * FROM timers WHERE fire_us <= ? ORDER BY fire_us, seq LIMIT ?", (now_us, limit))
        return [DueTimer(*row) for row in rows]

    def next_fire_us(self) -> int | None:
        """When the earliest timer is due."""
        return self.db.execute("SELECT MIN(fire_us) FROM timers").fetchone()[0]

    def fire(self, fired: Iterable[tuple[DueTimer, Inbound]]) -> None:
        """Replace timers by their messages."""
        with self.transaction() as db:
            for timer, event in fired:
                db.execute("DELETE FROM timers WHERE seq = ?", (timer.seq,))
                self._post(Letter(timer.instance_id, timer.execution_id, event))

    # ---- schedules of timer triggers

    def schedule(self, function: str) -> tuple[int | None, int, int | None] | None:
        """Last run, next slot and time of the last update of a timer function."""
        row = self.db.execute("SELECT last_us, next_us, updated_us FROM schedules WHERE function = ?", (function,))
        return row.fetchone()

    def save_schedule(self, function: str, last_us: int | None, next_us: int, updated_us: int | None) -> None:
        """Remember a timer function's last run and next slot."""
        self.db.execute(
            "INSERT OR REPLACE INTO schedules VALUES (?, ?, ?, ?)", (function, last_us, next_us, updated_us)
        )


def _append(db: sqlite3.Connection, instance_id: str, first_seq: int, events: Iterable[Event]) -> None:
    db.executemany(
        "INSERT INTO history VALUES (?, ?, ?, ?)",
        [(instance_id, seq, *to_row(event)) for seq, event in enumerate(events, first_seq)],
    )


def _forget(db: sqlite3.Connection, instance_id: str) -> None:
    for table in ("history", "inbox", "timers"):
        db.execute(f"DELETE FROM {table} WHERE instance_id = ?", (instance_id,))  # noqa: S608 - our own table names
