"""Who may use the page: programs and pages of this machine that mean this host. Pure."""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

ASKED_BY_PAGE = "x-host-page"
_OWN_SITE = {None, "none", "same-origin"}
_SAFE_METHODS = {"GET", "HEAD"}


def refusal(method: str, headers: Mapping[str, str], client: str | None) -> str | None:
    """Why a request is refused, or None.

    The page asks for no key. In its place stand: a caller on this machine; a ``Host`` that names this machine, so that
    no other site's name can be pointed here; no page of another site; and for what changes something a header that a
    page of another site cannot send without being asked first, which nobody answers.
    """
    host = headers.get("host", "")
    if not _is_loopback(client) or not _is_loopback(_name(host)):
        return "This page is only for the machine that runs the host: open it at 127.0.0.1 or localhost."
    if headers.get("sec-fetch-site") not in _OWN_SITE and not _is_opened(method, headers):
        return "A page of another site asked for this."
    if method not in _SAFE_METHODS:
        if headers.get("origin", f"http://{host}").lower() != f"http://{host}".lower():
            return "A page of another site asked for this."
        if headers.get(ASKED_BY_PAGE) is None:
            return f"What changes something is asked for with the header {ASKED_BY_PAGE}."
    return None


def _is_opened(method: str, headers: Mapping[str, str]) -> bool:
    """Whether it is a link somewhere else that was followed, not a request by a page."""
    return (
        method == "GET" and headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    )


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_loopback(name: str | None) -> bool:
    if name == "localhost":
        return True
    try:
        return name is not None and ip_address(name).is_loopback
    except ValueError:
        return False
