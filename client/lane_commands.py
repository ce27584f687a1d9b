"""`lab lanes`, `pause` and `resume`: what the deployments behind a lab are doing, and closing one for a while."""

from typing import Annotated

import typer

from client.lab import LabClient
from client.options import JsonOption
from client.terminal import put, put_json, run, say
from client.wording_lanes import lane_lines, pool_lines

app = typer.Typer()

_LaneArgument = Annotated[str, typer.Argument(metavar="LANE", help="A lane's id of `lab lanes`.", show_default=False)]


@app.command()
def lanes(*, as_json: JsonOption = False) -> None:
    """Show every model's queue and lanes: room, rate, pauses, what needs attention."""

    async def work(lab: LabClient) -> None:
        found = await lab.lanes()
        if as_json:
            put_json(found.model_dump(mode="json"))
            return
        for pool in found.models:
            put("\n".join(pool_lines(pool)))
        if not found.models:
            say("no lanes")

    run(work)


@app.command()
def pause(lane_id: _LaneArgument) -> None:
    """Close a lane for new renders; what runs there goes on."""

    async def work(lab: LabClient) -> None:
        put("\n".join(lane_lines(await lab.pause(lane_id))))

    run(work)


@app.command()
def resume(lane_id: _LaneArgument) -> None:
    """Open a paused lane again."""

    async def work(lab: LabClient) -> None:
        put("\n".join(lane_lines(await lab.resume(lane_id))))

    run(work)
