"""What a video file is, and the pictures made of it: poster, sprite sheet, GIF. PyAV alone.

A file is any seekable binary object; it is read by ranges and never held. Must not know storage, jobs or providers.
"""

from __future__ import annotations

import functools
import io
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from shared.footage import UnplayableError, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from av.filter import Graph
    from av.filter.context import FilterContext
    from av.video.frame import VideoFrame

    from shared.footage import BinaryFile

P = ParamSpec("P")
T = TypeVar("T")

POSTER_SIDE: Final = 1280
_JPEG_QUALITY: Final = 4  # mjpeg's own scale: 2 is the best, 31 the least
_BLACK_BELOW: Final = 12  # mean brightness of 0..255
_GIF_TICK: Final = Fraction(1, 100)  # seconds; a GIF knows no shorter time


@dataclass(frozen=True, slots=True)
class Probe:
    """What a playable video is; `seconds` is its duration."""

    seconds: float
    width: int
    height: int
    has_audio: bool
    codec: str
    frame_rate: float


@dataclass(frozen=True, slots=True)
class NotAVideo:
    """Why a file cannot be played as a video."""

    reason: str


def _answers(make: Callable[P, T]) -> Callable[P, T | NotAVideo]:
    """Turn what is wrong with the file's content into a value; what the file object itself raises goes up."""

    @functools.wraps(make)
    def answer(*args: P.args, **kwargs: P.kwargs) -> T | NotAVideo:
        from av.error import FFmpegError  # noqa: PLC0415 - cold start

        try:
            return make(*args, **kwargs)
        except UnplayableError as error:
            return NotAVideo(str(error))
        except FFmpegError as error:
            return NotAVideo(f"it does not decode ({error.strerror})")

    return answer


@_answers
def probe(file: BinaryFile) -> Probe:
    """Tell what the video is, once its first frame was decoded and its last byte was found to be there."""
    with opened(file) as video:
        first = next(video.frames(), None)
        if first is None:
            raise UnplayableError("no frame of it decodes")
        return Probe(
            seconds=video.seconds,
            width=first.width,
            height=first.height,
            has_audio=bool(video.container.streams.audio),
            codec=video.stream.codec_context.name,
            frame_rate=float(video.stream.average_rate or video.stream.guessed_rate or 0),
        )


@_answers
def poster(file: BinaryFile) -> bytes:
    """A JPEG of the frame at a tenth of the video, or of the first later sample that is not black."""
    with opened(file) as video:
        samples = (video.frame_at(video.seconds * part) for part in (0.1, 0.25, 0.5, 0.75))
        at_a_tenth = next(samples)
        seen = at_a_tenth if not _is_black(at_a_tenth) else next((s for s in samples if not _is_black(s)), at_a_tenth)
        return _jpeg(_fitted(seen, POSTER_SIDE))


@_answers
def sprite_sheet(file: BinaryFile, *, columns: int = 5, rows: int = 5, tile_side: int = 240) -> bytes:
    """A JPEG of frames spread evenly over the video, left to right, top to bottom. `tile_side`: a tile's longest.

    A tile shows the keyframe in its part of the video, or the frame in the middle of that part where it has none.
    """
    count = columns * rows
    with opened(file) as video:
        marks = [video.seconds * (n + 0.5) / count for n in range(count)]
        tiles = [_fitted(frame, tile_side) for frame in video.frames_near(marks)]
    if not tiles:
        raise UnplayableError("no frame of it decodes")
    tiles += [tiles[-1]] * (count - len(tiles))
    graph, source = _source_of(tiles[0])
    graph.link_nodes(source, graph.add("tile", f"{columns}x{rows}"), graph.add("buffersink"))
    return _jpeg(next(_filtered(graph, tiles)))


@_answers
def gif(file: BinaryFile, *, width: int = 320, fps: int = 8, max_seconds: int = 6) -> bytes:
    """A GIF of the video's beginning, in the 256 colours that suit it best; holds `max_seconds * fps` small frames."""
    import av  # noqa: PLC0415 - cold start

    with opened(file) as video:
        wide, high = video.stream.codec_context.width, video.stream.codec_context.height
        side = max(wide, high) * min(width, wide) // wide
        frames = [_fitted(frame, side) for frame in video.thinned(fps, max_seconds)]
    if not frames:
        raise UnplayableError("no frame of it decodes")
    graph, source = _source_of(frames[0])
    split, palette, use = graph.add("split"), graph.add("palettegen"), graph.add("paletteuse")
    graph.link_nodes(source, split, palette)
    split.link_to(use, output_idx=1, input_idx=0)
    palette.link_to(use, output_idx=0, input_idx=1)
    use.link_to(graph.add("buffersink"))
    written = io.BytesIO()
    with av.open(written, "w", format="gif") as container:
        stream = container.add_stream("gif", rate=fps)
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, "pal8"
        stream.codec_context.time_base = _GIF_TICK
        for frame in _filtered(graph, frames):
            frame.pts, frame.time_base = round(frame.time / _GIF_TICK), _GIF_TICK
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return written.getvalue()


def _fitted(frame: VideoFrame, side: int) -> VideoFrame:
    """The frame with its longest side at most `side`, both even, in the colours that JPEG takes."""
    scale = min(1.0, side / max(frame.width, frame.height))
    width, height = (max(2, int(length * scale) // 2 * 2) for length in (frame.width, frame.height))
    return frame.reformat(
        width, height, "yuvj420p", dst_colorspace="ITU601", dst_color_range="JPEG", interpolation="AREA"
    )


def _is_black(frame: VideoFrame) -> bool:
    plane = frame.reformat(16, 16, "gray", interpolation="AREA").planes[0]
    brightness = b"".join(bytes(plane)[row * plane.line_size :][: plane.width] for row in range(plane.height))
    return sum(brightness) < _BLACK_BELOW * len(brightness)


def _jpeg(frame: VideoFrame) -> bytes:
    from av.codec import CodecContext  # noqa: PLC0415 - cold start

    codec = CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt = frame.width, frame.height, "yuvj420p"
    codec.time_base = Fraction(1, 25)  # a still has none; the encoder wants one
    codec.options = {"qmin": str(_JPEG_QUALITY), "qmax": str(_JPEG_QUALITY)}
    frame.pts = None
    packets = (*codec.encode(frame), *codec.encode())  # pyright: ignore[reportUnknownVariableType] - PyAV's Packet is
    return b"".join(map(bytes, packets))  # pyright: ignore[reportUnknownArgumentType] - generic, and left open there


def _source_of(frame: VideoFrame) -> tuple[Graph, FilterContext]:
    """A filter graph with nothing in it but its source, which takes frames like this one."""
    from av.filter import Graph  # noqa: PLC0415 - cold start

    graph = Graph()
    return graph, graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )


def _filtered(graph: Graph, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
    from av.error import BlockingIOError, EOFError  # noqa: A004, PLC0415 - FFmpeg's own of these names; cold start

    graph.configure()
    for frame in frames:
        graph.vpush(frame)
    graph.vpush(None)
    with suppress(BlockingIOError, EOFError):
        while True:
            yield graph.vpull()
