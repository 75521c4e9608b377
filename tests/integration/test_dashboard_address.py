"""What a viewer chose is in the address: for a reload, a copied link, another page. Phones show charts first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from helpers.services.dashboard import SIZES, Shown, names

pytestmark = pytest.mark.browser


@pytest.fixture
def phone(browser: Browser, dashboard_url: str) -> Iterator[Shown]:
    width, height = SIZES["phone"]
    page = browser.new_page(viewport={"width": width, "height": height})
    yield Shown(page, dashboard_url)
    page.close()


def test_a_copied_link_and_a_reload_show_what_was_chosen(shown: Shown, phone: Shown) -> None:
    shown.open("top-albums").press("plays").write("Album or artist", "the")
    shown.slide("How many", "ArrowLeft")
    chosen = names(shown.csv(), "album_name")
    assert len(chosen) == 10
    shown.page.reload()
    assert names(shown.settle().csv(), "album_name") == chosen
    phone.open(shown.page.url.removeprefix(f"{shown.url}/"))
    assert names(phone.csv(), "album_name") == chosen


def test_what_was_chosen_is_there_when_one_comes_back(shown: Shown) -> None:
    shown.open("genres").choose("Measure", "Tracks observed")
    shown.page.get_by_test_id("stSidebar").get_by_text("Top Albums").click()
    shown.settle().page.get_by_test_id("stSidebar").get_by_text("Genres over Time").click()
    shown.settle()
    assert shown.page.get_by_role("combobox", name="Measure").first.input_value() == "Tracks observed"


@pytest.mark.parametrize("path", ["top-albums", "genres", "artists", "rising", "charts", "clusters"])
def test_the_first_screen_of_a_phone_has_a_chart_and_filters_unfold(phone: Shown, path: str) -> None:
    phone.open(path).await_drawing()
    chart = phone.page.get_by_test_id("stVegaLiteChart").first.bounding_box()
    assert chart is not None
    assert chart["y"] < 0.7 * SIZES["phone"][1]
    filters = phone.page.locator(".st-key-filters")
    if filters.count():
        assert not filters.is_visible()
        phone.press("Filters")
        assert filters.is_visible()
