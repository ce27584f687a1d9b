"""Draw a stored video's poster, sprite sheet and GIF beside it. Pictures are a courtesy: none of them fails a job."""

import asyncio
import logging
from collections.abc import Callable
from io import BufferedReader
from typing import BinaryIO

import azure.durable_functions as df

from activities.payload import Payload
from shared import blobs, disposal, media
from shared.blobs import BlobReader, PictureKind
from shared.models.job import Generation, JobRef

bp = df.Blueprint()
_log = logging.getLogger("lab.pictures")

_DRAW: dict[PictureKind, Callable[[BinaryIO], bytes | media.NotAVideo]] = {
    "poster": media.poster,
    "sprite": media.sprite_sheet,
    "gif": media.gif,
}


@bp.activity_trigger(input_name="payload")
async def make_pictures(payload: Payload) -> Payload:
    """Answer the generation with the pictures that could be made; drawing again overwrites with the same."""
    generation = Generation.model_validate(payload["generation"])
    made: list[PictureKind] = []
    try:
        for kind, picture in (await asyncio.to_thread(_drawn, generation)).items():
            await blobs.put_small(blobs.picture_name(generation.blob, kind), picture, blobs.PICTURE_TYPES[kind])
            made.append(kind)
        if made and await disposal.is_due(JobRef.model_validate(payload)):
            for kind in made:
                await blobs.remove(blobs.picture_name(generation.blob, kind))
    except Exception as error:  # noqa: BLE001 - whatever it is, the video is stored and stays
        _log.warning("%s: not all pictures: %s", generation.id, error)
    return {"generation": generation.model_copy(update={"pictures": made}).model_dump(mode="json")}


def _drawn(generation: Generation) -> dict[PictureKind, bytes]:
    """Draw what can be drawn, all from one reading of the blob; one that fails does not keep the others."""
    pictures: dict[PictureKind, bytes] = {}
    with BufferedReader(BlobReader(generation.blob)) as reader:
        for kind, draw in _DRAW.items():
            reader.seek(0)
            try:
                picture = draw(reader)
            except Exception as error:  # noqa: BLE001 - as above
                _log.warning("%s: no %s: %s", generation.id, kind, error)
                continue
            if isinstance(picture, media.NotAVideo):
                _log.warning("%s: no %s: %s", generation.id, kind, picture.reason)
            else:
                pictures[kind] = picture
    return pictures
