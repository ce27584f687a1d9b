"""Rules of what outside scanners say: nothing that is not skipped with its reason. Installs them at the first run."""

import runpy

import pytest

from tests.infra.compiler import INFRA

_SCAN = runpy.run_path(str(INFRA / "checks" / "scan.py"))


@pytest.mark.timeout(600)
def test_deployment_passes_checkov() -> None:
    """Checkov finds nothing in the predicted resources of the three cases, and no skip is out of date."""
    assert _SCAN["scan_deployment"]() == []


@pytest.mark.timeout(600)
def test_workflows_pass_zizmor() -> None:
    """Zizmor finds nothing in the workflows: actions pinned by digest, least permissions, no injection."""
    assert _SCAN["scan_workflows"]() == []
