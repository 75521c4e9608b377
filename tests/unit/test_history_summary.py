"""What is told of a listening history, computed without Spark, and how it looks in a terminal."""

from __future__ import annotations

from datetime import date, datetime
from io import StringIO
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

from helpers.asking import schema
from helpers.listenings import basic, extended, plays_of, poll
from soundlake.history.printing import print_summary
from soundlake.history.summary import HistorySummary, Streak, summarise
from soundlake.tables import PLAYS

pytestmark = pytest.mark.heavy

HOUR = 3_600_000
PODCAST: dict[str, Any] = {
    "spotify_track_uri": None,
    "master_metadata_track_name": None,
    "master_metadata_album_artist_name": None,
    "spotify_episode_uri": "spotify:episode:e1",
    "episode_name": "Part 1",
    "episode_show_name": "A Show",
}


def song(moment: str, title: str, artist: str, hours: float, **more: Any) -> dict[str, Any]:
    names = {"master_metadata_album_artist_name": artist, "master_metadata_album_album_name": f"Album of {artist}"}
    return extended(moment, title, **names, ms_played=int(hours * HOUR), **more)


HISTORY = [
    song("2020-12-31 23:30:00", "Uno", "Ana", 0.5),
    song("2021-01-01 10:00:00", "Uno", "Ana", 0.5),
    song("2021-01-02 10:00:00", "Dos", "Ana", 1.0),
    song("2021-01-03 10:00:00", "Tres", "Bo", 3.0),
    song("2021-02-10 10:00:00", "Uno", "Ana", 0.5),
    extended("2021-02-11 10:00:00", "a podcast", **PODCAST, ms_played=2 * HOUR),
    song("2021-01-01 10:00:00", "Hers", "Cy", 9.0, user="u2"),
]


def of(*records: dict[str, Any], user: str = "u1", zone: str = "UTC") -> HistorySummary | None:
    return summarise(pa.Table.from_pylist(plays_of(records), schema(PLAYS)), user, zone)


def test_a_history_has_a_span_plays_and_hours_by_content() -> None:
    found = of(*HISTORY)
    assert found is not None
    assert (found.first_at, found.last_at) == (datetime(2020, 12, 31, 23, 30), datetime(2021, 2, 11, 10))
    assert (found.plays, found.hours) == (6, {"track": 5.5, "episode": 2.0})
    assert found.first == "Uno – Ana"


def test_lists_have_what_was_heard_longest_first_with_the_first_time() -> None:
    found = of(*HISTORY)
    assert found is not None
    artists = [(place.names, place.hours, place.plays, place.first_heard_at.date()) for place in found.lists["artists"]]
    assert artists == [(("Bo",), 3.0, 1, date(2021, 1, 3)), (("Ana",), 2.5, 4, date(2020, 12, 31))]
    assert [place.names for place in found.lists["tracks"]] == [("Tres", "Bo"), ("Uno", "Ana"), ("Dos", "Ana")]
    assert [place.names for place in found.lists["albums"]] == [("Album of Bo", "Bo"), ("Album of Ana", "Ana")]
    assert [place.names for place in found.lists["shows"]] == [("A Show",)]


def test_a_list_has_five_places() -> None:
    found = of(*[song(f"2021-01-0{n} 10:00:00", f"t{n}", f"a{n}", n) for n in range(1, 8)])
    assert found is not None
    assert [place.names[0] for place in found.lists["artists"]] == ["a7", "a6", "a5", "a4", "a3"]


def test_streaks_are_days_in_a_row() -> None:
    found = of(*HISTORY)
    assert found is not None
    assert found.longest_streak == Streak(date(2020, 12, 31), date(2021, 1, 3))
    assert (found.longest_streak.days, found.last_streak.days) == (4, 2)


def test_days_are_those_of_the_time_zone() -> None:
    found = of(*HISTORY, zone="Asia/Tokyo")
    assert found is not None
    assert found.first_at == datetime(2021, 1, 1, 8, 30)
    assert found.longest_streak == Streak(date(2021, 1, 1), date(2021, 1, 3))


def test_listeners_are_told_apart_and_one_without_plays_has_no_history() -> None:
    other = of(*HISTORY, user="u2")
    assert other is not None
    assert (other.plays, other.lists["artists"][0].names) == (1, ("Cy",))
    assert of(*HISTORY, user="nobody") is None


def test_what_was_polled_and_exported_is_told_once() -> None:
    found = of(extended("2026-10-01 10:03:20", "a"), poll("2026-10-01 10:00:00", "a"), basic("2026-10-01 10:03", "a"))
    assert found is not None
    assert found.plays == 1


def test_polls_alone_are_ranked_by_plays() -> None:
    found = of(poll("2026-10-01 10:00:00", "a"), poll("2026-10-01 11:00:00", "b"), poll("2026-10-01 12:00:00", "b"))
    assert found is not None
    assert [place.names[0] for place in found.lists["tracks"]] == ["b", "a"]


def test_it_is_printed_with_what_is_missing_and_what_to_open() -> None:
    found = of(*HISTORY, song("2021-03-01 10:00:00", "[bold]", "Bo", 0.1))
    assert found is not None
    written = StringIO()
    print_summary(Console(width=100, file=written), found, ["Missing for more: genres."], "./lake")
    printed = written.getvalue()
    for told in ("history of u1", "2020-12-31 to 2021-03-01", "7.6 h in 7 plays", "music 5.6 h, podcasts 2.0 h"):
        assert told in printed
    assert "4 days, 2020-12-31 to 2021-01-03" in printed
    assert "Top artists" in printed
    assert "[bold]" in printed  # a title, no markup
    assert "Missing for more: genres." in printed
    assert "soundlake dashboard --lake ./lake" in printed
