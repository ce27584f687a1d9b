"""`/lanes`: what each lane is doing, and closing or opening one by hand."""

import azure.durable_functions as df
import azure.functions as func

from shared import clock, http, pools, rates, stories
from shared.config import configuration
from shared.http import ProblemError
from shared.lanes import Lane, Pool
from shared.models.lane_view import LaneList, LaneStatus, PoolStatus
from shared.models.problem import Code
from shared.pool_rows import Snapshot

bp = df.Blueprint()

_SHOWN_RENDERS = 20


@bp.route(route="lanes", methods=["GET"])
@http.answers
async def list_lanes(req: func.HttpRequest) -> func.HttpResponse:
    """Show every lane, and how many wait: one request to the storage a model, more where its queue is long."""
    http.owner_of(req)
    return http.reply(LaneList(models=[await _pool(pool) for pool in configuration().pools.values()]))


@bp.route(route="lanes/{lane_id}/pause", methods=["POST"])
@http.answers
async def pause_lane(req: func.HttpRequest) -> func.HttpResponse:
    """Let nobody start on a lane any more; what it renders goes on. Repeating it changes nothing."""
    http.owner_of(req)
    lane = _find(req.route_params["lane_id"])
    await rates.pause(lane.model, lane.name, paused=True)
    return http.reply(_status(lane, await pools.snapshot(lane.model)))


@bp.route(route="lanes/{lane_id}/resume", methods=["POST"])
@bp.durable_client_input(client_name="client")
@http.answers
async def resume_lane(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Open a lane again, and admit who has waited for it."""
    http.owner_of(req)
    lane = _find(req.route_params["lane_id"])
    await rates.pause(lane.model, lane.name, paused=False)
    await stories.start(client, await pools.admit(lane.model))
    return http.reply(_status(lane, await pools.snapshot(lane.model)))


def _find(lane_id: str) -> Lane:
    for pool in configuration().pools.values():
        if lane := pool.lane(lane_id):
            return lane
    raise ProblemError(Code.NOT_FOUND, f"there is no lane {lane_id[:64]!r}")


async def _pool(pool: Pool) -> PoolStatus:
    seen = await pools.snapshot(pool.model, whole=True)
    return PoolStatus(model=pool.model, waiting=len(seen.waiting), lanes=[_status(lane, seen) for lane in pool.lanes])


def _status(lane: Lane, seen: Snapshot) -> LaneStatus:
    memory, now = seen.state.lane(lane.name), clock.now()
    return LaneStatus(
        id=lane.name,
        model=lane.model,
        api=lane.api,
        deployment=lane.deployment,
        is_paused=memory.paused,
        is_retired=memory.is_retired(lane),
        cooling_until=memory.cooling_until if memory.cooling_until and memory.cooling_until > now else None,
        attention=memory.attention,
        in_flight=sum(slot.lane == lane.name for slot in seen.slots),
        max_in_flight=lane.max_in_flight,
        creates_last_minute=sum(token > now - rates.RATE_WINDOW for token in memory.tokens),
        creates_per_minute=lane.creates_per_minute,
        retired_on=lane.retired_on,
        renders_s={shape: known[-_SHOWN_RENDERS:] for shape, known in memory.durations_s.items()},
    )
