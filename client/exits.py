"""The exit codes of the `lab` command, and which end of a request has which. Scripts rely on these numbers."""

from enum import IntEnum
from http import HTTPStatus


class Exit(IntEnum):
    """Every way the command can end; also what `lab --help` lists."""

    OK = 0
    JOB_FAILED = 1
    INVALID = 2
    NOT_FOUND = 3
    AUTH = 4
    UNREACHABLE = 5
    INTERRUPTED = 130


MEANING = {
    Exit.OK: "done",
    Exit.JOB_FAILED: "the job failed or was cancelled",
    Exit.INVALID: "the command line or the request is wrong, or a file cannot be written",
    Exit.NOT_FOUND: "there is no such job or video",
    Exit.AUTH: "the key is missing or not accepted",
    Exit.UNREACHABLE: "the lab cannot be reached, has no room, or failed",
    Exit.INTERRUPTED: "interrupted with Ctrl-C; a job that was accepted goes on",
}


def exit_of(status: int) -> Exit:
    """Map the HTTP status of a problem to an exit code."""
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return Exit.AUTH
        case HTTPStatus.NOT_FOUND:
            return Exit.NOT_FOUND
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Exit.UNREACHABLE
        case _ if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return Exit.INVALID
        case _:
            return Exit.UNREACHABLE
