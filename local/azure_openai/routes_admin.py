"""The emulator's own URLs, which the real service does not have: health, ledger and a page that shows it.

They need no key.
"""

from dataclasses import dataclass
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from local.azure_openai import errors, serving
from local.azure_openai.emulator import Emulator
from local.azure_openai.ledger import ledger
from local.azure_openai.state import finished_at


@dataclass(frozen=True, slots=True)
class AdminRoutes:
    """The handlers, for one emulator."""

    emulator: Emulator

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", self.page),
            Route("/_emulator", self.page),
            Route("/_emulator/health", self.health),
            Route("/_emulator/ledger", self.ledger),
            Route("/_emulator/thumbnails/{id}", self.thumbnail),
            Route("/_emulator/films/{id}", self.film),
        ]

    async def page(self, _: Request) -> Response:
        """A page that shows the ledger and keeps up with it."""
        return HTMLResponse((files("local.azure_openai") / "ledger.html").read_text(encoding="utf-8"))

    async def health(self, _: Request) -> Response:
        """Whether the emulator answers."""
        return JSONResponse({"status": "ok", "profile": self.emulator.settings.profile.name})

    async def ledger(self, _: Request) -> Response:
        """Everything that was ever made here."""
        return JSONResponse(ledger(self.emulator))

    async def thumbnail(self, request: Request) -> Response:
        """A picture of a render that has a film."""
        emulator = self.emulator
        render = emulator.store.renders.get(request.path_params["id"])
        if render is None or not render.generation_ids:
            raise errors.no_such_route()
        return Response(await emulator.films.picture(emulator.film(render), "webp"), media_type="image/webp")

    async def film(self, request: Request) -> Response:
        """The first film of a render, for looking at it in a browser, which has no key."""
        emulator = self.emulator
        render = emulator.store.renders.get(request.path_params["id"])
        ended_at = finished_at(render) if render else None
        if render is None or not render.generation_ids or ended_at is None or emulator.clock.now() < ended_at:
            raise errors.no_such_route()
        return serving.file(await emulator.films.path(emulator.film(render)), render, "video/mp4")
