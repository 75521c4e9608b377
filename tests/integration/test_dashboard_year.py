"""A Year in Music in a real browser: its numbers against DuckDB, its picture, and how it prints."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from helpers.services.dashboard import SIZES, Ask, Shown, names

pytestmark = pytest.mark.browser


def test_a_year_is_that_of_the_listener_in_the_address(shown: Shown, ask: Ask) -> None:
    user, year, plays = ask(
        "SELECT user_id, year(played_at), count(*) FROM silver_listening WHERE content_type = 'track' "
        "GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT 1"
    )[0]
    shown.open(f"year?listener={user}")
    expect(shown.page.locator("h2")).to_have_text(f"{user} in {year}")
    assert sum(int(row["plays"]) for row in shown.csv()) == plays
    assert int(shown.metric("Plays").replace(",", "")) == plays
    expected = ask(
        "SELECT max(t.track_name), count(*) FROM silver_listening AS p JOIN silver_tracks AS t USING (track_id) "
        f"WHERE user_id = '{user}' AND year(played_at) = {year} GROUP BY track_id ORDER BY 2 DESC LIMIT 3"
    )
    assert [int(row["plays"]) for row in shown.csv(2)][:3] == [plays for _, plays in expected]
    assert expected[0][0] == names(shown.csv(2), "name")[0]


def test_the_picture_of_a_year_is_saved(shown: Shown) -> None:
    from PIL import Image

    shown.open("year")
    with shown.page.expect_download() as saved:
        shown.page.get_by_role("button", name="Download PNG").click()
    assert saved.value.suggested_filename.endswith(".png")
    with Image.open(Path(saved.value.path())) as picture:
        assert picture.size == (1080, 1350)
        assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 5


def test_on_paper_a_year_has_no_menu_and_no_end_cut_off(shown: Shown) -> None:
    shown.open("year").await_drawing()
    shown.page.emulate_media(media="print")
    for hidden in ("stSidebar", "stExpander", "stDownloadButton", "stHeader"):
        expect(shown.page.get_by_test_id(hidden).first).to_be_hidden()
    expect(shown.page.get_by_role("button", name="Download PNG")).to_be_hidden()
    height = shown.page.evaluate("document.documentElement.scrollHeight")
    picture = shown.page.get_by_test_id("stImage").bounding_box()
    assert picture is not None
    assert height > picture["y"] > 2 * SIZES["desktop"][1]
