"""Pages for everybody: axe-core finds nothing serious, contrast included, and the main path needs no mouse."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from helpers.services.dashboard import SIZES, Shown, names
from helpers.services.installed import axe
from soundlake.dashboard.app import PAGES

pytestmark = pytest.mark.browser

SERIOUS = ("serious", "critical")
# Areas that scroll can have the focus too, and contain the words of all that is in them.
_FOCUSED = """(() => {
    const element = document.activeElement
    return element.getAttribute("aria-label") || (element.matches("a, button, summary") ? element.innerText : "")
})()"""


@pytest.fixture(scope="module")
def script() -> str:
    return axe()


@pytest.fixture(params=product(("light", "dark"), SIZES), ids="-".join)
def seen(request: pytest.FixtureRequest, browser: Browser, dashboard_url: str) -> Iterator[Shown]:
    """A page on a desktop or a phone, in light or dark."""
    scheme: Literal["light", "dark"]
    scheme, size = request.param
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    yield Shown(page, dashboard_url)
    page.close()


def problems(page: Page, script: str) -> list[str]:
    """What axe-core calls serious: the rule and the element."""
    page.evaluate(script)
    found: list[dict[str, Any]] = page.evaluate("axe.run().then(found => found.violations)")
    return [
        f"{rule['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for rule in found
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("path", [path for path in PAGES if path != "overview"] + [""])
def test_axe_finds_nothing_serious(seen: Shown, script: str, path: str) -> None:
    page = seen.open(path).await_drawing().page
    assert problems(page, script) == []


def press_until(page: Page, key: str, name: str, most: int = 60) -> None:
    """Press a key until the element with the focus says a name."""
    for _ in range(most):
        if name in page.evaluate(_FOCUSED):
            return
        page.keyboard.press(key)
    pytest.fail(f"{key} does not reach {name!r}")


def test_the_keyboard_alone_leads_from_the_front_page_to_an_answer(shown: Shown) -> None:
    page = shown.open("").page
    press_until(page, "Tab", "Top Albums")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Top Albums")
    all_albums = names(shown.settle().csv(), "album_name")
    press_until(page, "Tab", "Album or artist")
    page.keyboard.type("the")
    page.keyboard.press("Enter")
    some_albums = names(shown.settle().csv(), "album_name")
    assert some_albums != all_albums
    press_until(page, "Tab", "Table (")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    press_until(page, "Tab", "Download CSV")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".csv")


def test_what_has_the_focus_is_to_be_seen(shown: Shown) -> None:
    page = shown.open("top-albums").page
    press_until(page, "Tab", "Genres over Time")
    style = "(s => s.outlineStyle !== 'none' || s.boxShadow !== 'none')(getComputedStyle(document.activeElement))"
    assert page.evaluate(style)
