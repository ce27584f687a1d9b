"""How a video file is opened without trusting it, and how one gets at its frames without decoding them all.

Knows containers and decoders; must not know what the frames are for.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# What FFmpeg may take a file for. Among its other formats are play lists, which name further files and addresses.
_FORMATS: Final = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"
_MOST_PIXELS: Final = 8192 * 4320
_FRAMES_TO_A_MARK: Final = 300  # decoded at most between one frame that is asked for and the next


class BinaryFile(Protocol):
    """As much of a seekable binary file as decoding needs, so that raw and buffered ones will do."""

    def read(self, size: int, /) -> bytes | None: ...  # noqa: D102 - as in io.RawIOBase
    def seek(self, offset: int, whence: int, /) -> int: ...  # noqa: D102 - as above
    def tell(self) -> int: ...  # noqa: D102 - as above


class UnplayableError(Exception):
    """The file's content is at fault."""


@dataclass(frozen=True, slots=True)
class Video:
    """An open video: its one moving stream, and how to get at frames without decoding them all."""

    container: InputContainer
    stream: VideoStream
    time_base: Fraction
    seconds: float

    def frames(self) -> Iterator[VideoFrame]:
        """Frames from where the container stands; one without a time cannot be shown."""
        return (frame for frame in self.container.decode(self.stream) if frame.pts is not None)

    def frame_at(self, mark: float) -> VideoFrame:
        """The frame shown at `mark` seconds."""
        self._seek(mark)
        frame = _first_since(mark, self.frames())
        if frame is None:
            raise UnplayableError("no frame of it decodes")
        return frame

    def frames_near(self, marks: Iterable[float]) -> Iterator[VideoFrame]:
        """For each of the ascending marks the last keyframe since the mark before, else the frame at the mark.

        No frame is decoded twice, and none between a keyframe and the next when no mark lies there.
        """
        frames, reached = self.frames(), -1.0
        for mark in marks:
            is_ahead = self._keyframe_before(mark) > reached
            if is_ahead:
                self._seek(mark)
                frames = self.frames()
            frame = _first_since(0 if is_ahead else mark, frames)
            if frame is None:
                return
            reached = frame.time
            yield frame

    def thinned(self, fps: int, until: float) -> Iterator[VideoFrame]:
        """At most `fps` frames a second of the first `until` seconds."""
        due = 0.0
        for frame in self.frames():
            if frame.time >= until or due >= until:
                return
            if frame.time >= due:
                due += 1 / fps
                yield frame

    def _seek(self, mark: float) -> None:
        """Go to the keyframe at or before the mark."""
        self.container.seek(int(mark / self.time_base), stream=self.stream)

    def _keyframe_before(self, mark: float) -> float:
        entries = self.stream.index_entries
        found = entries.search_timestamp(int(mark / self.time_base))
        return float(entries[found].timestamp * self.time_base) if found >= 0 else -1.0


@contextmanager
def opened(file: BinaryFile) -> Generator[Video]:
    """Open what is in `file`, once it is known to be a whole video; otherwise UnplayableError says what is wrong."""
    import av  # noqa: PLC0415 - cold start
    from av.stream import Disposition  # noqa: PLC0415 - cold start

    size = file.seek(0, io.SEEK_END)
    if size == 0:
        raise UnplayableError("it is empty")
    file.seek(0, io.SEEK_SET)
    with av.open(file, "r", container_options={"format_whitelist": _FORMATS}) as container:
        moving = (s for s in container.streams.video if not s.disposition & Disposition.attached_pic)
        stream = next(moving, None)
        if stream is None:
            raise UnplayableError("it has no video stream")
        if stream.codec_context.width * stream.codec_context.height > _MOST_PIXELS:
            raise UnplayableError(f"its picture has more than {_MOST_PIXELS} pixels")
        # The index of an MP4 tells where its last frame ends, so a cut file shows without reading up to the cut.
        needed = max((entry.pos + entry.size for s in container.streams for entry in s.index_entries), default=0)
        if needed > size:
            raise UnplayableError(f"it is cut off: {size} bytes of at least {needed}")
        duration = stream.duration * stream.time_base if stream.duration and stream.time_base else None
        seconds = float(duration or Fraction(container.duration or 0, av.time_base))
        if seconds <= 0 or stream.time_base is None:
            raise UnplayableError("it does not tell how long it lasts")
        yield Video(container, stream, stream.time_base, seconds)


def _first_since(mark: float, frames: Iterator[VideoFrame]) -> VideoFrame | None:
    """The first frame at or after the mark, or the last one on the way to it; None when there are no more."""
    frame = None
    for frame in islice(frames, _FRAMES_TO_A_MARK):
        if frame.time >= mark:
            break
    return frame
