"""Sending media: length, last change and ranges (azure-openai.md A.2, H 5). It knows no route."""

from email.utils import formatdate
from pathlib import Path

from starlette.responses import FileResponse, Response

from local.azure_openai.state import Render, finished_at


def file(path: Path, render: Render, media_type: str) -> Response:
    """Send a file; a Range is answered with 206, one outside of it with 416."""
    return FileResponse(path, media_type=media_type, headers=_dated(render))


def content(body: bytes, render: Render, media_type: str) -> Response:
    """Send a small picture. It says that ranges are taken, as the service does, but always sends all of it."""
    return Response(body, media_type=media_type, headers=_dated(render) | {"accept-ranges": "bytes"})


def _dated(render: Render) -> dict[str, str]:
    return {"last-modified": formatdate(finished_at(render), usegmt=True)}
