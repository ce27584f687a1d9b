"""What is told about a video and what pictures are made of it, on real MP4s and on files that are none."""

from __future__ import annotations

import io
import random
from itertools import pairwise
from typing import TYPE_CHECKING

import av
import pytest

from shared import footage, media

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from av.video.frame import VideoFrame

    from tests.conftest import MakeMp4

LOOKERS = [media.probe, media.poster, media.sprite_sheet, media.gif]


def _frames(data: object) -> list[VideoFrame]:
    assert isinstance(data, bytes), data
    with av.open(io.BytesIO(data)) as container:
        return list(container.decode(video=0))


def _brightness(frame: VideoFrame, left: int, top: int, side: int = 8) -> float:
    gray = frame.reformat(format="gray").planes[0]
    rows = [bytes(gray)[(top + row) * gray.line_size + left :][:side] for row in range(side)]
    return sum(map(sum, rows)) / side**2


@pytest.mark.parametrize("index_first", [True, False])
def test_probe_tells_size_duration_rate_codec_and_sound(make_mp4: MakeMp4, *, index_first: bool) -> None:
    """A probe tells what was encoded, wherever the file keeps its index."""
    video = make_mp4(seconds=2, width=192, height=108, rate=30, audio=True, index_first=index_first)
    found = media.probe(io.BytesIO(video))
    assert isinstance(found, media.Probe)
    assert (found.width, found.height, found.codec, found.has_audio) == (192, 108, "h264", True)
    assert found.seconds == pytest.approx(2, abs=0.05)
    assert found.frame_rate == pytest.approx(30)


def test_probe_hears_no_sound_where_there_is_none(make_mp4: MakeMp4) -> None:
    """A video without an audio track says so."""
    found = media.probe(io.BytesIO(make_mp4()))
    assert isinstance(found, media.Probe)
    assert not found.has_audio


def _sound_alone() -> bytes:
    made = io.BytesIO()
    with av.open(made, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48_000)
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=4096)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate = 48_000
        container.mux([*stream.encode(frame), *stream.encode()])
    return made.getvalue()


def _avi() -> bytes:
    """A playable video in a container that is not taken, as play lists are not."""
    made = io.BytesIO()
    with av.open(made, "w", format="avi") as container:
        stream = container.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.mux([*stream.encode(av.VideoFrame(64, 64, "yuv420p")), *stream.encode()])
    return made.getvalue()


def _scrambled(video: bytes) -> bytes:
    start = video.index(b"mdat") + 4
    return video[:start] + random.Random(7).randbytes(len(video) - start)  # noqa: S311 - noise, not a secret


