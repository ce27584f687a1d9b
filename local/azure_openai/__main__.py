"""The command line: `python -m local.azure_openai --port 8080 --state .lab/emulator`."""

import argparse
import logging
import socket
import sys
from pathlib import Path

import uvicorn

from local.azure_openai.clock import SystemClock
from local.azure_openai.config import AUDIENCES, PROFILES, WELL_KNOWN_KEY, BadConfigurationError, Quirk, Settings
from local.azure_openai.connections import ConnectionProtocol
from local.azure_openai.emulator import Emulator
from local.azure_openai.server import application
from local.azure_openai.store import Store
from local.azure_openai.studio import Studio

_CANNOT_START = 2


def main(arguments: list[str] | None = None) -> int:
    """Run the emulator until it is told to stop. Returns 2, and says why in one line, where it cannot start."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = _settings(options)
        with _listener(options.host, options.port) as listener:
            _serve(_emulator(settings, options.state), listener)
    except BadConfigurationError as error:
        sys.stderr.write(f"azure_openai: {error}\n")
        return _CANNOT_START
    return 0


def _serve(emulator: Emulator, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    profile = emulator.settings.profile.name
    sys.stdout.write(f"Azure OpenAI emulator ({profile}) at http://{host}:{port}/openai/v1\n")
    sys.stdout.flush()
    config = uvicorn.Config(
        application(emulator),
        http=ConnectionProtocol,
        log_level="warning",
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.azure_openai", description="An emulator of the Azure OpenAI video APIs."
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8080, help="0 takes a free one and prints it")
    add("--state", type=Path, required=True, metavar="DIR", help="where renders and films are kept")
    add("--key", default=WELL_KNOWN_KEY, help="the resource's key (default: the well-known %(default)s)")
    add("--profile", choices=PROFILES, default="azure", help="the service to play")
    add("--deployment", action="append", default=[], metavar="NAME=MODEL", help="instead of the profile's own")
    add("--render-s", type=float, default=8.0, metavar="SECONDS", help="how long a render takes")
    add("--max-in-flight", type=int, metavar="N", help="for every deployment, instead of its model's own")
    add("--creates-per-minute", type=int, metavar="N", help="for every deployment, instead of its model's own")
    add("--quirk", action="append", default=[], choices=list(Quirk), help="behaviour on top of the profile's")
    add("--audience", action="append", metavar="URL", help=f"of Entra tokens (default: {', '.join(AUDIENCES)})")
    add("--no-tokens", action="store_true", help="take the key only")
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    deployments: dict[str, str] = {}
    for text in options.deployment:
        name, equals, model = str(text).partition("=")
        if not (name and equals and model):
            raise BadConfigurationError(f"--deployment takes NAME=MODEL, not {text!r}")
        deployments[name] = model
    return Settings(
        profile=PROFILES[options.profile],
        key=options.key,
        deployments=deployments,
        render_s=options.render_s,
        max_in_flight=options.max_in_flight,
        creates_per_minute=options.creates_per_minute,
        quirks=frozenset(Quirk(name) for name in options.quirk),
        accepts_tokens=not options.no_tokens,
        audiences=tuple(options.audience or AUDIENCES),
    )


def _emulator(settings: Settings, folder: Path) -> Emulator:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        clock = SystemClock()
        return Emulator(settings, clock, Store(folder), Studio(folder / "films", clock))
    except OSError as error:
        raise BadConfigurationError(f"cannot keep state in {folder}: {error.strerror}") from error


def _listener(host: str, port: int) -> socket.socket:
    """Bind before the server starts, so that a port in use is one line and a port of 0 is known."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # Named as TCP, since asyncio switches off Nagle's algorithm only then: 40 ms a reply otherwise.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        raise BadConfigurationError(f"cannot listen on {host}:{port}: {error}") from error
    return listener


if __name__ == "__main__":
    sys.exit(main())
