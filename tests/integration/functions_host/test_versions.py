"""Versions of orchestrations (trace start-webhook-with-version-status; host.json's defaultVersion)."""

from tests.integration.functions_host.running_host import RunningHost


def test_host_gives_its_version_to_what_it_starts(modern_host: RunningHost) -> None:
    """An instance has defaultVersion, also in its next generation; a child has it too, or the one it is given."""
    assert modern_host.result("tells_version") == ["1.10", "1.2", "1.10", "1.10"]


def test_older_version_is_run_a_newer_one_is_not(modern_host: RunningHost) -> None:
    """By SDK: the code sees the version it was started with; what Azure would leave waiting for ever fails loudly."""
    assert modern_host.client("start_new", "tells_version", "older", "child", "1.9") == {"result": "older"}
    assert modern_host.final("older")["output"] == "1.9"
    assert modern_host.client("start_new", "tells_version", "newer", "child", "1.11") == {"result": "newer"}
    status = modern_host.final("newer")
    assert status["runtimeStatus"] == "Failed"
    assert "has version '1.11', which this host does not run (host.json: defaultVersion is '1.10'" in status["output"]
    assert "On Azure it would wait for ever" in status["output"]


def test_host_without_a_version_runs_none(host: RunningHost) -> None:
    """Code sees no version by default, and a start with one fails."""
    assert host.result("tells_version", "child") is None
    answer = host.manage("POST", "/orchestrators/tells_version/versioned", params={"version": "2.0"})
    assert answer.status_code == 202
    assert "defaultVersion is not set" in host.final("versioned")["output"]