BROKEN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "empty"),
    "an error page": (lambda _: b"<html><body>503 Service Unavailable</body></html>" * 50, "does not decode"),
    "a play list of other files": (
        lambda _: b"#EXTM3U\n#EXTINF:5,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
        "does not",
    ),
    "cut in the index": (lambda video: video[:200], "no video stream"),
    "cut in the middle": (lambda video: video[: len(video) // 2], "cut off"),
    "its last byte missing": (lambda video: video[:-1], "cut off"),
    "frames of noise": (_scrambled, "does not decode|no frame"),
    "another container": (lambda _: _avi(), "does not decode"),
    "sound alone": (lambda _: _sound_alone(), "no video stream"),
}


@pytest.mark.parametrize("look", LOOKERS)
@pytest.mark.parametrize(("spoil", "reason"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_video_is_told_with_a_reason(
    make_mp4: MakeMp4, spoil: Callable[[bytes], bytes], reason: str, look: Callable[[io.BytesIO], object]
) -> None:
    """A file that cannot be played gives NotAVideo that says why, whatever was asked of it, and raises nothing."""
    found = look(io.BytesIO(spoil(make_mp4())))
    assert isinstance(found, media.NotAVideo)
    assert any(part in found.reason for part in reason.split("|")), found.reason


def test_a_file_cut_before_its_index_is_no_video(make_mp4: MakeMp4) -> None:
    """A file whose index came last and was lost is not a video."""
    found = media.probe(io.BytesIO(make_mp4(index_first=False)[:-300]))
    assert isinstance(found, media.NotAVideo)


@pytest.mark.parametrize("look", LOOKERS)
def test_what_the_file_object_raises_goes_up(make_mp4: MakeMp4, look: Callable[[io.BytesIO], object]) -> None:
    """A storage that fails while a video is read says nothing about the video."""
    video = make_mp4()
    in_the_first_frame = video.index(b"mdat") + 100

    class Away(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > in_the_first_frame:
                raise ConnectionError("the storage went away")
            return super().read(min(100, size or 0))

    with pytest.raises(ConnectionError, match="went away"):
        look(Away(video))


def test_poster_is_a_jpeg_of_the_frame_at_a_tenth(make_mp4: MakeMp4) -> None:
    """The poster shows the video at a tenth of its time, in its own size when that is small enough."""
    video = make_mp4(seconds=5, keyframe_every=500)
    [shown] = _frames(media.poster(io.BytesIO(video)))
    expected = next(frame for frame in _frames(video) if frame.time >= 0.5)
    assert (shown.width, shown.height) == (160, 90)
    assert _brightness(shown, 64, 40) == pytest.approx(_brightness(expected, 64, 40), abs=3)


def test_poster_fits_the_side_it_may_have(make_mp4: MakeMp4) -> None:
    """A video larger than a poster is scaled down to 1280 at its longest side, whichever that is."""
    [shown] = _frames(media.poster(io.BytesIO(make_mp4(seconds=0.2, width=360, height=1920))))
    assert (shown.width, shown.height) == (240, 1280)


def test_poster_passes_over_a_black_beginning(make_mp4: MakeMp4) -> None:
    """A video that fades in late has a poster that shows something."""
    [shown] = _frames(media.poster(io.BytesIO(make_mp4(seconds=4, black_until_s=1.5))))
    assert _brightness(shown, 64, 40) > 40


def test_poster_of_a_black_video_is_black(make_mp4: MakeMp4) -> None:
    """A video that is black all through still has a poster."""
    [shown] = _frames(media.poster(io.BytesIO(make_mp4(seconds=1, black_until_s=9))))
    assert _brightness(shown, 64, 40) < 5


@pytest.mark.parametrize("keyframe_every", [4, 24, 500])
def test_sprite_sheet_shows_the_video_from_beginning_to_end(make_mp4: MakeMp4, keyframe_every: int) -> None:
    """Every tile is brighter than the one before, as the video is, whether keyframes are many or one."""
    video = make_mp4(seconds=4, keyframe_every=keyframe_every)
    [sheet] = _frames(media.sprite_sheet(io.BytesIO(video), columns=4, rows=2, tile_side=80))
    assert (sheet.width, sheet.height) == (4 * 80, 2 * 44)
    seen = [_brightness(sheet, column * 80 + 8, row * 44 + 8, 24) for row in range(2) for column in range(4)]
    assert all(later > earlier + 3 for earlier, later in pairwise(seen)), seen


def test_sprite_sheet_decodes_no_frame_twice(make_mp4: MakeMp4, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more keyframes than tiles, eight tiles take eight frames, not the whole video."""
    video = make_mp4(seconds=32, rate=12, keyframe_every=12)
    decoded = _count_frames(monkeypatch)
    assert isinstance(media.sprite_sheet(io.BytesIO(video), columns=4, rows=2), bytes)
    assert sum(decoded) == 8


def test_sprite_sheet_of_one_long_group_decodes_it_once(make_mp4: MakeMp4, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without keyframes to jump to, the video is decoded from front to back and no further than the last tile."""
    video = make_mp4(seconds=4, rate=24, keyframe_every=500)
    decoded = _count_frames(monkeypatch)
    assert isinstance(media.sprite_sheet(io.BytesIO(video)), bytes)
    assert sum(decoded) <= 96


def _count_frames(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count frames as they leave the decoder."""
    counted: list[int] = []
    frames = footage.Video.frames

    def counting(video: footage.Video) -> Iterator[VideoFrame]:
        for frame in frames(video):
            counted.append(1)
            yield frame

    monkeypatch.setattr(footage.Video, "frames", counting)
    return counted


def test_sprite_sheet_of_one_frame_is_full(make_mp4: MakeMp4) -> None:
    """A video with fewer frames than the sheet has tiles repeats what it has."""
    [sheet] = _frames(media.sprite_sheet(io.BytesIO(make_mp4(seconds=0.05)), columns=3, rows=3, tile_side=80))
    assert _brightness(sheet, 2 * 80 + 8, 2 * 44 + 8) == pytest.approx(_brightness(sheet, 8, 8), abs=3)


def test_gif_is_as_wide_as_asked_and_ends_in_time(make_mp4: MakeMp4) -> None:
    """A GIF has at most fps frames a second of the first seconds, and keeps the video's pace."""
    shown = _frames(media.gif(io.BytesIO(make_mp4(seconds=5)), width=80, fps=8, max_seconds=3))
    assert {(frame.width, frame.height) for frame in shown} == {(80, 44)}
    assert len(shown) == 24
    assert shown[-1].time == pytest.approx(3, abs=0.2)


def test_gif_of_a_slow_video_keeps_its_pace(make_mp4: MakeMp4) -> None:
    """A video with fewer frames a second than the GIF may have is not sped up."""
    shown = _frames(media.gif(io.BytesIO(make_mp4(seconds=2, rate=4)), fps=8))
    assert len(shown) == 8
    assert shown[4].time == pytest.approx(1, abs=0.02)
