"""Rules of what the pages say: it is what the code does. The README's other commands run in tests/e2e."""

import fnmatch
import json
import re
import subprocess
from pathlib import Path

import pytest

from shared.config import Settings

_ROOT = Path(__file__).parents[2]
_README = (_ROOT / "README.md").read_text(encoding="utf-8")
_HOST_SETTINGS = {"AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME"}


def test_readme_lists_every_setting() -> None:
    """The table of settings is the class that reads them: names, meanings, defaults, in its order."""
    rows = [line for line in _README.splitlines() if re.match(r"\| `[A-Z_]+` \|", line)]
    assert rows == [
        f"| `{name.upper()}` | {field.description} | {'' if field.default in (None, ()) else f'`{field.default}`'} |"
        for name, field in Settings.model_fields.items()
    ]


def test_example_settings_are_complete() -> None:
    """local.settings.example.json holds every setting of the app and the host's two, and nothing else."""
    example = json.loads((_ROOT / "local.settings.example.json").read_text(encoding="utf-8"))
    assert set(example["Values"]) == {name.upper() for name in Settings.model_fields} | _HOST_SETTINGS


def test_every_make_command_exists() -> None:
    """Each `make …` of the README is a target."""
    targets = set(re.findall(r"`?make ([a-z]+)", _README))
    assert {"demo", "test", "up", "clean"} <= targets
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=_ROOT, check=True, capture_output=True)  # noqa: S603, S607


@pytest.mark.parametrize("page", [*_ROOT.glob("docs/**/*.md"), _ROOT / "README.md"], ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file that is there."""
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def _is_deployed(path: str, patterns: list[str]) -> bool:
    parts = path.split("/")
    for pattern in patterns:
        rooted = pattern.removeprefix("/")
        candidates = parts[:1] if pattern.startswith("/") else parts
        if any(fnmatch.fnmatch(part, rooted) for part in candidates):
            return False
    return True


def test_package_holds_what_is_deployed_and_nothing_else() -> None:
    """.funcignore leaves the app, its data, its settings and its pins; no test, stand-in, page or secret."""
    patterns = [line for line in (_ROOT / ".funcignore").read_text(encoding="utf-8").splitlines() if line]
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=_ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    kept = {path.split("/")[0] for path in listed if _is_deployed(path, patterns)}
    assert kept == {
        "LICENSE",
        "activities",
        "endpoints",
        "function_app.py",
        "host.json",
        "orchestrators",
        "requirements.txt",
        "shared",
    }


def test_host_json_says_what_the_plan_needs() -> None:
    """The limits that the story's times rely on are set where the host reads them."""
    host = json.loads((_ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]
    durable = host["durableTask"]
    assert host["http"]["routePrefix"] == "api/v1"
    assert durable["storageProvider"]["maxQueuePollingInterval"] == "00:00:01"
    assert durable["storageProvider"]["controlQueueVisibilityTimeout"] == "00:01:00"
    assert durable["storageProvider"]["workItemQueueVisibilityTimeout"] == "00:01:00"
    assert durable["tracing"] == {"distributedTracingEnabled": True, "version": "V2"}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "local/package-lock.json"])
def test_pins_name_no_index(name: str) -> None:
    """A lock file works wherever packages come from: it holds hashes, and no address."""
    text = (_ROOT / name).read_text(encoding="utf-8")
    assert "--index-url" not in text
    assert '"resolved"' not in text
    assert "sha256:" in text or "sha512-" in text


def test_every_deployed_package_is_pinned_with_a_hash() -> None:
    """Nothing is installed on Azure that was not named here, byte for byte."""
    text = (_ROOT / "requirements.txt").read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if entry.strip() and not entry.startswith("#")]
    assert entries
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)
