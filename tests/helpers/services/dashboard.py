"""The dashboard as a user starts it, and a page of it in a real browser."""

from __future__ import annotations

import csv
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page, expect

from helpers.services.ports import free_ports
from helpers.services.process import ServiceProcess

Ask = Callable[[str], list[tuple[Any, ...]]]  # SQL to its rows, by another reader than the dashboard

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
_READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
_TO_COME = "[data-stale=true], [data-testid=stSkeleton]"  # what is pale, or stands in for what is not there yet
_PATIENCE = 60_000  # milliseconds: a busy machine is slow, a broken page never comes


@contextmanager
def dashboard(lake: Path, log: Path, *options: str) -> Iterator[str]:
    """`soundlake dashboard` on a lake, started beside it, as its page says where it reads; gives its URL."""
    with dashboard_server("--lake", lake.name, *options, log=log, env=os.environ, cwd=lake.parent) as url:
        yield url


@contextmanager
def dashboard_server(*options: str, log: Path, env: Mapping[str, str], cwd: Path) -> Iterator[str]:
    """`soundlake dashboard` in a folder; gives its URL."""
    (port,) = free_ports(1)
    program = str(Path(sys.executable).with_name("soundlake"))
    command = [program, "dashboard", "--port", str(port), "--no-browser", *options]
    server = ServiceProcess(command, log, env, cwd=cwd)
    url = f"http://127.0.0.1:{port}"
    try:
        server.await_ready(lambda: _answers(f"{url}/_stcore/health"), 60)
        yield url
    finally:
        server.stop()


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def names(rows: list[dict[str, str]], column: str) -> list[str]:
    """The values of a column of a CSV."""
    return [row[column] for row in rows]


class Shown:
    """A page that is shown."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        page.set_default_timeout(_PATIENCE)
        self.elsewhere: list[str] = []  # what was asked of anybody but the dashboard
        page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        if not url.startswith((f"{self.url}/", "data:", "blob:")):
            self.elsewhere.append(url)

    def open(self, path: str) -> Shown:
        """Go to a page, and wait until it is drawn."""
        self.page.goto(f"{self.url}/{path}")
        expect(self.page.locator("h1")).to_be_visible(timeout=_PATIENCE)
        return self.settle()

    def settle(self) -> Shown:
        """Wait until the server has sent everything, and the page has a widget for each of it."""
        self.page.wait_for_selector(_READY)
        # A change starts the script a moment later: only a state that lasts is one.
        self.page.wait_for_timeout(250)
        self.page.wait_for_selector(_READY)
        # The page loads the code of a widget when it first needs it, and the second of two may be there first.
        expect(self.page.locator(_TO_COME)).to_have_count(0, timeout=_PATIENCE)
        return self

    @property
    def errors(self) -> list[str]:
        """What went wrong where nobody foresaw it."""
        return self.page.get_by_test_id("stException").all_inner_texts()

    def csv(self, number: int = 0) -> list[dict[str, str]]:
        """The rows that a `Download CSV` gives; empty texts are nulls."""
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name="Download CSV").nth(number).click()
        text = Path(download.value.path()).read_text(encoding="utf-8-sig")
        return list(csv.DictReader(text.splitlines()))

    def choose(self, label: str, value: str) -> Shown:
        """Choose one of a list, or one more where several can be chosen."""
        named = re.compile(rf"\b{re.escape(label)}(?!\w)")  # "Cluster" is not "Clusters"
        field = self.page.get_by_role("combobox", name=named).first
        field.click()
        field.fill(value)
        self.page.get_by_role("option", name=value, exact=True).first.click()
        self.page.keyboard.press("Escape")
        return self.settle()

    def clear(self, label: str) -> Shown:
        """Take away everything that is chosen in a list of several."""
        self.page.get_by_test_id("stMultiSelect").filter(has_text=label).get_by_label("Clear all").click()
        return self.settle()

    def press(self, name: str) -> Shown:
        """Choose among buttons that stand side by side."""
        self.page.get_by_test_id("stMain").get_by_text(name, exact=True).first.click()
        return self.settle()

    def write(self, label: str, text: str) -> Shown:
        """Write into a field."""
        self.page.get_by_label(label, exact=True).fill(text)
        self.page.keyboard.press("Enter")
        return self.settle()

    def slide(self, label: str, keys: str, handle: int = 0) -> Shown:
        """Move a slider with the keys of the keyboard."""
        self.page.get_by_test_id("stSlider").filter(has_text=label).get_by_role("slider").nth(handle).focus()
        for key in keys.split():
            self.page.keyboard.press(key)
        return self.settle()

    def set_date(self, label: str, **parts: str) -> Shown:
        """Change the year, month or day of a date."""
        for name, value in parts.items():
            part = self.page.get_by_role("spinbutton", name=f"{name}, {label}")
            part.click()
            part.press_sequentially(value, delay=30)
        self.page.keyboard.press("Enter")
        self.page.locator("h1").click()
        return self.settle()

    def await_drawing(self) -> Shown:
        """Wait until every chart has its drawing."""
        expect(self.page.locator(_TO_COME)).to_have_count(0, timeout=_PATIENCE)
        for chart in self.page.get_by_test_id("stVegaLiteChart").all():
            expect(chart.locator("canvas, svg").first).to_be_visible(timeout=_PATIENCE)
        return self

    def metric(self, label: str) -> str:
        """The number under a label."""
        return self.page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue").inner_text()
