"""The URLs of the Sora 1 jobs API. What they mean is in the emulator, how it is written in `wire_jobs`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.azure_openai import errors, forms, prompts, serving, wire_jobs
from local.azure_openai.config import Quirk
from local.azure_openai.emulator import Emulator
from local.azure_openai.film import Quality
from local.azure_openai.models import Dialect
from local.azure_openai.paging import page
from local.azure_openai.state import Render

_DEFAULT_LIMIT, _MOST_LIMIT = 10, 100  # the upper bound is not documented
_QUALITIES: dict[str, Quality] = {"high": "high", "low": "low"}
_Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class JobRoutes:
    """The handlers, for one emulator."""

    emulator: Emulator

    def under(self, prefix: str) -> list[Route]:
        """Return the routes below a base path."""
        jobs, films = f"{prefix}/video/generations/jobs", f"{prefix}/video/generations/{{id}}"
        routes: list[tuple[str, _Handler, str]] = [
            (jobs, self.create, "POST"),
            (jobs, self.list, "GET"),
            (f"{jobs}/{{id}}", self.get, "GET"),
            (f"{jobs}/{{id}}", self.delete, "DELETE"),
            (films, self.generation, "GET"),
            (f"{films}/content/video", self.video, "GET"),
            (f"{films}/content/video", self.video, "HEAD"),
            (f"{films}/content/thumbnail", self.thumbnail, "GET"),
        ]
        return [Route(path, self._versioned(handler), methods=[method]) for path, handler, method in routes]

    def _versioned(self, handler: _Handler) -> _Handler:
        """Ask for the only version the job routes are documented with; without it they are not known (G 10, H 2)."""

        async def checked(request: Request) -> Response:
            is_preview = request.query_params.get("api-version") == "preview"
            if not is_preview and not self.emulator.settings.has(Quirk.ANY_API_VERSION):
                raise errors.GatewayError(400, "API version not supported", code="BadRequest")
            return await handler(request)

        return checked

    async def create(self, request: Request) -> Response:
        """`POST /video/generations/jobs`."""
        form = await forms.read(request)
        name = prompts.text(form, "model")
        self.emulator.model_of(name, Dialect.JOBS)
        order, picture = wire_jobs.order(form, name)
        opening = self.emulator.films.keep_opening(picture) if picture else None
        return JSONResponse(self._job(self.emulator.create(replace(order, opening=opening))))

    async def list(self, request: Request) -> Response:
        """`GET /video/generations/jobs`, newest first (the order is not documented)."""
        query = request.query_params
        limit = prompts.whole_number("limit", query.get("limit", _DEFAULT_LIMIT), at_least=1, at_most=_MOST_LIMIT)
        statuses = [part for part in query.get("statuses", "").split(",") if part]
        for wanted in statuses:
            if wanted not in wire_jobs.STATUSES:
                raise errors.not_one_of("statuses", wanted, wire_jobs.STATUSES)
        renders = self.emulator.all_of(Dialect.JOBS)
        if statuses:
            renders = [one for one in renders if wire_jobs.status(self.emulator.look(one).phase) in statuses]
        cut = page(renders, limit=limit, after=query.get("after"), before=query.get("before"))
        return JSONResponse(wire_jobs.listing(cut, [self._job(render) for render in cut.renders]))

    async def get(self, request: Request) -> Response:
        """`GET /video/generations/jobs/{id}`."""
        return JSONResponse(self._job(self.emulator.find(Dialect.JOBS, request.path_params["id"])))

    async def delete(self, request: Request) -> Response:
        """`DELETE /video/generations/jobs/{id}`: 204 without a body."""
        self.emulator.delete(Dialect.JOBS, request.path_params["id"])
        return Response(status_code=204)

    async def generation(self, request: Request) -> Response:
        """`GET /video/generations/{id}`."""
        return JSONResponse(wire_jobs.generation(*self.emulator.find_generation(request.path_params["id"])))

    async def video(self, request: Request) -> Response:
        """`GET` and `HEAD /video/generations/{id}/content/video`."""
        render, take = self.emulator.find_generation(request.path_params["id"])
        asked = request.query_params.get("quality", "high")
        if asked not in _QUALITIES:
            raise errors.not_one_of("quality", asked, tuple(_QUALITIES))
        path = await self.emulator.films.path(self.emulator.film(render, take, _QUALITIES[asked]))
        return serving.file(path, render, "video/mp4")

    async def thumbnail(self, request: Request) -> Response:
        """`GET /video/generations/{id}/content/thumbnail`, as `image/jpg` (sic: azure-openai.md A.2)."""
        render, take = self.emulator.find_generation(request.path_params["id"])
        picture = await self.emulator.films.picture(self.emulator.film(render, take), "jpeg")
        return serving.content(picture, render, "image/jpg")

    def _job(self, render: Render) -> dict[str, Any]:
        return wire_jobs.job(render, self.emulator.look(render), self.emulator.retention)
