"""The page of charts and playlists in a real browser: every question, every filter, numbers against DuckDB."""

from __future__ import annotations

import pytest

from helpers.services.dashboard import Ask, Shown, names

pytestmark = pytest.mark.browser


def test_charts_by_market_playlist_week_and_genre(shown: Shown, ask: Ask) -> None:
    shown.open("charts").choose("Market", "JP")
    (playlist, week), *_ = ask(
        "SELECT playlist_name, max(week) FROM gold_top_tracks WHERE market = 'JP' GROUP BY 1 ORDER BY count(*) DESC, 1"
    )
    expected = ask(
        f"SELECT track_name, points FROM gold_top_tracks WHERE market = 'JP' AND playlist_name = '{playlist}' "
        f"AND week = DATE '{week}' ORDER BY rank LIMIT 20"
    )
    assert [(row["track_name"], int(row["points"])) for row in shown.csv()] == expected
    earlier = ask(
        f"SELECT DISTINCT week FROM gold_top_tracks WHERE playlist_name = '{playlist}' ORDER BY 1 DESC LIMIT 2"
    )[1][0]
    shown.choose("Week from (Monday)", str(earlier))
    expected = ask(
        f"SELECT track_name FROM gold_top_tracks WHERE market = 'JP' AND playlist_name = '{playlist}' "
        f"AND week = DATE '{earlier}' ORDER BY rank LIMIT 20"
    )
    assert names(shown.csv(), "track_name") == [name for (name,) in expected]
    assert any(ord(letter) > 0x3000 for name in names(shown.csv(), "track_name") for letter in name)  # Japanese, whole


def test_top_tracks_by_playlist_genre_number_and_track(shown: Shown, ask: Ask) -> None:
    shown.open("charts").choose("Playlist", "Electropop 2019").choose("Genre of the artist", "pop")
    shown.slide("How many", "ArrowLeft")
    expected = ask(
        "SELECT rank, track_name FROM gold_top_tracks WHERE playlist_name = 'Electropop 2019' AND genre = 'pop' "
        "ORDER BY rank LIMIT 10"
    )
    assert [(int(row["rank"]), row["track_name"]) for row in shown.csv()] == expected
    last = expected[-1][1]
    shown.clear("Tracks, at most").choose("Tracks, at most", last)
    assert [(row["track_name"], int(row["rank"])) for row in shown.csv(1)] == [(last, expected[-1][0])]


@pytest.mark.parametrize(
    ("question", "view", "name"),
    [("Artists", "gold_artist_appearances", "artist_name"), ("Albums", "gold_album_frequency", "album_name")],
)
def test_artists_and_albums_by_market_period_days_and_words(
    shown: Shown, ask: Ask, question: str, view: str, name: str
) -> None:
    shown.open("charts").press(question).choose("Market", "JP").press("month").slide("From", "ArrowRight ArrowRight")
    first = ask(f"SELECT DISTINCT starts_on FROM {view} ORDER BY 1 LIMIT 3")[2][0]
    on_list = f"FROM {view} WHERE market = 'JP' AND period = 'month' AND starts_on >= DATE '{first}'"
    id_ = name.replace("_name", "_id")
    largest = ask(f"SELECT max({name}) {on_list} GROUP BY {id_} ORDER BY sum(entries) DESC, 1 LIMIT 6")
    # A name that two things have is followed by what tells them apart.
    assert {shown_name.split(" – ")[0] for shown_name in names(shown.csv(), name)} == {one for (one,) in largest}
    word = largest[2][0]
    shown.write(question.removesuffix("s"), word.lower())
    label = f"{question}, at most"
    shown.clear(label).choose(label, word)
    expected = ask(
        f"SELECT starts_on, entries, tracks {on_list} AND {name} = '{word.replace(chr(39), chr(39) * 2)}' ORDER BY 1"
    )
    assert [(row["starts_on"], int(row["entries"]), int(row["tracks"])) for row in shown.csv()] == [
        (str(day), entries, tracks) for day, entries, tracks in expected
    ]


