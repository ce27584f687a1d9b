"""The three parts of the stack: the command that runs each, what it runs in, and the addresses that say it is ready."""

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.stack.ports import LOOPBACK, Ports
from local.stack.settings import (
    CREATES_PER_MINUTE,
    EMULATOR_DEPLOYMENTS,
    MAX_IN_FLIGHT,
    app_environment,
    azurite_addresses,
    render_s,
    wants_emulator,
)

CHECKOUT = Path(__file__).parents[2]
AZURITE = CHECKOUT / "local/node_modules/azurite/dist/src/azurite.js"


class MissingProgramError(Exception):
    """A program the stack needs is not installed; the text says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Part:
    """One program of the stack. It is ready when every address answers, with 200 where `needs_ok` is set."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ready_urls: tuple[str, ...]
    needs_ok: bool
    start_within_s: float


def parts(environment: Mapping[str, str], state: Path, ports: Ports, emulator_key: str) -> list[Part]:
    """List the parts in the order in which they start. Raises MissingProgramError, SettingError."""
    wanted = [azurite(environment, state, ports)]
    if wants_emulator(environment):
        wanted.append(emulator(environment, state, ports, emulator_key))
    app = app_environment(environment, ports, emulator_key)
    wanted.append(core_tools(app, ports) if environment.get("HOST") == "func" else stand_in(app, state, ports))
    return wanted


def azurite(environment: Mapping[str, str], state: Path, ports: Ports) -> Part:
    """Describe Azurite: node runs it directly, so that the pid is its own and not npm's."""
    if not AZURITE.exists():
        raise MissingProgramError(f"Azurite is not installed ({AZURITE} is not there); run `make setup`")
    listen = [
        word
        for service, port in (("blob", ports.blob), ("queue", ports.queue), ("table", ports.table))
        for word in (f"--{service}Host", LOOPBACK, f"--{service}Port", str(port))
    ]
    options = ("--silent", "--disableTelemetry", "--skipApiVersionCheck", "--location", str(state / "azurite"))
    return Part(
        name="azurite",
        command=(_program("node", "Node.js 20 or later"), str(AZURITE), *options, *listen),
        environment=environment,
        ready_urls=tuple(azurite_addresses(ports).values()),
        needs_ok=False,  # it has no health address; a refusal is an answer too
        start_within_s=60,
    )


def emulator(environment: Mapping[str, str], state: Path, ports: Ports, key: str) -> Part:
    """Describe the Azure OpenAI emulator."""
    deployments = [word for pair in EMULATOR_DEPLOYMENTS.items() for word in ("--deployment", "=".join(pair))]
    limits = ("--max-in-flight", str(MAX_IN_FLIGHT), "--creates-per-minute", str(CREATES_PER_MINUTE))
    render = ("--render-s", f"{render_s(environment):g}")
    place = ("--host", LOOPBACK, "--port", str(ports.emulator), "--state", str(state / "emulator"))
    return Part(
        name="emulator",
        command=(sys.executable, "-m", "local.azure_openai", *place, "--key", key, *deployments, *render, *limits),
        environment=environment,
        ready_urls=(f"http://{LOOPBACK}:{ports.emulator}/_emulator/health",),
        needs_ok=True,
        start_within_s=60,
    )


def stand_in(app_environment: Mapping[str, str], state: Path, ports: Ports) -> Part:
    """Describe the Functions host stand-in, with the options in LAB_HOST_OPTIONS."""
    place = ("--host", LOOPBACK, "--port", str(ports.host), "--state", str(state / "host"))
    options = shlex.split(app_environment.get("LAB_HOST_OPTIONS", ""))
    command = (sys.executable, "-m", "local.functions_host", "--app", str(CHECKOUT), *place, *options)
    return _host(command, app_environment, ports, start_within_s=60)


def core_tools(app_environment: Mapping[str, str], ports: Ports) -> Part:
    """Describe Azure Functions Core Tools, which run the app in this checkout's environment and ask for no key."""
    func = _program("func", "Azure Functions Core Tools 4 (HOST=func asks for them)")
    environment = {
        **app_environment,
        "VIRTUAL_ENV": sys.prefix,
        "PATH": os.pathsep.join((str(Path(sys.prefix) / "bin"), app_environment.get("PATH", os.defpath))),
    }
    # The first start downloads the extension bundle.
    return _host((func, "start", "--port", str(ports.host)), environment, ports, start_within_s=300)


def _host(command: tuple[str, ...], environment: Mapping[str, str], ports: Ports, *, start_within_s: float) -> Part:
    return Part(
        name="host",
        command=command,
        environment=environment,
        ready_urls=(f"http://{LOOPBACK}:{ports.host}/admin/host/ping",),
        needs_ok=True,
        start_within_s=start_within_s,
    )


def _program(name: str, what: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise MissingProgramError(f"`{name}` is not on the PATH; install {what}")
    return path
