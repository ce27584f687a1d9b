"""Draw a stored video's poster, sprite sheet and GIF beside it. Pictures are a courtesy: none of them fails a job."""

import asyncio
import logging
from io import BufferedReader

import azure.durable_functions as df

from activities.payload import Payload
from shared import blobs, media
from shared.blobs import BlobReader, PictureKind
from shared.models.job import Generation

bp = df.Blueprint()
_log = logging.getLogger(__name__)

_CONTENT_TYPES: dict[PictureKind, str] = {"poster": "image/jpeg", "sprite": "image/jpeg", "gif": "image/gif"}


@bp.activity_trigger(input_name="payload")
async def make_pictures(payload: Payload) -> Payload:
    """Answer the generation with the pictures that could be made; drawing again overwrites with the same."""
    generation = Generation.model_validate(payload["generation"])
    made: list[str] = []
    for kind, content_type in _CONTENT_TYPES.items():
        try:
            picture = await asyncio.to_thread(_draw, kind, generation.blob)
            if isinstance(picture, bytes):
                await blobs.put_small(blobs.picture_name(generation.blob, kind), picture, content_type)
                made.append(kind)
            else:
                _log.warning("%s: no %s: %s", generation.id, kind, picture.reason)
        except Exception as error:  # noqa: BLE001 - whatever it is, the video is stored and stays
            _log.warning("%s: no %s: %s", generation.id, kind, error)
    return {"generation": generation.model_copy(update={"pictures": made}).model_dump(mode="json")}


def _draw(kind: PictureKind, name: str) -> bytes | media.NotAVideo:
    draw = {"poster": media.poster, "sprite": media.sprite_sheet, "gif": media.gif}[kind]
    with BufferedReader(BlobReader(name)) as reader:
        return draw(reader)
