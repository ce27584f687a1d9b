"""Scans what would be deployed with checkov, and the workflows with zizmor, each in an environment of its own.

Checkov's own Bicep parser reads none of these files (imports, user-defined types), so it is given the resources that
the compiler predicts for each case, as ARM templates. Every skip stands here with its reason; one that skips nothing
any more is an error too.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CHECKS = Path(__file__).parent
TOOLS = ROOT / ".venv" / ".checks"

_SITE, _AUTH = "Microsoft.Web/sites", "Microsoft.Web/sites/config"
_NOT_A_SITE = "the check takes the sign-in settings of an app for the app itself"

# (check, type of resource): why it does not hold here
SKIPPED: dict[tuple[str, str], str] = {
    ("CKV_AZURE_17", _SITE): "callers prove themselves with keys or tokens; a client certificate would be a third way",
    ("CKV_AZURE_212", _SITE): "Flex Consumption adds instances on demand; always-ready ones are a parameter",
    ("CKV_AZURE_213", _SITE): "Flex Consumption has no health check path: its platform probes and replaces instances",
    ("CKV_AZURE_222", _SITE): "open to the internet unless privateNetwork is chosen, which the case `private` proves",
    ("CKV_AZURE_225", "Microsoft.Web/serverfarms"): "not every region has zones; a stopped zone stops no job for good",
    ("CKV_AZURE_35", "Microsoft.Storage/storageAccounts"): "open to identities unless privateNetwork is chosen",
    ("CKV_AZURE_36", "Microsoft.Storage/storageAccounts"): "no Microsoft service needs to come in past the network",
    ("CKV_AZURE_59", "Microsoft.Storage/storageAccounts"): "no blob is public; the network is closed by privateNetwork",
    ("CKV_AZURE_206", "Microsoft.Storage/storageAccounts"): "three zones by default; another region is a parameter",
    ("CKV_AZURE_134", "Microsoft.CognitiveServices/accounts"): "open to identities unless privateNetwork is chosen",
    ("CKV_AZURE_13", _AUTH): _NOT_A_SITE,
    ("CKV_AZURE_63", _AUTH): _NOT_A_SITE,
    ("CKV_AZURE_65", _AUTH): _NOT_A_SITE,
    ("CKV_AZURE_66", _AUTH): _NOT_A_SITE,
    ("CKV_AZURE_80", _AUTH): _NOT_A_SITE,
    ("CKV_AZURE_88", _AUTH): _NOT_A_SITE,
    ("CKV_AZURE_222", _AUTH): _NOT_A_SITE,
}


def scan_deployment() -> list[str]:
    """Say what checkov finds in the predicted resources and is not skipped, and what is skipped for nothing."""
    with tempfile.TemporaryDirectory() as folder:
        for prediction in sorted((ROOT / "infra" / "cases").glob("*.snapshot.json")):
            template = {
                "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                "contentVersion": "1.0.0.0",
                "resources": json.loads(prediction.read_text("utf-8"))["predictedResources"],
            }
            Path(folder, prediction.name).write_text(json.dumps(template), "utf-8")
        options = ("--framework", "arm", "--compact", "--skip-download", "--soft-fail", "--output", "json")
        told = _run(_tool("checkov"), "--directory", folder, *options)
    report: dict[str, Any] = json.loads(told)
    if report["summary"]["parsing_errors"] or not report["summary"]["passed"]:
        return [f"checkov could not read the predicted resources: {report['summary']}"]
    failed = {
        (str(one["check_id"]), str(one["resource"]).rsplit(".", 1)[0]): f"{one['check_name']} ({one['resource']})"
        for one in report["results"]["failed_checks"]
    }
    found = [f"{check} {kind}: {failed[check, kind]}" for check, kind in sorted(failed.keys() - SKIPPED.keys())]
    return found + [f"{check} {kind}: skipped for nothing" for check, kind in sorted(SKIPPED.keys() - failed.keys())]


def scan_workflows() -> list[str]:
    """Say what zizmor finds in the workflows."""
    told = _run(
        _tool("zizmor"), "--offline", "--no-exit-codes", "--format", "json", str(ROOT / ".github" / "workflows")
    )
    return [f"{one['ident']}: {one['desc']} {one['url']}" for one in json.loads(told)]


def _tool(name: str) -> str:
    """Install a tool with its pinned requirements, once for each version of them."""
    pins = CHECKS / f"{name}.txt"
    home = TOOLS / name
    stamp = home / "pins.txt"
    if not stamp.exists() or stamp.read_bytes() != pins.read_bytes():
        uv = (sys.executable, "-m", "uv", "--quiet")
        _run(*uv, "venv", "--clear", "--python", sys.executable, str(home))
        _run(*uv, "pip", "install", "--require-hashes", "--python", str(home / "bin" / "python"), "-r", str(pins))
        stamp.write_bytes(pins.read_bytes())
    return str(home / "bin" / name)


def _run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - the tools named above
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    complaints = scan_deployment() + scan_workflows()
    sys.stdout.write("\n".join([*complaints, f"{len(complaints)} findings", ""]))
    sys.exit(bool(complaints))
