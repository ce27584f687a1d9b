"""Reading a create's body, JSON or multipart, into the same fields and files.

It knows how bodies are written (azure-openai.md B.8, H 6); it knows no field by name.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any, cast

from starlette.datastructures import UploadFile
from starlette.requests import Request

from local.azure_openai.errors import INVALID, ApiError

_MOST_PART_BYTES = 32 * 1024 * 1024
"""A text part may hold a picture as a data URI of up to 20,971,520 characters (B.3)."""
_MOST_FIELDS, _MOST_FILES = 100, 20
_BRACKETED = re.compile(r"^([^\[\]]+)\[([^\[\]]+)\]$")


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart body."""

    field: str
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a body; a null counts as absent."""

    fields: dict[str, Any]
    files: list[Upload] = field(default_factory=list[Upload])
    is_json: bool = True

    def files_of(self, name: str) -> list[Upload]:
        """Return the files sent under one name."""
        return [upload for upload in self.files if upload.field == name]


async def read(request: Request) -> Form:
    """Read the body of a request. Raises 400 for one that cannot be read, 415 for another content type."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        return await _multipart(request)
    if media_type == "application/json":
        return _json(await request.body())
    raise ApiError(415, f"Unsupported media type '{media_type}': send JSON or multipart/form-data.", INVALID)


def parsed(text: str | bytes) -> Any:
    """Parse JSON. Raises `ValueError` also for what is too deep, or holds half a character (a lone surrogate)."""
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return value


def _json(body: bytes) -> Form:
    try:
        fields = parsed(body)
    except ValueError as error:
        raise ApiError(400, f"We could not parse the JSON body of your request: {error}", INVALID) from error
    if not isinstance(fields, dict):
        raise ApiError(400, "The JSON body of your request is not an object.", INVALID)
    present = {name: value for name, value in cast("dict[str, Any]", fields).items() if value is not None}
    return Form(present)


async def _multipart(request: Request) -> Form:
    fields: dict[str, Any] = {}
    files: list[Upload] = []
    async with request.form(max_part_size=_MOST_PART_BYTES, max_fields=_MOST_FIELDS, max_files=_MOST_FILES) as parts:
        for name, value in parts.multi_items():
            if isinstance(value, UploadFile):
                files.append(Upload(name, value.filename or "", await value.read()))
            elif inner := _BRACKETED.match(name):
                fields.setdefault(inner[1], {})[inner[2]] = value
            else:
                fields[name] = value
    return Form(fields, files, is_json=False)
