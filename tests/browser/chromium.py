"""Where Chromium is on this machine, and how tests start it. Knows no page."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Nothing of its own to ask of any network, and no sandbox: in a container it runs as root.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str:
    """The program on the PATH. Without one the tests are skipped by name, or fail where CI is set."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        text = f"no {', '.join(NAMES)} on the PATH; `apt-get install chromium` brings the first"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)
    return found


@contextmanager
def chromium() -> Generator[Browser]:
    """A headless Chromium with a profile of its own, ended with the block."""
    path = find()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()
