"""The parts together: started in order, recorded in stack.json, kept, and stopped in reverse order."""

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from local.stack import record as records
from local.stack.parts import CHECKOUT, MissingProgramError, parts
from local.stack.ports import LOOPBACK, PortError, Ports, choose
from local.stack.record import AlreadyRunningError, Record
from local.stack.settings import SettingError, azurite_addresses, wants_emulator
from local.stack.supervisor import StartError, Supervisor

EXPECTED_FAULTS = (AlreadyRunningError, MissingProgramError, PortError, SettingError, StartError)


@asynccontextmanager
async def running_stack(environment: Mapping[str, str], say: Callable[[str], None]) -> AsyncGenerator[Record]:
    """Run the whole stack for as long as the block lasts; yields its record once every part answers.

    Raises one of EXPECTED_FAULTS; whatever was started is stopped by then.
    """
    state = records.state_folder(environment)
    with records.locked(state):
        records.remove(state)  # of a stack that was killed
        logs = state / "logs"
        logs.mkdir(exist_ok=True)
        ports = choose(environment, state)
        wanted = parts(environment, state, ports, emulator_key=secrets.token_hex(16))
        supervisors = [Supervisor(part, logs / f"{part.name}.log", say) for part in wanted]
        keepers: list[asyncio.Task[None]] = []

        def write() -> None:
            records.write(state, _record(environment, state, ports, supervisors))

        try:
            for supervisor in supervisors:
                say(f"starting {supervisor.part.name}")
                await supervisor.start()
            write()
            keepers += [_kept(supervisor, write, say) for supervisor in supervisors]
            yield _record(environment, state, ports, supervisors)
        finally:
            say("stopping what was started")
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            for supervisor in reversed(supervisors):
                await supervisor.stop()
            records.remove(state)
            say("stopped")


def _kept(supervisor: Supervisor, changed: Callable[[], None], say: Callable[[str], None]) -> asyncio.Task[None]:
    def give_up(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (fault := task.exception()):
            say(f"{supervisor.part.name} is not kept running any more: {fault!r}")

    keeper = asyncio.create_task(supervisor.keep(changed))
    keeper.add_done_callback(give_up)
    return keeper


def _record(environment: Mapping[str, str], state: Path, ports: Ports, supervisors: list[Supervisor]) -> Record:
    host = f"http://{LOOPBACK}:{ports.host}"
    pids = {"host": None, "emulator": None, "azurite": None}
    return {
        "api": "/".join(part for part in (host, _route_prefix()) if part),
        "api_key": _function_key(state, environment),
        "host": host,
        "emulator": f"http://{LOOPBACK}:{ports.emulator}" if wants_emulator(environment) else None,
        "azurite": azurite_addresses(ports),
        "pids": {**pids, **{supervisor.part.name: supervisor.pid for supervisor in supervisors}},
        "logs": str(state / "logs"),
    }


def _route_prefix() -> str:
    settings = json.loads((CHECKOUT / "host.json").read_text())
    return settings["extensions"]["http"]["routePrefix"].strip("/")


def _function_key(state: Path, environment: Mapping[str, str]) -> str:
    """Read the key the stand-in made; Core Tools ask for none."""
    if environment.get("HOST") == "func":
        return ""
    return json.loads((state / "host" / "keys.json").read_text())["function"]
