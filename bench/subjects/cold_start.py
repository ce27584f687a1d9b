"""What importing the app costs a new instance, beside what the bare SDKs cost there."""

import resource
import statistics
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from bench.figure import Figure

_ROOT = Path(__file__).parents[2]
_SDKS = "import azure.functions, azure.durable_functions, azure.data.tables.aio"
_APP = "import sys; sys.modules['click'] = None; import function_app"  # where click is, httpx loads its command line
_ROUNDS = 5


def figures() -> Iterable[Figure]:
    """Processor time of fresh processes, the kinds in turn; waiting for a busy machine does not count."""
    for program in (_SDKS, _APP):
        _seconds(program)  # the first run of each writes byte code and fills the disk's cache
    rounds = [(_seconds(_SDKS), _seconds(_APP), _seconds("pass")) for _ in range(_ROUNDS)]
    sdks, app, python = (statistics.median(column) for column in zip(*rounds, strict=True))
    yield Figure("a bare interpreter", python * 1000, "ms")
    yield Figure("the bare SDKs, above the interpreter", (sdks - python) * 1000, "ms")
    yield Figure("function_app, above the interpreter", (app - python) * 1000, "ms")
    yield Figure("function_app / the bare SDKs", (app - python) / (sdks - python), "times", at_most=2)


def _seconds(program: str) -> float:
    begin = _spent()
    subprocess.run([sys.executable, "-c", program], cwd=_ROOT, check=True, capture_output=True)  # noqa: S603 - our own words
    return _spent() - begin


def _spent() -> float:
    """Processor time of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
