"""Rules of who may use the page at /_host."""

import pytest

from local.functions_host.inspector.guard import refusal

HERE = {"host": "127.0.0.1:7071"}
PAGE = {**HERE, "origin": "http://127.0.0.1:7071", "sec-fetch-site": "same-origin", "x-host-page": "1"}
LINK = {**HERE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.mark.parametrize(
    ("method", "headers", "client"),
    [
        ("GET", HERE, "127.0.0.1"),
        ("GET", {"host": "localhost:7071"}, "127.0.0.1"),
        ("GET", {"host": "[::1]:7071"}, "::1"),
        ("GET", LINK, "127.0.0.1"),
        ("POST", PAGE, "127.0.0.1"),
        ("POST", {**HERE, "x-host-page": "1"}, "127.0.0.1"),  # a program of this machine
    ],
)
def test_this_machine_may(method: str, headers: dict[str, str], client: str) -> None:
    """Programs here, the page itself, and whoever follows a link to it are answered."""
    assert refusal(method, headers, client) is None


@pytest.mark.parametrize(
    ("method", "headers", "client"),
    [
        ("GET", HERE, "192.0.2.7"),
        ("GET", HERE, None),
        ("GET", {"host": "rebound.example:7071"}, "127.0.0.1"),
        ("GET", {"host": "127.0.0.1.example"}, "127.0.0.1"),
        ("GET", {"host": "[broken"}, "127.0.0.1"),
        ("GET", {}, "127.0.0.1"),
        ("GET", {**HERE, "sec-fetch-site": "cross-site"}, "127.0.0.1"),
        ("GET", {**HERE, "sec-fetch-site": "same-site"}, "127.0.0.1"),  # another port of this machine
        ("GET", {**LINK, "sec-fetch-dest": "iframe"}, "127.0.0.1"),
        ("POST", {**LINK, "x-host-page": "1"}, "127.0.0.1"),
        ("POST", {**PAGE, "origin": "http://127.0.0.1:3000"}, "127.0.0.1"),
        ("POST", {**PAGE, "origin": "null"}, "127.0.0.1"),
        ("POST", {**PAGE, "sec-fetch-site": "same-site"}, "127.0.0.1"),
        ("POST", HERE, "127.0.0.1"),  # a form, which can be sent from anywhere, has no header of its own
    ],
)
def test_nobody_else_may(method: str, headers: dict[str, str], client: str | None) -> None:
    """Other machines, other names of this one, pages of other sites and forms are refused with a sentence."""
    assert refusal(method, headers, client)
