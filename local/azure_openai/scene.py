"""The moving landscape behind a prompt: sky, a wandering light, drifting clouds, ridges that pass by.

Everything follows from a seed and a size. It knows nothing of prompts, captions or encoders.
"""

import colorsys
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from local.azure_openai.pixels import Canvas, Colour, Floats, Patch, Words, fill, fill_rows, lay, patch, rows, scroll

_RIDGES = 4
_TERRAINS = ("hills", "forest", "city", "waves")


@dataclass(frozen=True, slots=True)
class _Strip:
    """A picture twice as wide as the frame that repeats, how fast it passes, and what is solid below it."""

    picture: Patch
    top: int
    speed: float
    """In frame widths a second."""
    period: int
    ground: tuple[Words, Words, Words] | None = None
    """The rows below the picture; nothing below a cloud."""


class Scene:
    """A landscape of one seed, painted at any moment of its time."""

    def __init__(self, seed: int, width: int, height: int) -> None:
        self._dice = np.random.default_rng(seed)
        self._width, self._height = width, height
        self._canvas = Canvas(width, height)
        hue = float(self._dice.random())
        self.accent: Colour = _hsv(hue + 0.45 + 0.1 * float(self._dice.random()), 0.55, 1.0)
        self._horizon = _hsv(hue + 0.10 + 0.35 * float(self._dice.random()), 0.42, 0.98)
        self._dusk = _hsv(hue, 0.75, 0.30)
        self._shade = _hsv(hue + 0.04, 0.75, 0.09)
        self._sky = Canvas(width, height)
        fill(self._sky, self._sky_picture())
        self._light = self._light_picture()
        self._light_path = self._dice.random(4)
        self._direction = int(self._dice.choice((-1, 1)))
        terrain = _TERRAINS[int(self._dice.integers(len(_TERRAINS)))]
        self._strips = [self._clouds(), *(self._ridge(depth, terrain) for depth in range(_RIDGES))]

    def paint(self, at_s: float) -> Canvas:
        """Paint the landscape as it is `at_s` seconds in. The canvas is reused by the next call."""
        self._canvas.buffer[:] = self._sky.buffer
        left, top = self._light_place(at_s)
        lay(self._canvas, self._light, left=left, top=top)
        for strip in self._strips:
            offset = round(at_s * strip.speed * self._width) * self._direction % strip.period
            scroll(self._canvas, strip.picture, offset=offset, top=strip.top)
            if strip.ground:
                fill_rows(self._canvas, strip.ground, top=strip.top + strip.picture.height)
        return self._canvas

    def _sky_picture(self) -> Floats:
        down = np.linspace(0, 1, self._height, dtype=np.float32)[:, None, None] / 0.72
        share = np.clip(down, 0, 1) ** 1.4
        return _colour(self._dusk) * (1 - share) + _colour(self._horizon) * share

    def _light_picture(self) -> Patch:
        radius = 0.26 * min(self._width, self._height)
        reach = np.arange(-round(radius), round(radius) + 1, dtype=np.float32) / radius
        distance = np.hypot(reach[:, None], reach[None, :])
        core = 0.16 + 0.1 * float(self._dice.random())
        disc = np.clip((core - distance) * radius * 0.7 + 0.5, 0, 1)
        glow = 0.65 * np.clip(1 - distance, 0, 1) ** 2.2
        opacity = np.maximum(disc * 0.97, glow).astype(np.float32)
        return patch(_colour(_blend(self._horizon, (1.0, 0.97, 0.88), 0.75)), opacity)

    def _light_place(self, at_s: float) -> tuple[int, int]:
        start, height, pace, sway = (float(part) for part in self._light_path)
        along = (start + self._direction * at_s * (0.015 + 0.02 * pace)) % 1.0
        lift = 0.02 * math.sin(at_s * 0.5 + sway * 6)
        x = (0.1 + 0.8 * along) * self._width
        y = (0.16 + 0.20 * height + lift) * self._height
        return round(x - self._light.width / 2), round(y - self._light.height / 2)

    def _clouds(self) -> _Strip:
        period, height = 2 * self._width, round(self._height * 0.36) // 8 * 8
        # Clouds are soft: a quarter of the resolution is enough to think them up.
        x = np.linspace(0, 2 * math.pi, period // 4, endpoint=False, dtype=np.float32)[None, :]
        y = np.linspace(0, 1, height // 4, dtype=np.float32)[:, None]
        field = np.zeros((height // 4, period // 4), np.float32)
        for octave in range(1, 7):
            turns = int(self._dice.integers(octave, 3 * octave))
            phases = self._dice.random(3) * 2 * math.pi
            bend = np.sin(y * 5 * octave + phases[1]) * 1.3
            field += np.sin(x * turns + phases[0] + bend) * np.sin(y * 9 * octave + phases[2]) / octave
        opacity = np.clip(field - 0.25, 0, 1) * np.sin(y * math.pi) * 0.5
        large = Image.fromarray(opacity).resize((period, height), Image.Resampling.BICUBIC)
        picture = patch(_colour(_blend(self._horizon, (1.0, 1.0, 1.0), 0.5)), np.clip(np.asarray(large), 0, 1))
        return _Strip(_repeated(picture), top=0, speed=0.018, period=period)

    def _ridge(self, depth: int, terrain: str) -> _Strip:
        period = 2 * self._width
        crest = self._crest(terrain, period, depth)
        top = round(self._height * (0.46 + 0.12 * depth)) // 2 * 2
        relief = round(self._height * (0.10 + 0.03 * depth)) // 2 * 2
        near = (depth + 1) / _RIDGES
        rock = _blend(self._horizon, self._shade, 0.12 + 0.84 * near)
        mist = _blend(self._horizon, self._shade, 0.02 + 0.72 * near)
        share = np.linspace(0, 1, self._height - top, dtype=np.float32)[:, None, None]
        share = np.clip(share * (self._height - top) / (relief * 1.6), 0, 1) ** 1.3
        column = _colour(rock) * (1 - share) + _colour(mist) * share
        row = np.arange(relief, dtype=np.float32)[:, None]
        opacity = np.clip(row + 1 - (1 - crest[None, :]) * relief, 0, 1)
        picture = _repeated(patch(column[:relief], opacity))
        return _Strip(picture, top, speed=0.025 * 1.9**depth, period=period, ground=rows(column[relief:]))

    def _crest(self, terrain: str, period: int, depth: int) -> Floats:
        """The height of a ridge over one period, 0..1, the same at both ends."""
        x = np.linspace(0, 2 * math.pi, period, endpoint=False, dtype=np.float32)
        rolling = np.zeros(period, np.float32)
        for octave in range(1, 6):
            turns = int(self._dice.integers(octave * 2, octave * 4 + 1))
            rolling += np.sin(x * turns + float(self._dice.random()) * 6.3) / octave
        rolling = (rolling - rolling.min()) / (rolling.max() - rolling.min())
        if terrain == "city":
            return self._skyline(period)
        if terrain == "forest" and depth > 0:
            return rolling * 0.6 + 0.4 * self._treetops(period, 40 + 30 * (_RIDGES - depth))
        if terrain == "waves":
            return (rolling * 0.5 + 0.25 * (1 + np.sin(x * (6 + 4 * depth)) ** 3)).astype(np.float32)
        return rolling

    def _skyline(self, period: int) -> Floats:
        edges = np.sort(self._dice.integers(0, period, size=70))
        heights = self._dice.random(len(edges) + 1, np.float32)
        heights[-1] = heights[0]
        return heights[np.searchsorted(edges, np.arange(period))]

    def _treetops(self, period: int, trees: int) -> Floats:
        tops = np.zeros(period, np.float32)
        x = np.arange(period)
        for centre in self._dice.integers(0, period, size=trees):
            half = period / trees * float(self._dice.uniform(0.25, 0.6))
            away = np.abs((x - int(centre) + period // 2) % period - period // 2)
            tops = np.maximum(tops, float(self._dice.uniform(0.5, 1)) * np.clip(1 - away / half, 0, 1))
        return tops.astype(np.float32)


def _repeated(picture: Patch) -> Patch:
    """Repeat the first half after the end, so that every offset within the period has a full frame ahead."""
    return Patch(tuple((_extended(colour), _extended(rest)) for colour, rest in picture.planes))


def _extended(plane: Words) -> Words:
    return np.concatenate([plane, plane[:, : plane.shape[1] // 2]], axis=1)


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    return colorsys.hsv_to_rgb(hue % 1.0, saturation, value)


def _colour(colour: Colour) -> Floats:
    return np.array([[colour]], np.float32)


def _blend(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (a * (1 - share) + b * share for a, b in zip(one, other, strict=True))
    return red, green, blue
