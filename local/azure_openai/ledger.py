"""What was made and what it would have cost: a view of every render there ever was, deleted and expired ones included.

A render is `billed` from its acceptance on, and no longer once it has ended without a film; whether the service bills
those is not documented (azure-openai.md F). A create that was refused is no render, and is listed apart.
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from local.azure_openai import wire_jobs, wire_videos
from local.azure_openai.emulator import Emulator, known_model
from local.azure_openai.models import Dialect, price_usd
from local.azure_openai.state import Phase, Render, finished_at, leaves_flight_at

_STATES = {Phase.PREPARING: "running", Phase.RENDERING: "running", Phase.FINISHING: "running"}


def ledger(emulator: Emulator) -> dict[str, Any]:
    """Return all renders, oldest first, all refused creates, and the most renders ever in flight per deployment."""
    emulator.settle()
    renders = [render for render in emulator.store.renders.values() if emulator.has_arrived(render)]
    deployments = sorted({render.order.deployment for render in renders})
    return {
        "now": emulator.clock.now(),
        "renders": [_entry(emulator, render) for render in renders],
        "refused": [asdict(refusal) for refusal in emulator.store.refusals],
        "max_in_flight_seen": {
            name: _high_water(
                (one.created_at, leaves_flight_at(one, emulator.retention))
                for one in renders
                if one.order.deployment == name
            )
            for name in deployments
        },
    }


def _entry(emulator: Emulator, render: Render) -> dict[str, Any]:
    order, seen = render.order, emulator.look(render)
    ended_without_film = seen.phase is Phase.FAILED or (seen.phase is Phase.EXPIRED and bool(render.plan.failure))
    films = len(render.generation_ids) or order.variants
    usd = price_usd(known_model(render), width=order.width, height=order.height, seconds=order.seconds, films=films)
    status = (wire_videos if order.dialect is Dialect.VIDEOS else wire_jobs).status
    return {
        "id": render.id,
        "dialect": order.dialect,
        "deployment": order.deployment,
        "model": render.model,
        "prompt": order.prompt,
        "size": order.size,
        "seconds": order.seconds,
        "variants": order.variants,
        "generations": list(render.generation_ids),
        "created_at": render.created_at,
        "finished_at": finished_at(render) if seen.phase.is_final else None,
        "state": "deleted" if render.deleted_at is not None else _STATES.get(seen.phase, seen.phase.value),
        "status": status(seen.phase),
        "progress": seen.progress,
        "failure": render.plan.failure if seen.phase is Phase.FAILED else None,
        "remixed_from": order.remixed_from,
        "is_foreign": render.is_foreign,
        "billed": not ended_without_film,
        "usd": None if usd is None else float(usd),
    }


def _high_water(flights: Iterable[tuple[float, float]]) -> int:
    """The most flights that were under way at one moment; one that ends as another begins makes room for it."""
    changes = [change for begun, ended in flights for change in ((begun, 1), (ended, -1))]
    under_way = most = 0
    for _, change in sorted(changes):
        under_way += change
        most = max(most, under_way)
    return most
