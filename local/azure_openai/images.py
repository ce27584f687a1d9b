"""Pictures and clips that a create brings along: whether they can be used, whatever they call themselves.

It knows media formats and the sizes asked for; it knows no field of a request.
"""

import base64
import binascii
import io
import warnings
from fractions import Fraction

import av
from av.error import FFmpegError
from PIL import Image

_FORMATS = ("PNG", "JPEG", "WEBP")


class UnusableMediaError(ValueError):
    """The bytes are no picture or clip of a kind that is taken; the message says why."""


def picture_size(content: bytes) -> tuple[int, int]:
    """Return width and height of a PNG, JPEG or WebP picture, told by its content. Raises `UnusableMediaError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                image.load()
                return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnusableMediaError("not a readable png, jpeg or webp picture") from error


def clip_seconds(content: bytes) -> float:
    """Return the duration of a video clip. Raises `UnusableMediaError`."""
    try:
        with av.open(io.BytesIO(content), mode="r") as container:
            if not container.streams.video or container.duration is None:
                raise UnusableMediaError("not a readable video")
            return float(Fraction(container.duration, av.time_base))
    except (FFmpegError, ValueError) as error:
        raise UnusableMediaError("not a readable video") from error


def data_uri(text: str) -> bytes:
    """Return the content of a data URI. Raises `UnusableMediaError` for anything else: nothing is fetched here."""
    head, comma, body = text.partition(",")
    if not (head.startswith("data:image/") and head.endswith(";base64") and comma):
        raise UnusableMediaError("only base64 data URIs of images are taken, since nothing is fetched")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise UnusableMediaError("its base64 cannot be decoded") from error
