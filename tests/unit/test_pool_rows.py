"""Rules of how a job's row in its pool is written down."""

from datetime import UTC, datetime

import pytest

from shared import rows
from shared.pool_rows import TicketRow, values_of
from shared.rows import Values

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
ROW = TicketRow(
    owner="an owner", size="1280x720", seconds=4, variants=1, priority="1", created_at=AT, deadline_at=AT, ready=True
)


@pytest.mark.parametrize("values", [values_of(ROW), rows.values_of(ROW)])
def test_a_row_is_read_however_it_was_written(values: Values) -> None:
    """What never changes may be packed or not: releases that write one and the other share a pool."""
    assert rows.model_of(TicketRow, values) == ROW


def test_what_a_job_learns_on_its_way_can_be_merged() -> None:
    """Every property that is merged into a row by itself is seen afterwards."""
    learnt = {"ready": False, "holds_slot": True, "restarts": 2, "restarted_at": AT, "look_until": AT, "version": "9"}
    read = rows.model_of(TicketRow, values_of(ROW) | learnt)
    assert read == ROW.model_copy(update=learnt)
    assert len(values_of(ROW)) < len(rows.values_of(ROW)) - 5
