"""The Bicep compiler: where it is, and its commands as functions. Knows nothing of what is deployed."""

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
CASES = ("defaults", "existing-openai", "private")

# Names are made of the subscription and the region, so both are fixed here; no subscription has this id.
_SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
_BESIDE = ROOT.parent / "shared" / "bin" / "bicep"
_UNPACKED = Path(tempfile.gettempdir()) / f"bicep-unpacked-{os.getuid()}"


@dataclass(frozen=True)
class Compiler:
    """One `bicep` binary."""

    path: str

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        environment = os.environ | {
            "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
            "DOTNET_BUNDLE_EXTRACT_BASE_DIR": str(_UNPACKED),
        }
        return subprocess.run(  # noqa: S603 - the compiler that was found, on our own files
            [self.path, *map(str, arguments)], env=environment, capture_output=True, text=True, check=False
        )

    def check(self, *arguments: str | Path) -> str:
        """Run one command, which must succeed and warn of nothing; return what it wrote."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr + done.stdout
        assert not done.stderr.strip(), done.stderr
        return done.stdout

    def predict(self, infra: Path, case: str) -> dict[str, Any]:
        """Predict the resources of a case of the folder `infra`, next to which the prediction is left."""
        parameters = infra / "cases" / f"{case}.bicepparam"
        said = self.check(
            "snapshot",
            parameters,
            "--mode",
            "overwrite",
            "--subscription-id",
            _SUBSCRIPTION,
            "--location",
            "northeurope",
        )
        assert "arning" not in said, said
        return json.loads(parameters.with_suffix(".snapshot.json").read_text(encoding="utf-8"))


def find() -> Compiler:
    """Find the compiler: $BICEP, the PATH, or beside the repository. A machine without one skips, a CI fails."""
    named = os.environ.get("BICEP") or shutil.which("bicep") or (str(_BESIDE) if _BESIDE.exists() else None)
    if named is None:
        missing = "no Bicep compiler: put `bicep` on the PATH or name it in BICEP (github.com/Azure/bicep, releases)"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return Compiler(named)


def copy_of_infra(to: Path) -> Path:
    """Copy the folder `infra`, so that predictions and mutations leave no trace in the tree."""
    return Path(shutil.copytree(INFRA, to / "infra"))


def _write_predictions() -> None:
    """Write the predictions of all cases beside their parameters, for review: outputs come in any order, so in ours."""
    for case in CASES:
        document = find().predict(INFRA, case)
        document["outputs"] = dict(sorted(document["outputs"].items()))
        (INFRA / "cases" / f"{case}.snapshot.json").write_text(json.dumps(document, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    _write_predictions()
