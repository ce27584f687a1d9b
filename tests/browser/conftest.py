"""A real browser for tests of pages: one Chromium a module, a fresh profile and a request log for each test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import chromium

_DEADLINE_MS = 15_000
LOOPBACK = {"127.0.0.1", "localhost"}


@dataclass
class Tab:
    """One tab with everything it asked for and everything that went wrong in it."""

    page: Page
    requests: list[str] = field(default_factory=list[str])
    errors: list[str] = field(default_factory=list[str])

    def is_scrolled_sideways(self) -> bool:
        """Whether the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


OpenTab = Callable[..., Tab]


# Not for the whole session: while it runs, its event loop would be in the way of asynchronous tests.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium."""
    with chromium() as running:
        yield running


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[OpenTab]:
    """Open a tab in a profile of its own; what it takes beside the address are options of a browser context.

    Afterwards, no tab may have reported an error or asked anything of another machine.
    """
    opened: list[Tab] = []

    def open_tab(address: str, **options: Any) -> Tab:
        context = browser.new_context(**options)
        context.set_default_timeout(_DEADLINE_MS)
        tab = Tab(context.new_page())
        opened.append(tab)
        tab.page.on("request", lambda request: tab.requests.append(request.url))
        tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
        tab.page.goto(address)
        return tab

    yield open_tab
    for tab in opened:
        tab.page.context.close()
        assert tab.errors == []
        assert {urlsplit(url).hostname for url in tab.requests if not url.startswith("data:")} <= LOOPBACK
