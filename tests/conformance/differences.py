"""Where this stand-in is known to differ from the real host, and why that is accepted.

What is not in this table is a failure. docs/functions-host.md gives the same reasons, word for word.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

HANGS = (
    "What makes the real host hang without a word (an unknown activity or child, a child with its parent's own id, a "
    "version it does not run) fails the instance here, with a text that says so."
)
TIMERS = (
    "Timers fire at their time here, unless `--early-timers` is given; the real host fires them up to one second early."
)
SHORTER = "The app under test lets one child wait for 8 s, the recorded one for 25 s."
PARSERS = "The text about broken JSON is the parser's own; the error's kind and place in the answer are the same."
NO_TLS = "The durable client binding names http, because nothing here speaks TLS."
ORDER = "Headers and route parameters reach the function in the order of the request, not in that of a .NET dictionary."

PLACES = "A function's description names the folders and the host's id of this machine, and no file of test data."


@dataclass(frozen=True, slots=True)
class Accepted:
    """Places in the answers of traces that may differ, both as patterns, and the reason."""

    traces: str
    places: tuple[str, ...]
    reason: str

    def covers(self, trace: str, place: str) -> bool:
        """Whether this place of this trace is meant."""
        return fnmatchcase(trace, self.traces) and any(fnmatchcase(place, _plain(wanted)) for wanted in self.places)


def _plain(pattern: str) -> str:
    """Brackets mean themselves."""
    return pattern.replace("[", "[[]")


_OF_A_HANGING_ONE = (
    *("status", "headers.location", "headers.retry-after"),
    *("body.runtimeStatus", "body.output", "body.historyEvents"),
)

ACCEPTED = (
    Accepted("orch-act-unknown*", _OF_A_HANGING_ONE, HANGS),
    Accepted("orch-sub-unknown", _OF_A_HANGING_ONE, HANGS),
    Accepted("sub-orchestration-own-id", _OF_A_HANGING_ONE, HANGS),
    Accepted("start-webhook-with-version-status", _OF_A_HANGING_ONE, HANGS),
    Accepted("orch-timer-*", ("body.output[2]", "body.historyEvents[3].Result[2]"), TIMERS),
    Accepted("task-any-open-child", ("body.historyEvents[2].Result[2]",), SHORTER),
    Accepted("start-webhook-*", ("body.ExceptionMessage",), PARSERS),
    Accepted("raise-event-webhook-*", ("body.ExceptionMessage",), PARSERS),
    Accepted("durable-client-binding", ("body.raw._creation_urls.*", "body.raw._management_urls.*"), NO_TLS),
    Accepted(
        "http-admin-*", ("body.id", "body.script_href", "body.test_data_href", "body.config.functionDirectory"), PLACES
    ),
    Accepted("http-route-*", ("body{order}", "body.headers{order}"), ORDER),
)
