"""Search and pages of things in a real browser: from a word to a page, from a bar to a page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from helpers.services.dashboard import Ask, Shown, names
from soundlake.dashboard.app import THINGS

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", THINGS)
def test_a_page_of_a_thing_leads_to_spotify(shown: Shown, path: str) -> None:
    expect(shown.open(path).page.get_by_role("link", name="Open in Spotify")).to_be_visible()


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


def test_the_months_of_a_track_add_up_to_its_plays_however_few(shown: Shown, ask: Ask) -> None:
    among_the_first = "SELECT track_id FROM gold_song_popularity WHERE period = 'month' AND plays > 0"
    ((track, plays),) = ask(
        f"SELECT track_id, plays FROM gold_tracks_wide WHERE plays > 0 AND track_id NOT IN ({among_the_first}) "
        "ORDER BY plays DESC, track_id LIMIT 1"
    )
    assert shown.open(f"track?id={track}").metric("Plays") == str(plays)
    assert sum(int(row["plays"]) for row in shown.csv()) == plays


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
