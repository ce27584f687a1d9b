"""The URLs of the v1 videos API. What they mean is in the emulator, how it is written in `wire_videos`."""

from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.azure_openai import errors, forms, prompts, serving, wire_videos
from local.azure_openai.config import Quirk
from local.azure_openai.emulator import Emulator
from local.azure_openai.models import Dialect
from local.azure_openai.paging import page
from local.azure_openai.state import Phase, Render

_DEFAULT_LIMIT, _MOST_LIMIT = 20, 100
_VARIANTS = ("video", "thumbnail", "spritesheet")


@dataclass(frozen=True, slots=True)
class VideoRoutes:
    """The handlers, for one emulator."""

    emulator: Emulator

    def under(self, prefix: str) -> list[Route]:
        """Return the routes below a base path."""
        return [
            Route(f"{prefix}/videos", self.create, methods=["POST"]),
            Route(f"{prefix}/videos", self.list, methods=["GET"]),
            Route(f"{prefix}/videos/{{id}}", self.get, methods=["GET"]),
            Route(f"{prefix}/videos/{{id}}", self.delete, methods=["DELETE"]),
            Route(f"{prefix}/videos/{{id}}/content", self.content, methods=["GET"]),
            Route(f"{prefix}/videos/{{id}}/remix", self.remix, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """`POST /videos`."""
        settings = self.emulator.settings
        form = await forms.read(request)
        name = wire_videos.deployment(form, settings.profile)
        model = self.emulator.model_of(name, Dialect.VIDEOS)
        order, picture = wire_videos.order(form, name, model, settings.profile)
        opening = self.emulator.films.keep_opening(picture) if picture else None
        return self._created(self.emulator.create(replace(order, opening=opening)))

    async def remix(self, request: Request) -> Response:
        """`POST /videos/{id}/remix`: another film of the same size and length (azure-openai.md H 18)."""
        source = self.emulator.find(Dialect.VIDEOS, request.path_params["id"])
        prompt = prompts.prompt(await forms.read(request))
        if self.emulator.look(source).phase is not Phase.SUCCEEDED:
            raise errors.ApiError(400, f"Video '{source.id}' is not completed: it cannot be remixed.", errors.INVALID)
        order = replace(source.order, prompt=prompt, remixed_from=source.id, opening=None)
        return self._created(self.emulator.create(order))

    async def list(self, request: Request) -> Response:
        """`GET /videos`."""
        query = request.query_params
        limit = prompts.whole_number("limit", query.get("limit", _DEFAULT_LIMIT), at_least=0, at_most=_MOST_LIMIT)
        direction = query.get("order", "desc")
        if direction not in ("asc", "desc"):
            raise errors.not_one_of("order", direction, ("asc", "desc"))
        renders = self.emulator.all_of(Dialect.VIDEOS)
        cut = page(renders if direction == "desc" else renders[::-1], limit=limit, after=query.get("after"))
        return JSONResponse(wire_videos.listing(cut, [self._video(render) for render in cut.renders]))

    async def get(self, request: Request) -> Response:
        """`GET /videos/{id}`."""
        return JSONResponse(self._video(self.emulator.find(Dialect.VIDEOS, request.path_params["id"])))

    async def delete(self, request: Request) -> Response:
        """`DELETE /videos/{id}`."""
        render = self.emulator.delete(Dialect.VIDEOS, request.path_params["id"])
        return JSONResponse({"id": render.id, "object": "video.deleted", "deleted": True})

    async def content(self, request: Request) -> Response:
        """`GET /videos/{id}/content`: the film, its thumbnail (WebP) or its sprite sheet (JPEG)."""
        render = self.emulator.find(Dialect.VIDEOS, request.path_params["id"])
        variant = request.query_params.get("variant", "video")
        if variant not in _VARIANTS:
            raise errors.not_one_of("variant", variant, _VARIANTS)
        look = self.emulator.look(render)
        if look.phase is Phase.EXPIRED:
            raise errors.not_found("Video", render.id)
        if look.phase is not Phase.SUCCEEDED:
            raise wire_videos.not_ready(render, look)
        film, films = self.emulator.film(render), self.emulator.films
        if variant == "video":
            return serving.file(await films.path(film), render, "video/mp4")
        if variant == "thumbnail":
            return serving.content(await films.picture(film, "webp"), render, "image/webp")
        return serving.content(await films.sheet(film), render, "image/jpeg")

    def _created(self, render: Render) -> Response:
        written = self._video(render)
        if self.emulator.settings.has(Quirk.SPARSE_REPLIES):
            written = {name: value for name, value in written.items() if value is not None and name != "prompt"}
        return JSONResponse(written)

    def _video(self, render: Render) -> dict[str, Any]:
        settings = self.emulator.settings
        written = wire_videos.video(
            render,
            self.emulator.look(render),
            self.emulator.retention,
            shows_prompt=not settings.has(Quirk.NULL_PROMPTS),
        )
        return written | ({"quality": "standard"} if settings.has(Quirk.EXTRA_KEYS) else {})
