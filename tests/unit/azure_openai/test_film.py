"""Films: real files of what was asked for, the same every time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from local.azure_openai.film import Film, Painter, Stopped, draw

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

SMALL = Film("A fox in the snow", 480, 480, 1, has_audio=False)


def drawn(film: Film, folder: Path) -> bytes:
    """The film's bytes."""
    path = folder / "film.mp4"
    draw(film, path, openings=folder)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("width", "height", "seconds", "has_audio"),
    [(1280, 720, 2, True), (480, 854, 1, False), (1080, 1920, 1, True), (1024, 1792, 1, True)],
)
def test_film_has_the_size_length_rate_and_sound_asked_for(
    tmp_path: Path, width: int, height: int, seconds: int, *, has_audio: bool
) -> None:
    """H.264 4:2:0 at 30 frames a second, every frame of it decodable; AAC where there is sound."""
    path = tmp_path / "film.mp4"
    draw(Film("A fox", width, height, seconds, has_audio=has_audio), path, openings=tmp_path)
    with av.open(path) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (video.width, video.height, video.average_rate, video.frames) == (width, height, 30, seconds * 30)
        assert [stream.codec_context.name for stream in container.streams.audio] == ["aac"] * has_audio
        assert container.duration == pytest.approx(seconds * 1_000_000, abs=50_000)
        assert sum(1 for _ in container.decode(video=0)) == seconds * 30


def test_sound_is_heard_in_full(tmp_path: Path) -> None:
    """The sound is as long as the film, not silent, and never clipped."""
    path = tmp_path / "film.mp4"
    draw(replace(SMALL, has_audio=True, seconds=2), path, openings=tmp_path)
    with av.open(path) as container:
        samples = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    assert samples.shape[1] / 48_000 == pytest.approx(2, abs=0.05)
    assert 0.05 < np.abs(samples).max() < 1


def test_same_film_is_the_same_bytes(tmp_path: Path) -> None:
    """Drawn twice, a film is the same to the last byte."""
    film = replace(SMALL, has_audio=True)
    assert drawn(film, tmp_path) == drawn(film, tmp_path)


@pytest.mark.parametrize(
    "other", [{"prompt": "a fox in the snow"}, {"seconds": 2}, {"take": 1}, {"width": 720}, {"quality": "low"}]
)
def test_other_film_has_another_name(other: dict[str, object]) -> None:
    """Whatever changes a film's bytes changes the name of its file."""
    assert replace(SMALL, **other).key != SMALL.key


def changed(one: Image.Image, other: Image.Image) -> float:
    """The share of the picture above the caption that is visibly different."""
    pictures = (np.asarray(picture)[:300].astype(int) for picture in (one, other))
    return float((np.abs(np.subtract(*pictures)).max(axis=2) > 8).mean())


@pytest.mark.parametrize("other", [{"prompt": "A cat"}, {"take": 1}])
def test_other_prompt_and_other_take_look_different(tmp_path: Path, other: dict[str, object]) -> None:
    """Not only the caption differs: most of the picture does."""
    films = (SMALL, replace(SMALL, **other))
    assert changed(*(Painter(film, tmp_path).picture(0, height=480) for film in films)) > 0.5


def test_picture_moves(tmp_path: Path) -> None:
    """Two seconds later a part of the picture has changed."""
    painter = Painter(replace(SMALL, seconds=3), tmp_path)
    assert changed(*(painter.picture(frame, height=480) for frame in (0, 60))) > 0.05


def test_index_comes_before_the_frames(tmp_path: Path) -> None:
    """A player can begin before it has the whole file."""
    content = drawn(SMALL, tmp_path)
    assert content.index(b"moov") < content.index(b"mdat")


def test_low_quality_is_a_smaller_file(tmp_path: Path) -> None:
    """Low quality keeps the size of the picture and halves the file at least."""
    high, low = drawn(SMALL, tmp_path), drawn(replace(SMALL, quality="low"), tmp_path)
    assert len(low) < len(high) / 2


def test_drawing_stops_when_told(tmp_path: Path) -> None:
    """A drawing is given up between two frames."""
    answers = iter([False, False, True])
    with pytest.raises(Stopped):
        draw(SMALL, tmp_path / "film.mp4", openings=tmp_path, is_stopped=lambda: next(answers))
