"""The main path through the dashboard needs no mouse. What axe-core says of pages: test_dashboard_drawn.py."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from helpers.services.dashboard import Shown, names

pytestmark = pytest.mark.browser

# Areas that scroll can have the focus too, and contain the words of all that is in them.
_FOCUSED = """(() => {
    const element = document.activeElement
    return element.getAttribute("aria-label") || (element.matches("a, button, summary") ? element.innerText : "")
})()"""

_OUTLINED = "(s => s.outlineStyle !== 'none' || s.boxShadow !== 'none')(getComputedStyle(document.activeElement))"


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
    page.wait_for_function(f"{_FOCUSED}.includes('Genres over Time') && {_OUTLINED}")
