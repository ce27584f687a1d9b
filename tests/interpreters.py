"""Other Pythons of this machine, for what must work on more than the one that runs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
WORKER_LIBRARY = ROOT / "local" / "functions_host" / "worker-library.txt"


def interpreter(version: str) -> Path:
    """Find a Python: the one that runs, one of pyenv's, or one on the PATH; skip the test where there is none."""
    if version == THIS:
        return Path(sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [*sorted(pyenv.glob(f"{version}.*/bin/python{version}"), reverse=True)]
    on_path = shutil.which(f"python{version}")
    if not found and not on_path:
        pytest.skip(f"no Python {version} here: pyenv install {version}, or put python{version} on the PATH")
    return found[0] if found else Path(on_path or "")


def python_with_worker_library() -> Path:
    """A Python 3.13 with the app's packages and azure-functions-runtime; made once for each version of the pins."""
    base = interpreter("3.13")
    home = ROOT / ".venv" / ".checks" / "worker-library"
    python, stamp = home / "bin" / "python", home / "pins.txt"
    if not stamp.exists() or stamp.read_bytes() != WORKER_LIBRARY.read_bytes():
        _uv("venv", "--clear", "--python", base, home)
        _uv("pip", "install", "--require-hashes", "--python", python, "--requirement", WORKER_LIBRARY)
        stamp.write_bytes(WORKER_LIBRARY.read_bytes())
    return python


def _uv(*words: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "uv", "--quiet", *words], check=True)  # noqa: S603 - the installer we pin
