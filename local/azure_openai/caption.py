"""The caption bar of a film: the prompt, what was asked for, a running time code and a progress line.

It knows letters and layout; it knows nothing of what is behind the bar.
"""

import string
import unicodedata
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from local.azure_openai.pixels import Canvas, Colour, Patch, bar, colour_bytes, lay, patch

_WHITE: Colour = (1.0, 1.0, 1.0)
_GREY: Colour = (0.78, 0.80, 0.84)
_INK: Colour = (0.03, 0.035, 0.05)
_MOST_LINES = 3
_KNOWN = frozenset(string.printable.strip() + " …“”‘’·°«»")  # noqa: RUF001 -- meant
_SPELLED = {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "ø": "o", "Ø": "O", "ł": "l", "\u2013": "-", "\u2014": "-"}
_DIGITS = "0123456789:"
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class _Glyphs:
    """The characters of a time code, each drawn once, all of one width."""

    patches: dict[str, Patch]
    advance: int


class Caption:
    """The bar for one prompt on frames of one size."""

    def __init__(self, prompt: str, facts: str, width: int, height: int, accent: Colour) -> None:
        unit = min(width, height) / 720
        self._margin = _even(32 * unit)
        padding = _even(24 * unit)
        text_font, small_font = ImageFont.load_default(30 * unit), ImageFont.load_default(21 * unit)
        self._left, self._right = self._margin + padding, width - self._margin - padding
        lines = wrapped(legible(prompt), text_font, self._right - self._left)
        line_height, small_height = _even(40 * unit), _even(30 * unit)
        box_height = _even(padding + line_height * len(lines) + small_height + padding + 8 * unit)
        self._top = _even(height - self._margin - box_height)
        panel = Image.new("RGBA", (width - 2 * self._margin, box_height))
        draw = ImageDraw.Draw(panel)
        draw.rounded_rectangle((0, 0, panel.width - 1, box_height - 1), 18 * unit, fill=(*_bytes(_INK), 158))
        for index, line in enumerate(lines):
            draw.text((padding, padding * 0.8 + index * line_height), line, font=text_font, fill=_bytes(_WHITE))
        small_top = _even(padding * 0.8 + line_height * len(lines) + 4 * unit)
        draw.text((padding, small_top), facts, font=small_font, fill=_bytes(_GREY))
        self._panel = _picture(panel)
        self._glyphs = _glyphs(small_font, accent)
        self._code_top = self._top + small_top
        self._line_top = _even(self._top + box_height - 16 * unit)
        self._line_height = max(2, _even(4 * unit))
        self._accent, self._groove = colour_bytes(accent), colour_bytes((0.30, 0.31, 0.34))

    def draw(self, canvas: Canvas, code: str, share: float) -> None:
        """Draw the bar with the time code `code` and the progress line filled to `share` (0..1)."""
        lay(canvas, self._panel, left=self._margin, top=self._top)
        left = self._right - self._glyphs.advance * len(code)
        for index, character in enumerate(code):
            glyph = self._glyphs.patches[character]
            lay(canvas, glyph, left=_even(left + index * self._glyphs.advance), top=self._code_top)
        bottom = self._line_top + self._line_height
        reached = _even(self._left + (self._right - self._left) * share)
        bar(canvas, self._groove, (self._left, self._line_top, self._right, bottom))
        bar(canvas, self._accent, (self._left, self._line_top, reached, bottom))


def legible(text: str) -> str:
    """Return a text in the characters the built-in font has: accents are dropped, other scripts become dots."""
    return "".join(character if character in _KNOWN else _nearest(character) for character in text)


def _nearest(character: str) -> str:
    if character.isspace():
        return " "
    plain = _SPELLED.get(character) or unicodedata.normalize("NFKD", character)
    kept = "".join(part for part in plain if part in _KNOWN)
    return kept or ("" if unicodedata.combining(character) else "·")


def wrapped(text: str, font: Font, width: float) -> list[str]:
    """Break text into at most three lines of at most `width` pixels; what does not fit ends in an ellipsis."""
    lines = [""]
    for word in _pieces(text, font, width):
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        elif len(lines) < _MOST_LINES:
            lines.append(word)
        else:
            last = lines[-1]
            while last and font.getlength(last + "…") > width:
                last = last[:-1]
            return [*lines[:-1], last.rstrip() + "…"]
    return lines


def time_code(frame: int, rate: int) -> str:
    """Minutes, seconds and frames: 00:03:12."""
    seconds, frames = divmod(frame, rate)
    return f"{seconds // 60:02}:{seconds % 60:02}:{frames:02}"


def _pieces(text: str, font: Font, width: float) -> list[str]:
    """Words, with those wider than a line cut up; no more of them than three lines could ever hold."""
    pieces: list[str] = []
    for word in text[:2000].split():
        piece = ""
        for character in word:
            if piece and font.getlength(piece + character) > width:
                pieces.append(piece)
                piece = ""
            piece += character
        pieces.append(piece)
    return pieces


def _glyphs(font: Font, accent: Colour) -> _Glyphs:
    advance = _even(max(font.getlength(character) for character in _DIGITS) + 2)
    height = _even(sum(_metrics(font)))
    patches: dict[str, Patch] = {}
    for character in _DIGITS:
        image = Image.new("RGBA", (advance, height), (*_bytes(accent), 0))
        inset = (advance - font.getlength(character)) / 2
        ImageDraw.Draw(image).text((inset, 0), character, font=font, fill=_bytes(accent))
        patches[character] = _picture(image)
    return _Glyphs(patches, advance)


def _metrics(font: Font) -> tuple[int, int]:
    if isinstance(font, ImageFont.FreeTypeFont):
        return font.getmetrics()
    return round(font.getbbox(_DIGITS)[3]), 4


def _picture(image: Image.Image) -> Patch:
    rgba = np.asarray(image, np.float32) / 255
    return patch(rgba[..., :3], rgba[..., 3])


def _bytes(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (round(part * 255) for part in colour)
    return red, green, blue


def _even(length: float) -> int:
    return round(length) // 2 * 2
