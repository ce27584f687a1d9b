"""The command line: ``python -m local.functions_host --app DIR``.

Every failure to start is one line and a non-zero exit code.
"""

import argparse
import asyncio
import logging
import math
import os
import socket
import sys
from pathlib import Path

from local.functions_host.disorder import Disorder
from local.functions_host.durable_binding import DurableLinks
from local.functions_host.host import Host, Plan
from local.functions_host.host_settings import SettingsError, apply_local_settings, read_host_json
from local.functions_host.in_process import InProcessInvoker
from local.functions_host.invoker import AppError
from local.functions_host.keys import KeysError, load_keys
from local.functions_host.routes import RouteError
from local.functions_host.store import Store
from local.functions_host.store_file import StoreError
from local.functions_host.worker_library import WorkerLibraryInvoker

_BACKLOG = 2048
_THREAD_SWITCH_S = 0.0005  # user code that computes must not keep the host's own loop waiting for the interpreter


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="functions_host", description="Runs a Python v2 function app on this machine."
    )
    parser.add_argument("--app", type=Path, required=True, help="folder of function_app.py and host.json")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=7071, help="port to listen on; 0 picks a free one")
    parser.add_argument("--state", type=Path, required=True, help="folder for keys and the event store")
    parser.add_argument(
        "--redelivery",
        type=float,
        default=2.0,
        metavar="S",
        help="seconds before activities that a killed host had started run again (Azure: 300)",
    )
    parser.add_argument("--no-auth", action="store_true", help="ask for no keys, like Core Tools by default")
    parser.add_argument(
        "--worker-library",
        action="store_true",
        help="call functions through azure-functions-runtime, as Azure does on Python 3.13 and later",
    )
    disorder = parser.add_argument_group("disorder", "what goes wrong or slowly on Azure; none of it by default")
    disorder.add_argument(
        "--latency",
        type=float,
        nargs=2,
        default=(0.0, 0.0),
        metavar=("MIN", "MAX"),
        help="seconds that each message to an orchestration or activity is under way",
    )
    disorder.add_argument("--early-timers", action="store_true", help="cut the fraction of timers, as Azure does")
    disorder.add_argument(
        "--duplicate", type=float, default=0.0, metavar="P", help="chance of an activity to be delivered twice"
    )
    disorder.add_argument(
        "--worker-dies",
        type=float,
        default=0.0,
        metavar="P",
        help="chance of an activity or orchestrator step to kill the worker, and with the third one the host",
    )
    disorder.add_argument("--seed", type=int, default=0, metavar="N", help="the same N, the same disorder")
    return parser.parse_args()


def _disorder(arguments: argparse.Namespace) -> Disorder:
    shortest, longest = arguments.latency
    if not 0 <= shortest <= longest < math.inf:
        raise SettingsError(f"--latency {shortest:g} {longest:g} is no range of seconds: 0 <= MIN <= MAX.")
    for option, chance in (("--duplicate", arguments.duplicate), ("--worker-dies", arguments.worker_dies)):
        if not 0 <= chance <= 1:
            raise SettingsError(f"{option} {chance:g} is no chance: it must be from 0 to 1.")
    return Disorder(
        latency_s=(shortest, longest),
        has_early_timers=arguments.early_timers,
        duplicate_chance=arguments.duplicate,
        death_chance=arguments.worker_dies,
        seed=arguments.seed,
    )


def _listen(host: str, port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only for sockets that name their protocol; with it, answers take 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise SettingsError(f"Cannot listen on {host}:{port}: {error.strerror}.") from error
    return listening


def _run(arguments: argparse.Namespace) -> bool:
    folder: Path = arguments.app.resolve()
    state: Path = arguments.state.resolve()
    state.mkdir(parents=True, exist_ok=True)
    settings = read_host_json(folder)
    apply_local_settings(folder)
    keys = load_keys(state)
    public, loopback = _listen(arguments.host, arguments.port), _listen("127.0.0.1", 0)
    address = f"{arguments.host}:{public.getsockname()[1]}"
    os.environ.setdefault("WEBSITE_HOSTNAME", address)
    links = DurableLinks(
        hub_name=settings.hub_name,
        public_origin=f"http://{address}",
        rpc_origin=f"http://127.0.0.1:{loopback.getsockname()[1]}",
        code=keys.durabletask_extension,
    )
    plan = Plan(
        app=folder,
        settings=settings,
        redelivery_s=arguments.redelivery,
        disorder=_disorder(arguments),
        invoker=WorkerLibraryInvoker if arguments.worker_library else InProcessInvoker,
        keys=None if arguments.no_auth else keys,
        public=public,
        loopback=loopback,
        links=links,
    )
    os.chdir(folder)
    return asyncio.run(_serve(plan, Store(state / "store.sqlite3")))


async def _serve(plan: Plan, store: Store) -> bool:
    return await Host(plan, store).run()


def main() -> None:
    """Run the host until it is stopped."""
    arguments = _arguments()
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    sys.setswitchinterval(_THREAD_SWITCH_S)
    try:
        went_well = _run(arguments)
    except (SettingsError, StoreError, KeysError, AppError, RouteError) as error:
        sys.exit(f"functions host: {error}")
    # A thread that still runs user code would keep the interpreter alive; its activity is handed out again.
    logging.shutdown()
    sys.stderr.flush()
    os._exit(0 if went_well else 1)


if __name__ == "__main__":
    main()
