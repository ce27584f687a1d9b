"""What tests of every layer make: real, small videos."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from av.video.frame import VideoFrame


class MakeMp4(Protocol):
    """Encode a video and return its bytes."""

    def __call__(
        self,
        *,
        seconds: float = 2,
        width: int = 160,
        height: int = 90,
        rate: int = 24,
        keyframe_every: int = 24,
        audio: bool = False,
        index_first: bool = True,
        black_until_s: float = 0,
    ) -> bytes:
        """`index_first` puts the index before the frames, as files made for the web have it."""
        ...


@pytest.fixture
def make_mp4(tmp_path: Path) -> MakeMp4:
    """Encode real MP4s: H.264 with moving stripes, brighter with time, and a silent AAC track where asked for."""
    import av  # noqa: PLC0415 - most tests need none

    def make(
        *,
        seconds: float = 2,
        width: int = 160,
        height: int = 90,
        rate: int = 24,
        keyframe_every: int = 24,
        audio: bool = False,
        index_first: bool = True,
        black_until_s: float = 0,
    ) -> bytes:
        path = tmp_path / "made.mp4"
        with av.open(path, "w", format="mp4", options={"movflags": "faststart"} if index_first else {}) as container:
            # sc_threshold 0: keyframes come when they are due and at no other time
            options = {"preset": "ultrafast", "g": str(keyframe_every), "sc_threshold": "0"}
            video = container.add_stream("libx264", rate=rate, options=options)
            video.width, video.height, video.pix_fmt = width, height, "yuv420p"
            sound = container.add_stream("aac", rate=48_000) if audio else None
            for n in range(round(seconds * rate)):
                container.mux(video.encode(_striped(width, height, n, is_black=n < black_until_s * rate)))
            container.mux(video.encode())
            if sound:
                silence = av.AudioFrame(format="fltp", layout="stereo", samples=round(seconds * 48_000))
                for plane in silence.planes:
                    plane.update(bytes(plane.buffer_size))
                silence.sample_rate, silence.time_base, silence.pts = 48_000, Fraction(1, 48_000), 0
                container.mux([*sound.encode(silence), *sound.encode()])
        return path.read_bytes()

    return make


def _striped(width: int, height: int, n: int, *, is_black: bool) -> VideoFrame:
    import av  # noqa: PLC0415 - as above

    frame = av.VideoFrame(width, height, "yuv420p")
    luma, *chroma = frame.planes
    row = bytes(16 if is_black else 60 + n % 100 + (x + n) % 32 for x in range(luma.line_size))
    luma.update(row * luma.height)
    for plane in chroma:
        plane.update(bytes([128]) * plane.buffer_size)
    return frame
