"""What rises, what will be and albums of a year in a real browser: numbers against DuckDB."""

from __future__ import annotations

import pytest

from helpers.services.dashboard import Ask, Shown, names

pytestmark = pytest.mark.browser


def test_songs_that_rise_by_month_and_genre(shown: Shown, ask: Ask) -> None:
    last = ask("SELECT max(day) FROM gold_listening_by_content_type")[0][0]
    months = "SELECT max(starts_on) FROM gold_song_popularity WHERE period = 'month'"
    whole = f"{months} AND last_day(starts_on) <= DATE '{last}'"
    rising = (
        "SELECT track_name, plays_change FROM gold_song_popularity WHERE period = 'month' AND plays_change > 0 "
        f"AND starts_on = ({whole} AND plays > 0) {{}} ORDER BY 2 DESC, plays DESC, track_name, artist_name LIMIT 20"
    )
    shown.open("rising").press("month")
    assert [(row["track_name"], int(row["plays_change"])) for row in shown.csv()] == ask(rising.format(""))
    shown.choose("Genre of the artist", "pop")
    assert names(shown.csv(), "track_name") == [name for name, _ in ask(rising.format("AND genre = 'pop'"))] != []


def test_genres_that_gain_and_lose(shown: Shown, ask: Ask) -> None:
    shown.open("rising").press("Genres")
    week = shown.page.get_by_role("combobox", name="Week from").first.input_value()
    expected = ask(
        f"SELECT genre, share - share_before FROM gold_genre_momentum WHERE week = DATE '{week}' "
        "AND genre_source = (SELECT min(genre_source) FROM gold_genre_momentum) ORDER BY 2 DESC, 1"
    )
    assert [(row["genre"], round(float(row["change"]), 4)) for row in shown.csv()] == [
        (genre, round(100 * change, 4)) for genre, change in expected
    ]


def test_albums_of_a_year_by_market(shown: Shown, ask: Ask) -> None:
    shown.open("charts").press("Albums of a year").choose("Market", "JP").choose("Year", "2021")
    expected = ask(
        "SELECT max(album_name), sum(entries) FROM gold_album_frequency WHERE period = 'month' AND market = 'JP' "
        "AND year(starts_on) = 2021 AND album_name IS NOT NULL GROUP BY album_id ORDER BY 2 DESC, album_id LIMIT 20"
    )
    assert [(row["album_name"], int(row["entries"])) for row in shown.csv()] == expected


def test_forecasts_of_a_chart_by_what_climbs(shown: Shown, ask: Ask) -> None:
    (chart, _), *_ = ask("SELECT playlist_name, count(*) FROM gold_chart_forecasts GROUP BY 1 ORDER BY 2 DESC, 1")
    expected = ask(
        "SELECT track_name, position FROM gold_chart_forecasts "
        f"WHERE playlist_name = '{chart}' ORDER BY position - forecast_position DESC, position, track_id LIMIT 20"
    )
    rows = shown.open("forecasts").csv()
    assert [(row["track_name"], int(row["position"])) for row in rows] == expected
    assert len(shown.csv(1)) == ask("SELECT count(*) FROM gold_forecast_errors")[0][0]
