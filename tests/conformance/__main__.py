"""The command line: ``python -m tests.conformance`` on the stand-in, or with ``--url`` and keys on any host."""

import argparse
import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.conformance.differences import ACCEPTED
from tests.conformance.run import run, unused
from tests.conformance.stage import Target
from tests.integration.functions_host.running_host import RunningHost

APP = Path(__file__).parent / "app"
_TIMEOUT_S = 60


@contextmanager
def stand_in(state: Path) -> Generator[Target]:
    """The stand-in, running the app under test as a process of its own."""
    os.environ["AzureWebJobs.disabled1.Disabled"] = "true"  # noqa: SIM112 - the host's own spelling
    host = RunningHost(state, app=APP).start()
    keys = {"system": host.key("durabletask_extension"), "function": host.key("function"), "master": host.key("master")}
    try:
        with _http() as http:
            yield Target(host.base, keys, http)
    finally:
        host.kill()


def _http() -> httpx.Client:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
    return httpx.Client(timeout=_TIMEOUT_S, limits=limits)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="conformance",
        description="Compares a Functions host with what the real one was seen to answer; without --url, the stand-in.",
    )
    parser.add_argument(
        "--url", help="address of a host that runs tests/conformance/app, such as http://127.0.0.1:7071"
    )
    parser.add_argument("--key", default="", help="its master key (_master); it tells the others")
    parser.add_argument("--only", default="", help="play only facts whose trace's name has this in it")
    parser.add_argument("--differences", action="store_true", help="list the accepted differences that were met")
    return parser.parse_args()


def main() -> None:
    """Print one line a group and the sum; exit code 1 where a fact failed."""
    arguments = _arguments()
    if arguments.url:
        url = arguments.url.rstrip("/")
        with _http() as http:
            _report(Target(url, _keys(url, arguments.key, http), http), arguments)
    else:
        with tempfile.TemporaryDirectory() as folder, stand_in(Path(folder) / "state") as target:
            _report(target, arguments)


def _keys(url: str, master: str, http: httpx.Client) -> dict[str, str]:
    """The keys of a host by the names the facts give them; ends the program with one line where it tells none."""
    keys = {"master": master}
    for name, place, key in (("function", "keys", "default"), ("system", "systemkeys", "durabletask_extension")):
        try:
            answer = http.get(f"{url}/admin/host/{place}", headers={"x-functions-key": master})
        except httpx.HTTPError as error:
            sys.exit(f"conformance: {url} does not answer: {error}")
        if answer.status_code != httpx.codes.OK:
            sys.exit(
                f"conformance: {url}/admin/host/{place} answers {answer.status_code}; --key must be its master key"
            )
        found = {told["name"]: told["value"] for told in answer.json()["keys"]}
        if key not in found:
            sys.exit(f"conformance: {url} has no key {key} yet; send one request to /api/c_binding and try again")
        keys[name] = found[key]
    return keys


def _report(target: Target, arguments: argparse.Namespace) -> None:
    report = run(target, wanted=lambda trace: arguments.only in trace)
    if arguments.differences:
        for outcome in report.outcomes():
            for place, accepted in outcome.accepted:
                _say(f"accepted {outcome.trace}: {place}\n    {accepted.reason}")
    for line in report.lines():
        _say(line)
    if not arguments.url and not arguments.only and ACCEPTED:
        for accepted in unused(report):
            sys.exit(f"the difference is listed, but was not met: {accepted.traces} ({accepted.reason})")
    sys.exit(bool(report.failures()))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
