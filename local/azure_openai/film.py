"""What a film is, and how one becomes a playable MP4, a picture or a sheet of pictures.

The same film always gives the same bytes. It knows nothing of renders, requests or queues.
"""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from PIL import Image

from local.azure_openai import sound
from local.azure_openai.caption import Caption, time_code
from local.azure_openai.pixels import Canvas, fill, mix
from local.azure_openai.scene import Scene

FRAMES_PER_S = 30
_LOOK = 1
"""Raised when films come to look different, so that older files are not taken for theirs."""
_CRF = {"high": "21", "low": "34"}
_OPENING_S = 1.5
_SHEET_COLUMNS, _SHEET_ROWS = 4, 3
_BT709 = 1  # the code of BT.709 in each of H.264's colour description fields
_LIMITED_RANGE = 1
Quality = Literal["high", "low"]
PictureKind = Literal["webp", "jpeg"]


class Stopped(Exception):  # noqa: N818 -- nothing went wrong: the drawing was asked to stop
    """The drawing was stopped before the film was complete."""


@dataclass(frozen=True, slots=True)
class Film:
    """Everything a film's bytes follow from."""

    prompt: str
    width: int
    height: int
    seconds: int
    has_audio: bool
    take: int = 0
    """Which of several variants of one prompt."""
    opening: str | None = None
    """Name of the file with the picture the film begins with; the name follows from its content."""
    quality: Quality = "high"

    @property
    def key(self) -> str:
        """A name for its files."""
        text = json.dumps({"look": _LOOK, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:40]

    @property
    def seed(self) -> int:
        """What the scene and the sound follow from: the same at every size."""
        return int.from_bytes(hashlib.sha256(f"{self.prompt}\0{self.take}".encode()).digest()[:8])


@dataclass
class Painter:
    """Paints the frames of one film. `openings` is the folder with the pictures that films begin with."""

    film: Film
    openings: Path
    _scene: Scene = field(init=False)
    _caption: Caption = field(init=False)
    _opening: Canvas | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        film = self.film
        self._scene = Scene(film.seed, film.width, film.height)
        facts = f"{film.width} x {film.height}   {film.seconds} s   {FRAMES_PER_S} fps"
        if film.take:
            facts += f"   take {film.take + 1}"
        self._caption = Caption(film.prompt, facts, film.width, film.height, self._scene.accent)
        if film.opening:
            self._opening = _opening(self.openings / film.opening, film.width, film.height)

    @property
    def frames(self) -> int:
        """How many frames the film has."""
        return self.film.seconds * FRAMES_PER_S

    def paint(self, frame: int) -> VideoFrame:
        """Paint one frame (0-based)."""
        at_s = frame / FRAMES_PER_S
        canvas = self._scene.paint(at_s)
        if self._opening and at_s < _OPENING_S:
            mix(canvas, self._opening, min(1.0, 2 * (1 - at_s / _OPENING_S)))
        self._caption.draw(canvas, time_code(frame, FRAMES_PER_S), (frame + 1) / self.frames)
        painted = VideoFrame.from_ndarray(canvas.frame, format="yuv420p")
        painted.colorspace, painted.color_range = Colorspace.ITU709, ColorRange.MPEG
        painted.pts, painted.time_base = frame, Fraction(1, FRAMES_PER_S)
        return painted

    def picture(self, frame: int, *, height: int) -> Image.Image:
        """Paint one frame as an RGB picture, scaled to `height`."""
        width = round(self.film.width * height / self.film.height / 2) * 2
        converted = self.paint(frame).reformat(
            width, height, format="rgb24", src_colorspace=Colorspace.ITU709, src_color_range=ColorRange.MPEG
        )
        return Image.fromarray(converted.to_ndarray())


def draw(film: Film, path: Path, *, openings: Path, is_stopped: Callable[[], bool] = lambda: False) -> None:
    """Write the film as an MP4 (H.264 4:2:0, AAC if it has audio, index first). Raises `Stopped` when told to stop."""
    painter = Painter(film, openings)
    with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video = _video_stream(container.add_stream("libx264", rate=FRAMES_PER_S, options=_x264(film.quality)), film)
        audio = container.add_stream("aac", rate=sound.RATE) if film.has_audio else None
        if audio:
            audio.layout, audio.bit_rate = "stereo", 128_000
        pieces = _sound(film) if audio else iter(())
        for painted in _painted_ahead(painter):
            if is_stopped():
                raise Stopped
            container.mux(video.encode(painted))
            if audio and (piece := next(pieces, None)):
                container.mux(audio.encode(piece))
        for stream in (video, audio):
            if stream:
                container.mux(stream.encode(None))


def thumbnail(film: Film, openings: Path, kind: PictureKind) -> bytes:
    """Return the picture that stands for the film, at its full size, from a third of its way."""
    painter = Painter(film, openings)
    return _file(painter.picture(painter.frames // 3, height=film.height), kind)


def spritesheet(film: Film, openings: Path) -> bytes:
    """Return a JPEG sheet of twelve small pictures, in reading order, evenly spread over the film."""
    painter = Painter(film, openings)
    height = film.height // 4 // 2 * 2
    cells = _SHEET_COLUMNS * _SHEET_ROWS
    pictures = [painter.picture(painter.frames * cell // cells, height=height) for cell in range(cells)]
    width = pictures[0].width
    sheet = Image.new("RGB", (width * _SHEET_COLUMNS, height * _SHEET_ROWS))
    for cell, picture in enumerate(pictures):
        sheet.paste(picture, (cell % _SHEET_COLUMNS * width, cell // _SHEET_COLUMNS * height))
    return _file(sheet, "jpeg")


def _x264(quality: Quality) -> dict[str, str]:
    # The bytes x264 makes depend on its number of threads, so that is fixed and not the machine's.
    # The fastest preset, with what makes soft gradients smooth and small put back.
    return {
        "preset": "ultrafast",
        "crf": _CRF[quality],
        "threads": "2",
        "g": str(2 * FRAMES_PER_S),
        "x264-params": "cabac=1:no-deblock=0:deblock=0,0",
    }


def _video_stream(stream: VideoStream, film: Film) -> VideoStream:
    stream.width, stream.height, stream.pix_fmt = film.width, film.height, "yuv420p"
    stream.codec_context.colorspace = _BT709
    stream.codec_context.color_primaries = ColorPrimaries.BT709
    stream.codec_context.color_trc = ColorTrc.BT709
    stream.codec_context.color_range = _LIMITED_RANGE
    return stream


def _painted_ahead(painter: Painter) -> Iterator[VideoFrame]:
    """All frames in order, each painted on another core while the one before it is being encoded."""
    with ThreadPoolExecutor(1, thread_name_prefix="painter") as brush:
        upcoming = brush.submit(painter.paint, 0)
        for frame in range(1, painter.frames + 1):
            painted = upcoming.result()
            if frame < painter.frames:
                upcoming = brush.submit(painter.paint, frame)
            yield painted


def _sound(film: Film) -> Iterator[AudioFrame]:
    """The film's sound in pieces as long as a frame, so that both streams are interleaved evenly."""
    length = sound.RATE // FRAMES_PER_S
    samples = sound.piece(film.seed, film.seconds)
    for start in range(0, samples.shape[1], length):
        heard = np.ascontiguousarray(samples[:, start : start + length])
        piece = AudioFrame.from_ndarray(heard, format="fltp", layout="stereo")
        piece.sample_rate, piece.pts, piece.time_base = sound.RATE, start, Fraction(1, sound.RATE)
        yield piece


def _opening(path: Path, width: int, height: int) -> Canvas:
    canvas = Canvas(width, height)
    with Image.open(path) as image:
        fill(canvas, np.asarray(image.convert("RGB").resize((width, height)), np.float32) / 255)
    return canvas


def _file(image: Image.Image, kind: PictureKind) -> bytes:
    out = io.BytesIO()
    image.save(out, format=kind.upper(), quality=86)
    return out.getvalue()
