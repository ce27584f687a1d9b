"""Colour planes and how pictures are laid over each other on them: 4:2:0, BT.709, limited range.

It knows nothing of what is drawn, nor of files.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
"""Red, green, blue, each 0..1."""
Bytes = NDArray[np.uint8]
Words = NDArray[np.uint16]
Floats = NDArray[np.floating]

_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722  # BT.709 luma weights


class Canvas:
    """One frame as three planes that share a buffer of the layout an encoder takes.

    Values are kept as 16-bit words while painting, since what is laid over needs the room.
    """

    def __init__(self, width: int, height: int) -> None:
        luma = width * height
        self.buffer: Words = np.zeros(luma * 3 // 2, np.uint16)
        self.planes: tuple[Words, Words, Words] = (
            self.buffer[:luma].reshape(height, width),
            self.buffer[luma : luma * 5 // 4].reshape(height // 2, width // 2),
            self.buffer[luma * 5 // 4 :].reshape(height // 2, width // 2),
        )

    @property
    def frame(self) -> Bytes:
        """The frame as bytes: (height * 3 / 2, width), as `yuv420p` is stored."""
        return self.buffer.astype(np.uint8).reshape(-1, self.planes[0].shape[1])


@dataclass(frozen=True, slots=True)
class Patch:
    """A picture with transparency, prepared so that laying it down is one multiplication and one sum a pixel."""

    planes: tuple[tuple[Words, Words], ...]
    """For luma and both chromas: colour times opacity (plus rounding), and 255 less opacity."""

    @property
    def width(self) -> int:
        """Width in luma pixels."""
        return self.planes[0][0].shape[1]

    @property
    def height(self) -> int:
        """Height in luma pixels."""
        return self.planes[0][0].shape[0]


def colour_planes(rgb: Floats) -> tuple[Floats, Floats, Floats]:
    """Turn RGB (h, w, 3; 0..1) into full-size Y, Cb and Cr planes of limited range (16..235, 16..240)."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    luma = _RED * red + _GREEN * green + _BLUE * blue
    return (
        16 + 219 * luma,
        128 + 224 * (blue - luma) / (2 - 2 * _BLUE),
        128 + 224 * (red - luma) / (2 - 2 * _RED),
    )


def colour_bytes(colour: Colour) -> tuple[int, int, int]:
    """Return one colour as its three plane values."""
    y, u, v = colour_planes(np.array([[colour]], np.float32))
    return round(float(y[0, 0])), round(float(u[0, 0])), round(float(v[0, 0]))


def patch(rgb: Floats, opacity: Floats) -> Patch:
    """Prepare a picture with its opacity (h, w), both 0..1. The picture is (h, w, 3), or (h, 1, 3) for plain rows,
    or (1, 1, 3) for one colour. Odd edges are padded with nothing.
    """
    opacity = np.pad(opacity, ((0, opacity.shape[0] % 2), (0, opacity.shape[1] % 2)))
    short = [(0, full - own if own > 1 else 0) for full, own in zip(opacity.shape, rgb.shape[:2], strict=True)]
    planes = colour_planes(np.pad(rgb, (*short, (0, 0)), mode="edge"))
    luma, *chromas = (np.broadcast_to(plane, opacity.shape) for plane in planes)
    halves = [(_halved(chroma), _halved(opacity)) for chroma in chromas]
    return Patch(tuple(_prepared(plane, alpha) for plane, alpha in [(luma, opacity), *halves]))


def fill(canvas: Canvas, rgb: Floats) -> None:
    """Paint the whole canvas with an opaque picture, (h, w, 3) or (h, 1, 3).

    A fixed fine grain keeps gradients from banding.
    """
    height, width = canvas.planes[0].shape
    luma, *chromas = (np.broadcast_to(plane, (height, width)) for plane in colour_planes(rgb))
    grain = np.random.default_rng(0).random(luma.shape, np.float32)
    canvas.planes[0][:] = luma + grain
    for plane, chroma in zip(canvas.planes[1:], chromas, strict=True):
        plane[:] = np.rint(_halved(chroma))


def lay(canvas: Canvas, over: Patch, *, left: int, top: int) -> None:
    """Lay a patch over the canvas, cut at its edges. Chroma follows at half resolution, rounded down."""
    for index, (plane, (colour, rest)) in enumerate(zip(canvas.planes, over.planes, strict=True)):
        x, y = (left, top) if index == 0 else (left // 2, top // 2)
        _blend(plane, colour, rest, x, y)


def scroll(canvas: Canvas, strip: Patch, *, offset: int, top: int) -> None:
    """Lay the part of a strip that begins at `offset` across the whole width of the canvas."""
    lay(canvas, strip, left=-offset, top=top)


def bar(canvas: Canvas, colour: tuple[int, int, int], box: tuple[int, int, int, int]) -> None:
    """Fill the box (left, top, right, bottom) with one opaque colour of plane values."""
    left, top, right, bottom = box
    canvas.planes[0][top:bottom, left:right] = colour[0]
    for plane, value in zip(canvas.planes[1:], colour[1:], strict=True):
        plane[top // 2 : bottom // 2, left // 2 : right // 2] = value


def rows(rgb: Floats) -> tuple[Words, Words, Words]:
    """Turn the colours of plain rows (h, 1, 3; h even) into plane columns for `fill_rows`."""
    luma, *chromas = (np.rint(plane).astype(np.uint16) for plane in colour_planes(rgb))
    return luma, chromas[0][::2], chromas[1][::2]


def fill_rows(canvas: Canvas, columns: tuple[Words, Words, Words], *, top: int) -> None:
    """Fill whole rows from `top` on with opaque colours made by `rows`."""
    for index, (plane, column) in enumerate(zip(canvas.planes, columns, strict=True)):
        first = top if index == 0 else top // 2
        plane[first : first + len(column)] = column


def mix(canvas: Canvas, opening: Canvas, share: float) -> None:
    """Cross-fade: `share` (0..1) of the opening picture, the rest of what is on the canvas."""
    weight = round(share * 255)
    canvas.buffer *= np.uint16(255 - weight)
    canvas.buffer += opening.buffer * np.uint16(weight) + np.uint16(255)
    canvas.buffer >>= 8


def _halved(plane: Floats) -> Floats:
    return (plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]) / 4


def _prepared(plane: Floats, opacity: Floats) -> tuple[Words, Words]:
    weight = np.rint(opacity * 255)
    # + 255 makes (x * 255 + 255) >> 8 give back x exactly, so what is transparent stays as it was.
    colour = np.clip(np.rint(plane), 0, 255) * weight + 255
    return colour.astype(np.uint16), (255 - weight).astype(np.uint16)


def _blend(plane: Words, colour: Words, rest: Words, x: int, y: int) -> None:
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + colour.shape[0], plane.shape[0]), min(x + colour.shape[1], plane.shape[1])
    if top >= bottom or left >= right:
        return
    rows, columns = slice(top - y, bottom - y), slice(left - x, right - x)
    target = plane[top:bottom, left:right]
    target *= rest[rows, columns]
    target += colour[rows, columns]
    target >>= 8
