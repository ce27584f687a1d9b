"""Rules of what importing the app may cost: every function of an instance pays for it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_DEPLOYED = ["azure.identity", "azure.storage.blob", "av", "opentelemetry.sdk"]
_NEVER = ["client", "local", "openai", "PIL", "numpy"]


@pytest.fixture(scope="module", name="loaded")
def _loaded() -> set[str]:
    """The modules that a fresh process holds after importing the app."""
    probe = "import json, sys, function_app; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(  # noqa: S603 - our own interpreter on our own words
        [sys.executable, "-c", probe], cwd=_ROOT, check=True, capture_output=True, text=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("module", _DEPLOYED + _NEVER)
def test_heavy_modules_wait_for_their_first_use(loaded: set[str], module: str) -> None:
    """What only some functions need is imported by the first of them, and what is only local never."""
    assert module not in loaded
