"""What is remembered over a restart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from local.azure_openai import behaviours
from local.azure_openai.config import BadConfigurationError
from local.azure_openai.models import Dialect
from local.azure_openai.state import Order, Render
from local.azure_openai.store import Refusal, Store

if TYPE_CHECKING:
    from pathlib import Path

ITEM = {"frame_index": 0, "type": "image", "file_name": "a.png", "crop_bounds": {"left_fraction": 0.25}}


def test_everything_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    """Renders with every kind of field, in their order and latest form, and refused creates."""
    first = Store(tmp_path)
    for number, prompt in enumerate(("a fox", "[stuck] \u0000 日本 🦊", "[fails]")):
        order = Order(Dialect.JOBS, "sora", prompt, 480, 480, 5, 2, "picture", None, (ITEM,))
        plan = behaviours.script(order, render_s=8, failing_sizes=()).plan
        first.save(Render(f"task_{9 - number}", number, order, "sora", 1.5, plan, ("gen_1", "gen_2")))
    first.save(replace(first.renders["task_9"], films_ready_at=3.25, deleted_at=4.0))
    first.note(Refusal(5.0, Dialect.VIDEOS, "sora-2", "no", "moderation", counts=True))
    first.close()
    again = Store(tmp_path)
    assert list(again.renders.items()) == list(first.renders.items())
    assert (again.refusals, again.next_number) == (first.refusals, 3)
    again.close()


def test_state_belongs_to_one_emulator_at_a_time(tmp_path: Path) -> None:
    """A second one is told so, until the first has let go."""
    first = Store(tmp_path)
    with pytest.raises(BadConfigurationError, match="cannot use the state"):
        Store(tmp_path)
    first.close()
    Store(tmp_path).close()


def test_state_of_another_version_is_one_clear_line(tmp_path: Path) -> None:
    """Rows that cannot be read are no traceback."""
    store = Store(tmp_path)
    store._file.execute("INSERT INTO renders VALUES ('x', 0, '{}')")
    store.close()
    with pytest.raises(BadConfigurationError, match="another version"):
        Store(tmp_path)
