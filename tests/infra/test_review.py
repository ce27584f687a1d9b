"""Rules of docs/operate.md and docs/security.md: what they say of cases, queries and tests is what is there."""

import json
import re
from collections.abc import Callable

import pytest

from tests.infra.compiler import CASES, INFRA, ROOT
from tests.infra.prediction import Prediction

_PAGE = (ROOT / "docs" / "operate.md").read_text("utf-8")
_REVIEWED = [
    Prediction(case, json.loads((INFRA / "cases" / f"{case}.snapshot.json").read_text("utf-8"))) for case in CASES
]
_ACCOUNTS, _MODELS = "Microsoft.Storage/storageAccounts", "Microsoft.CognitiveServices/accounts"


def _count(*kinds: str) -> Callable[[Prediction], str]:
    return lambda made: ", ".join(str(len(made.resources(kind))) for kind in kinds)


def _storage(made: Prediction) -> str:
    accounts = made.resources(_ACCOUNTS)
    reachable = [one for one in accounts if one["properties"]["publicNetworkAccess"] == "Enabled"]
    return f"{len(accounts)}, {len(reachable)}"


def _ready(made: Prediction) -> str:
    groups = made.app["functionAppConfig"]["scaleAndConcurrency"]["alwaysReady"]
    ready = {one["name"]: one["instanceCount"] for one in groups}
    return f"{ready.get('http', 0)}, {ready.get('durable', 0)}"


def _deleted(made: Prediction) -> str:
    (policy,) = made.resources(f"{_ACCOUNTS}/managementPolicies")
    actions = policy["properties"]["policy"]["rules"][0]["definition"]["actions"]["baseBlob"]
    return str(actions.get("delete", {}).get("daysAfterCreationGreaterThan", "never"))


def _quota(made: Prediction) -> str:
    (workspace,) = made.resources("Microsoft.OperationalInsights/workspaces")
    return str(workspace["properties"]["workspaceCapping"]["dailyQuotaGb"])


_ROWS: dict[str, Callable[[Prediction], str]] = {
    "all": lambda made: str(len(made.document["predictedResources"])),
    "storage accounts": _storage,
    "Azure OpenAI accounts": _count(_MODELS, f"{_MODELS}/deployments"),
    "Durable Task Schedulers": _count("Microsoft.DurableTask/schedulers"),
    "sign-in with Entra": lambda made: "yes" if made.resources("Microsoft.Web/sites/config") else "no",
    "always-ready instances": _ready,
    "role assignments": _count("Microsoft.Authorization/roleAssignments"),
    "private endpoints": _count("Microsoft.Network/privateEndpoints", "Microsoft.Network/privateDnsZones"),
    "alerts": _count("Microsoft.Insights/scheduledQueryRules", "Microsoft.Insights/actionGroups"),
    "days until": _deleted,
    "gigabytes of telemetry": _quota,
}


def _table(heading: str) -> list[list[str]]:
    """The rows of the table that begins with this heading, cell by cell."""
    rows = _PAGE[_PAGE.index(f"| {heading} |") :].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_table_of_cases_is_what_was_predicted() -> None:
    """Each row of the table of the three cases says what their reviewed predictions hold."""
    rows = _table("predicted resources")
    assert len(rows) == len(_ROWS)
    for (label, *told), (begins, read) in zip(rows, _ROWS.items(), strict=True):
        assert label.startswith(begins)
        assert told == [read(made) for made in _REVIEWED], label


@pytest.mark.parametrize("query", sorted(path.name for path in (INFRA / "queries").glob("*.kql")))
def test_every_query_is_an_alerts_or_named_for_people(query: str) -> None:
    """A query is either loaded by an alert or named in docs/operate.md."""
    alerts = (INFRA / "modules" / "alerts.bicep").read_text("utf-8")
    assert query in re.findall(r"queries/(\w+\.kql)", alerts + _PAGE)


def test_every_flow_has_its_six_threats_and_names_tests_that_are_there() -> None:
    """The threat model answers each letter of STRIDE for each data flow of its picture, by tests that can be found."""
    page = (ROOT / "docs" / "security.md").read_text("utf-8")
    flows = re.findall(r"^### (\d) [^\n]+\n(.*?)(?=^##)", page, re.MULTILINE | re.DOTALL)
    assert [n for n, _ in flows] == re.findall(r"-- (\d) -->", page)
    for n, text in flows:
        letters = "".join(re.findall(r"^\| ([STRIDE, ]+):", text, re.MULTILINE))
        assert set("STRIDE") <= set(letters), f"flow {n} has only {letters}"
    for path in re.findall(r"`(tests/[\w./]+)`", page):
        assert (ROOT / path).exists(), path