def test_new_entries_by_playlist_days_and_kind(shown: Shown, ask: Ask) -> None:
    shown.open("charts").press("New entries").choose("Market", "JP").choose("Playlist", "Top 50 - Japan")
    shown.clear("Kind of entry").choose("Kind of entry", "re-entry")
    shown.set_date("Days from", year="2021", month="05").set_date("to", month="09")
    first, last = ask("SELECT min(snapshot_date), max(snapshot_date) FROM gold_chart_entries")[0]
    expected = ask(
        "SELECT snapshot_date, position, track_name FROM gold_chart_entries WHERE playlist_name = 'Top 50 - Japan' AND "
        f"entry = 're-entry' AND snapshot_date BETWEEN DATE '{first.replace(year=2021, month=5)}' AND "
        f"DATE '{last.replace(month=9)}' ORDER BY snapshot_date DESC, position LIMIT 500"
    )
    assert len(expected) > 1
    assert [(row["snapshot_date"], int(row["position"]), row["track_name"]) for row in shown.csv(1)] == [
        (str(day), position, track) for day, position, track in expected
    ]
    assert sum(int(row["entries"]) for row in shown.csv()) == len(expected)


def test_the_longest_on_a_chart_are_those_of_the_mart(shown: Shown, ask: Ask) -> None:
    shown.open("charts").press("Longest on the chart").choose("Playlist", "Top 50 - Global")
    expected = ask(
        "SELECT track_name, days FROM gold_chart_tracks WHERE playlist_name = 'Top 50 - Global' "
        "ORDER BY days DESC, peak_position, track_name LIMIT 20"
    )
    assert [(row["track_name"], int(row["days"])) for row in shown.csv()] == expected
    shown.press("Only tracks that are on it now")
    expected = ask(
        "SELECT track_name, days FROM gold_chart_tracks WHERE playlist_name = 'Top 50 - Global' AND on_chart "
        "ORDER BY days DESC, peak_position, track_name LIMIT 20"
    )
    assert [(row["track_name"], int(row["days"])) for row in shown.csv()] == expected


def test_the_longest_by_genre_words_and_number(shown: Shown, ask: Ask) -> None:
    shown.open("charts").press("Longest on the chart").choose("Playlist", "Electropop 2019")
    shown.choose("Genre of the artist", "electropop").choose("Genre of the artist", "edm").write("Track or artist", "A")
    shown.slide("How many", "ArrowLeft")
    expected = ask(
        "SELECT track_name, peak_position FROM gold_chart_tracks WHERE playlist_name = 'Electropop 2019' "
        "AND genre IN ('edm', 'electropop') AND (track_name ILIKE '%a%' OR artist_name ILIKE '%a%') "
        "ORDER BY days DESC, peak_position, track_name LIMIT 10"
    )
    assert [(row["track_name"], int(row["peak_position"])) for row in shown.csv()] == expected


def test_turnover_by_playlist_and_days(shown: Shown, ask: Ask) -> None:
    shown.open("charts").press("Turnover").clear("Playlists, at most").choose("Playlists, at most", "Top 50 - Japan")
    shown.set_date("Days from", year="2021", month="06").set_date("to", month="08")
    first, last = ask("SELECT min(snapshot_date), max(snapshot_date) FROM gold_playlist_turnover")[0]
    expected = ask(
        "SELECT date_trunc('week', snapshot_date)::date, sum(entered) FROM gold_playlist_turnover "
        "WHERE playlist_name = 'Top 50 - Japan' AND turnover IS NOT NULL AND snapshot_date BETWEEN "
        f"DATE '{first.replace(year=2021, month=6)}' AND DATE '{last.replace(month=8)}' GROUP BY 1 ORDER BY 1"
    )
    assert len(expected) > 1
    assert [(row["week"], int(row["entered"])) for row in shown.csv()] == [(str(week), n) for week, n in expected]


def test_markets_by_playlist_and_days(shown: Shown, ask: Ask) -> None:
    shown.open("charts").press("Between markets").choose("Playlist", "Top 50 - Sweden")
    shown.set_date("Days from", month="05").set_date("to", month="06")
    first, last = ask("SELECT min(snapshot_date), max(snapshot_date) FROM gold_market_overlap")[0]
    expected = ask(
        "SELECT snapshot_date, other_playlist_name, shared FROM gold_market_overlap "
        "WHERE playlist_name = 'Top 50 - Sweden' AND snapshot_date BETWEEN "
        f"DATE '{first.replace(month=5)}' AND DATE '{last.replace(month=6)}' ORDER BY 1, 2"
    )
    assert len(expected) > 1
    assert [(row["snapshot_date"], row["other"], int(row["shared"])) for row in shown.csv()] == [
        (str(day), other, shared) for day, other, shared in expected
    ]
