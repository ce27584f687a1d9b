"""Rules of what is deployed: it is small, holds the app and nothing else, and works where nothing else is installed.

`make test` tries the Python it runs on; `make packaging` every one of 3.11, 3.12 and 3.13 that is installed.
"""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from shared import names
from tests.interpreters import THIS, interpreter
from tests.packaging import package

_LIMIT_BYTES = 80_000_000
_VERSIONS = ("3.11", "3.12", "3.13")
_CHOSEN = _VERSIONS if os.environ.get("PACKAGING") == "all" else (THIS,)

# What the Functions worker does with an app before it tells the host which functions there are.
_LIST = """
import json, sys
sys.path[:0] = [{app!r}, {packages!r}]
import function_app
listed = {{}}
for function in function_app.app.get_functions():
    described = json.loads(function.get_function_json())
    listed[function.get_function_name()] = [binding["type"] for binding in described["bindings"]]
print(json.dumps(listed))
"""


@pytest.fixture(scope="module", name="archive")
def _archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package.build(tmp_path_factory.mktemp("package"))


def test_package_holds_the_app_alone(archive: Path) -> None:
    """The zip has the host's file, the entry and the pins at its root, and no test, page, stand-in or secret."""
    held = zipfile.ZipFile(archive).namelist()
    assert {"host.json", "function_app.py", "requirements.txt", "shared/data/video_models.json"} <= set(held)
    assert {name.split("/")[0] for name in held if "/" in name} == {
        "activities",
        "endpoints",
        "orchestrators",
        "shared",
    }
    assert not [name for name in held if "settings" in name.lower() or name.startswith(".") or name.endswith(".md")]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("version", _CHOSEN)
def test_package_works_where_nothing_else_is(version: str, archive: Path, tmp_path: Path) -> None:
    """Unpacked beside its pinned dependencies alone, on each Python, the app lists its functions to the host.

    What counts against the limit is the zip after the remote build: the app and its dependencies, zipped.
    """
    python = interpreter(version)
    app = tmp_path / "app"
    packages = app / ".python_packages" / "lib" / "site-packages"  # where the remote build puts them
    zipfile.ZipFile(archive).extractall(app)
    subprocess.run(  # noqa: S603 - the installer this repository pins
        [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes", "--python", python,
         "--target", packages, "--requirement", app / "requirements.txt"],
        check=True,
    )  # fmt: skip
    program = _LIST.format(app=str(app), packages=str(packages))
    done = subprocess.run(  # noqa: S603 - an interpreter of this machine, isolated, on our own words
        [python, "-I", "-S", "-c", program], cwd=tmp_path, env=_bare(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout.splitlines()[-1])
    assert listed.keys() >= names.ACTIVITIES | names.ORCHESTRATORS
    assert "httpTrigger" in listed["submit_video_job"]
    assert "timerTrigger" in listed["sweep"]
    assert package.zipped_bytes(app) <= _LIMIT_BYTES


def _bare() -> dict[str, str]:
    """The environment of an app that nobody has configured: it must still start, to say what is missing."""
    return {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
