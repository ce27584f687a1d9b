"""All scenes, by group and by the name of the trace they stand for."""

from tests.conformance.scenes import http, orchestrations, starting, status
from tests.conformance.scenes.scene import Scene

GROUPS: dict[str, dict[str, Scene]] = {
    "starting": starting.SCENES,
    "status-and-management": status.SCENES,
    "orchestrations": orchestrations.SCENES,
    "http": http.SCENES,
}
