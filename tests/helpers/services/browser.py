"""The machine's own Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# No sandbox, for containers run as root; no calls home.
_OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en-US"),
]


def find_chromium() -> str:
    """Return where Chromium is; raises FileNotFoundError that says how to get it."""
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    raise FileNotFoundError(
        "the tests of the dashboard drive Chromium, and there is none on the PATH: "
        "Debian, Ubuntu: apt install chromium fonts-noto-cjk"
    )


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=_OPTIONS)
        yield browser
        browser.close()
