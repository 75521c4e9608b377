"""Insights on the real charts of the bundled records, against what plain loops count in the same records."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from helpers.asking import answers, schema
from helpers.charts import GLOBAL, JAPAN, charts, counted, entries, lives, points, tracks_on, turnover
from soundlake.tables import PLAYLIST_ITEMS

pytestmark = pytest.mark.heavy

BOTH = pytest.mark.parametrize("name", [JAPAN, GLOBAL])
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def rows() -> Rows:
    listed = [entry for chart in charts().values() for day in chart.values() for entry in day]
    tables = {PLAYLIST_ITEMS.view: pa.Table.from_pylist(listed, schema(PLAYLIST_ITEMS))}
    return {name: answer.to_pylist() for name, answer in answers(tables).items()}


def of(rows: Rows, insight: str, playlist: str, **where: Any) -> list[dict[str, Any]]:
    wanted = {"playlist_name": playlist, **where}
    return [row for row in rows[insight] if all(row[name] == value for name, value in wanted.items())]


@BOTH
def test_the_bundled_charts_have_fifty_places_a_day_from_march_to_october(name: str) -> None:
    assert {len(day) for day in charts()[name].values()} == {50}
    assert {day.month for day in charts()[name]} == {3, 4, 5, 6, 7, 8, 9, 10}


@BOTH
def test_a_track_has_its_first_and_last_day_its_weeks_and_its_peak(rows: Rows, name: str) -> None:
    found = {row["track_id"]: row for row in of(rows, "chart_tracks", name)}
    expected = {track: life.summary for track, life in lives(charts()[name]).items()}
    assert {track: {key: row[key] for key in expected[track]} for track, row in found.items()} == expected
    newest = charts()[name][max(charts()[name])]
    assert {track for track, row in found.items() if row["on_chart"]} == tracks_on(newest)


@BOTH
def test_entries_are_new_or_come_again(rows: Rows, name: str) -> None:
    found = {(row["snapshot_date"], row["track_id"]): row["entry"] for row in of(rows, "chart_entries", name)}
    assert found == entries(charts()[name])
    assert set(found.values()) == {"first snapshot", "new", "re-entry"}


@BOTH
def test_a_re_entry_says_how_long_the_track_was_away(rows: Rows, name: str) -> None:
    days, known = sorted(charts()[name]), lives(charts()[name])
    for row in of(rows, "chart_entries", name, entry="re-entry"):
        earlier = [day for day in known[row["track_id"]].places if day < row["snapshot_date"]]
        away = days.index(row["snapshot_date"]) - days.index(max(earlier)) - 1
        assert (row["left_on"], row["snapshots_away"]) == (max(earlier), away)


@BOTH
def test_turnover_is_what_enters_and_leaves_between_two_snapshots(rows: Rows, name: str) -> None:
    found = {
        row["snapshot_date"]: (row["entered"], row["left_behind"], row["stayed"])
        for row in of(rows, "playlist_turnover", name)
    }
    first = min(charts()[name])
    assert found.pop(first) == (None, None, None)
    assert found == turnover(charts()[name])


@pytest.mark.parametrize(("name", "other"), [(JAPAN, GLOBAL), (GLOBAL, JAPAN)])
def test_japan_and_global_overlap_in_the_tracks_that_are_on_both(rows: Rows, name: str, other: str) -> None:
    found = {
        row["snapshot_date"]: (row["shared"], row["share"], row["jaccard"])
        for row in of(rows, "market_overlap", name, other_playlist_name=other)
    }
    expected = {}
    for day in charts()[name].keys() & charts()[other].keys():
        mine, theirs = tracks_on(charts()[name][day]), tracks_on(charts()[other][day])
        both = len(mine & theirs)
        expected[day] = (both, pytest.approx(both / len(mine)), pytest.approx(both / len(mine | theirs)))
    assert found == expected


@BOTH
def test_the_top_tracks_of_a_week_are_those_with_the_most_points(rows: Rows, name: str) -> None:
    found: dict[date, list[dict[str, Any]]] = {}
    for row in sorted(of(rows, "top_tracks", name), key=lambda row: row["rank"]):
        found.setdefault(row["week"], []).append(row)
    expected = points(charts()[name])
    assert found.keys() == expected.keys()
    for week, tracks in found.items():
        ordered = sorted(expected[week].items(), key=lambda track: (-track[1], track[0]))
        assert [(row["track_id"], row["points"]) for row in tracks] == ordered


@BOTH
def test_a_top_track_knows_its_rank_of_the_week_before(rows: Rows, name: str) -> None:
    ranks = {(row["week"], row["track_id"]): row["rank"] for row in of(rows, "top_tracks", name)}
    weeks = sorted({week for week, _ in ranks})
    before = dict(zip(weeks[1:], weeks, strict=False))
    assert all((later - earlier).days == 7 for later, earlier in before.items())
    for row in of(rows, "top_tracks", name):
        assert row["previous_rank"] == ranks.get((before.get(row["week"]), row["track_id"]))


@BOTH
def test_artists_appear_as_often_as_they_are_listed(rows: Rows, name: str) -> None:
    month = date(2021, 5, 1)
    found = of(rows, "artist_appearances", name, period="month", starts_on=month)
    expected, before = (counted(charts()[name], "artist_id", start) for start in (month, date(2021, 4, 1)))
    assert {row["artist_id"]: row["entries"] for row in found} == expected
    days = {
        month: len([day for day in charts()[name] if day.month == month.month]) for month in (month, date(2021, 4, 1))
    }
    for row in found:
        rate, previous = expected[row["artist_id"]] / days[month], before[row["artist_id"]] / days[date(2021, 4, 1)]
        assert row["change"] == pytest.approx(rate - previous)
        assert row["trend"] in ({"rise", "new"} if rate > previous else {"fall"} if rate < previous else {"steady"})


@BOTH
def test_albums_are_as_frequent_as_they_are_listed(rows: Rows, name: str) -> None:
    month = date(2021, 5, 1)
    found = {row["album_id"]: row for row in of(rows, "album_frequency", name, period="month", starts_on=month)}
    expected = counted(charts()[name], "album_id", month)
    assert {album: row["entries"] for album, row in found.items()} == expected
    assert sum(row["share"] for row in found.values()) == pytest.approx(1)
    assert [expected[row["album_id"]] for row in sorted(found.values(), key=lambda row: row["rank"])] == sorted(
        expected.values(), reverse=True
    )


@BOTH
@pytest.mark.parametrize("period", ["week", "month"])
def test_weeks_and_months_both_add_up_to_all_entries(rows: Rows, name: str, period: str) -> None:
    listed = sum(len(day) for day in charts()[name].values())
    assert sum(row["entries"] for row in of(rows, "artist_appearances", name, period=period)) == listed
