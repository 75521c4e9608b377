"""Search and pages of things in a real browser: from a word to a page, from a bar to a page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from helpers.services.dashboard import SIZES, Ask, Shown, names
from soundlake.dashboard.app import THINGS

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", THINGS)
def test_a_page_of_a_thing_is_drawn_at_every_width(browser: Browser, dashboard_url: str, path: str, size: str) -> None:
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    shown = Shown(page, dashboard_url).open(path)
    assert shown.errors == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.get_by_role("link", name="Open in Spotify")).to_be_visible()
    assert shown.elsewhere == []
    page.close()


def test_a_word_with_a_typo_leads_to_an_artist_by_keyboard_alone(shown: Shown, ask: Ask) -> None:
    shown.open("search").write("Track, artist, album, playlist or listener", "yoasbi")
    link = shown.page.get_by_test_id("stMain").get_by_role("link", name="YOASOBI", exact=True).first
    link.focus()
    shown.page.keyboard.press("Enter")
    expect(shown.page.locator("h1")).to_have_text("YOASOBI")
    months = ask(
        "SELECT starts_on, plays FROM gold_artist_popularity WHERE artist_name = 'YOASOBI' AND period = 'month' "
        "AND plays > 0 ORDER BY 1"
    )
    rows = [(row["starts_on"], int(row["plays"])) for row in shown.settle().csv() if int(row["plays"])]
    assert rows == [(str(month), plays) for month, plays in months]


def test_a_bar_that_is_clicked_leads_to_its_page_and_the_address_is_a_link(shown: Shown, ask: Ask) -> None:
    shown.open("artists").await_drawing()
    first = names(shown.csv(), "artist_name")[0]
    shown.page.locator("path[aria-roledescription=bar]").first.click()
    expect(shown.page.locator("h1")).to_have_text(first)
    shown.page.reload()
    expect(shown.page.locator("h1")).to_have_text(first)
    ((artist,),) = ask(  # of several with this name, the one that is played most
        f"SELECT artist_id FROM gold_most_streamed_artists WHERE artist_name = '{first}' "
        "GROUP BY artist_id ORDER BY sum(plays) DESC LIMIT 1"
    )
    assert shown.page.url.endswith(f"/artist?id={artist}")


def test_a_tracks_charts_have_their_peak_and_weeks(shown: Shown, ask: Ask) -> None:
    track, weeks = ask("SELECT track_id, max(weeks) FROM gold_chart_tracks GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1")[0]
    rows = next(
        rows for number in range(3) if "peak_position" in (rows := shown.open(f"track?id={track}").csv(number))[0]
    )
    expected = ask(
        f"SELECT playlist_name, peak_position, weeks FROM gold_chart_tracks WHERE track_id = '{track}' "
        "ORDER BY peak_position, weeks DESC, days DESC, playlist_name"
    )
    assert [(row["playlist_name"], int(row["peak_position"]), int(row["weeks"])) for row in rows] == expected
    assert max(int(row["weeks"]) for row in rows) == weeks
