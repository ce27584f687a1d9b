"""The studio: one file for each film, whatever happens to the drawing."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from local.azure_openai import studio
from local.azure_openai.clock import ManualClock
from local.azure_openai.film import Film
from local.azure_openai.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILM = Film("A fox in the snow", 480, 480, 1, has_audio=False)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands."""
    return ManualClock(1_000)


@pytest.fixture
def drawing(tmp_path: Path, clock: ManualClock) -> Iterator[Studio]:
    """A studio."""
    made = Studio(tmp_path, clock)
    yield made
    made.close()


async def test_film_is_drawn_once_and_dated_by_the_clock(
    drawing: Studio, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ordered twice, or in a later studio, a film is drawn only once."""
    drawing.order(FILM)
    path = await asyncio.wait_for(drawing.path(FILM), 30)
    assert (path.stat().st_size > 1000, drawing.ready_at(FILM)) == (True, 1_000)
    monkeypatch.setattr(studio, "draw", lambda *_, **__: pytest.fail("drawn again"))
    clock.advance(5)
    drawing.order(FILM)
    later = Studio(tmp_path, clock)
    assert await later.path(FILM) == path
    assert (drawing.ready_at(FILM), later.ready_at(FILM)) == (1_000, 1_005)
    later.close()


async def test_film_that_cannot_be_drawn_stops_no_other(drawing: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """One failure is remembered, and the next film is drawn."""
    real = studio.draw
    monkeypatch.setattr(studio, "draw", lambda *_, **__: 1 / 0)
    with pytest.raises(RuntimeError):
        await asyncio.wait_for(drawing.path(FILM), 30)
    assert drawing.has_failed(FILM)
    monkeypatch.setattr(studio, "draw", real)
    other = Film("A cat", 480, 480, 1, has_audio=False)
    assert (await asyncio.wait_for(drawing.path(other), 30)).exists()


async def test_pictures_are_made_once(drawing: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thumbnails of both kinds and the sheet are kept as files."""
    first = [await drawing.picture(FILM, "webp"), await drawing.picture(FILM, "jpeg"), await drawing.sheet(FILM)]
    assert (first[0][8:12], first[1][:2], first[2][:2]) == (b"WEBP", b"\xff\xd8", b"\xff\xd8")
    for name in ("thumbnail", "spritesheet"):
        monkeypatch.setattr(studio, name, lambda *_: pytest.fail("made again"))
    assert [
        await drawing.picture(FILM, "webp"),
        await drawing.picture(FILM, "jpeg"),
        await drawing.sheet(FILM),
    ] == first


def test_closing_gives_up_what_is_being_drawn(tmp_path: Path, clock: ManualClock) -> None:
    """A studio closed in the middle of a drawing leaves no film of it, whole or half."""
    made = Studio(tmp_path, clock)
    long = Film("A very long film", 480, 480, 20, has_audio=True)
    made.order(long)
    until = time.monotonic() + 30
    while not list(tmp_path.glob("*.part")):
        assert time.monotonic() < until, "the drawing has not begun"
        time.sleep(0.01)
    made.close()
    assert made.ready_at(long) is None
    assert {path.name for path in tmp_path.iterdir()} == {"openings"}
