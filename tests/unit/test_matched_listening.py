"""gold_matched_listening: plays that say names only count for the track that they were matched to. On DuckDB."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from helpers.asking import answers, schema, tables_of
from helpers.listenings import Record, extended, plays_of
from helpers.marts import write
from soundlake.catalog.query import ask, sql_of
from soundlake.dashboard.listener import heard
from soundlake.dashboard.source import DataSource
from soundlake.matching.tracks import BY_ISRC, BY_NAMES, BY_SIMILAR_NAMES
from soundlake.settings import load_settings
from soundlake.tables import EVENTS, PLAY_MATCHES, PLAYS, TRACKS
from soundlake.views import BELIEVED

pytestmark = pytest.mark.heavy

KNOWN = [
    {"track_id": f"t{n}", "track_name": f"Song {n}", "artist_id": f"a{n % 2}", "artist_name": f"Artist {n % 2}"}
    for n in range(4)
]


def scrobble(moment: datetime, title: str, artist: str, user: str = "u1") -> Record:
    """A play as Last.fm tells it: when, and names as somebody spelt them."""
    track = {"name": title, "artists": [{"name": artist}]}
    return {"user_id": user, "played_at": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "track": track}


def match(play: Record, track_id: str, confidence: float = 0.9) -> Record:
    """A row of gold/play_matches."""
    return {"play_id": play["play_id"], "user_id": play["user_id"], "track_id": track_id, "confidence": confidence}


def tables(plays: list[Record], matches: list[Record]) -> dict[str, pa.Table]:
    rows = {PLAYS: plays, PLAY_MATCHES: matches, TRACKS: KNOWN}
    return {table.view: pa.Table.from_pylist(found, schema(table)) for table, found in rows.items()}


def at_random(seed: int) -> tuple[list[Record], list[Record]]:
    """Scrobbles of two listeners, days of one with ids beside them, and matches of most of the scrobbles."""
    chance = random.Random(seed)  # noqa: S311
    begin = datetime(2026, 9, 1, tzinfo=UTC)
    minutes = chance.sample(range(60 * 24 * 60), 80)
    records = [
        scrobble(begin + timedelta(minutes=one), f"SONG {chance.randrange(5)}", "artist", chance.choice(("u1", "u2")))
        for one in minutes[:60]
    ]
    records += [extended(f"{begin + timedelta(minutes=one):%Y-%m-%d %H:%M}", f"t{one % 4}") for one in minutes[60:]]
    plays = plays_of(records)
    without_id = [play for play in plays if play["track_id"] is None]
    sure = [0.98, 0.9, 0.7, 0.5]
    found = [
        match(one, f"t{one['track_name'][-1]}", chance.choice(sure)) for one in without_id if chance.random() < 0.8
    ]
    return plays, found


@pytest.mark.parametrize("seed", range(4))
def test_marts_count_a_play_for_the_track_that_it_is_or_was_matched_to(seed: int) -> None:
    plays, matches = at_random(seed)
    exported = {(one["user_id"], one["played_date"]) for one in plays if one["reason_end"] is not None}
    newest = max(one["played_at"] for one in plays if one["reason_end"] is not None)
    believed = {one["play_id"]: one["track_id"] for one in matches if one["confidence"] >= 0.7}
    by_track: Counter[str | None] = Counter()
    by_artist: Counter[str | None] = Counter()
    known: dict[str | None, str] = {one["track_id"]: one["artist_name"] for one in KNOWN}
    for one in plays:
        is_covered = one["reason_end"] is None and (one["user_id"], one["played_date"]) in exported
        if is_covered and one["played_at"] <= newest:
            continue
        track = one["track_id"] or believed.get(one["play_id"])
        by_track[track] += 1
        by_artist[known.get(track, one["artist_name"])] += 1
    told = answers(tables(plays, matches), "weekly_plays", "most_streamed_artists", "tracks_wide")
    assert count(told["weekly_plays"], "track_id") == by_track
    assert count(told["most_streamed_artists"], "artist_name") == by_artist
    of_all = {track: by_track[track] for track in {*known, *by_track} - {None}}
    assert count(told["tracks_wide"], "track_id") == of_all


def count(rows: pa.Table, column: str) -> dict[Any, int]:
    found: Counter[Any] = Counter()
    for row in rows.to_pylist():
        found[row[column]] += row["plays"]
    return found


def test_a_track_that_is_told_by_id_and_by_name_is_one_title() -> None:
    plays = plays_of(
        [
            scrobble(datetime(2026, 10, 1, 9, tzinfo=UTC), "SONG 1", "artist"),
            extended("2026-10-01 10:00:00", "t1", "u2"),
        ]
    )
    (by_name,) = [one for one in plays if one["track_id"] is None]

    def titles(*matches: Record) -> list[int | None]:
        (rows,) = answers(tables(plays, list(matches)), "listening_by_content_type").values()
        found: list[int | None] = rows["titles"].to_pylist()
        return found

    assert titles() == [2]
    assert titles(match(by_name, "t1")) == [1]


def test_each_way_to_match_is_believed() -> None:
    assert min(way.confidence for way in (BY_ISRC, BY_NAMES, BY_SIMILAR_NAMES)) >= BELIEVED


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Scrobbles of two listeners, and the tracks; nothing is matched yet."""
    write(tmp_path, EVENTS)
    morning = datetime(2026, 10, 1, 9, tzinfo=UTC)
    users = [("SONG 1", "u1"), ("song 1", "u1"), ("nobody knows it", "u1"), ("SONG 2", "u2")]
    records = [scrobble(morning + timedelta(hours=n), title, "x", user) for n, (title, user) in enumerate(users)]
    write(tmp_path, PLAYS, *plays_of(records))
    write(tmp_path, TRACKS, *KNOWN)
    return tmp_path


def bring_matches(lake: Path) -> None:
    plays = tables_of(lake)[PLAYS.view].to_pylist()
    found = [match(one, f"t{one['track_name'][-1]}") for one in plays if one["track_name"].lower().startswith("song")]
    write(lake, PLAY_MATCHES, *found)


def year_in_music(lake: Path) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The tracks of the page, with ids, and its artists."""
    found = heard(DataSource(load_settings(lake=str(lake), env={})), "u1")
    tracks, artists = found.tracks, found.artists
    return (
        list(zip(tracks["id"].astype(object), tracks["name"], tracks["plays"], strict=True)),
        list(zip(artists["name"], artists["plays"], strict=True)),
    )


def test_a_year_in_music_has_the_tracks_that_were_matched(lake: Path) -> None:
    bring_matches(lake)
    tracks, artists = year_in_music(lake)
    assert tracks == [("t1", "song 1", 2), (None, "nobody knows it", 1)]
    assert artists == [("Artist 1", 2), ("x", 1)]


def test_a_year_in_music_without_matches_goes_by_names(lake: Path) -> None:
    tracks, _ = year_in_music(lake)
    assert tracks == [(None, "SONG 1", 1), (None, "nobody knows it", 1), (None, "song 1", 1)]


def test_a_lake_without_matches_says_nothing_of_them(lake: Path) -> None:
    settings = load_settings(lake=str(lake), env={})
    answer = ask(settings, sql_of(settings, "SELECT track_id FROM gold_matched_listening"), None)
    assert (answer.rows.num_rows, answer.missing) == (4, ())
    named = ask(settings, sql_of(settings, "SELECT track_id FROM gold_play_matches"), None)
    assert named.missing == (PLAY_MATCHES.view,)


def test_what_was_heard_stays_as_it_was(lake: Path) -> None:
    bring_matches(lake)
    settings = load_settings(lake=str(lake), env={})
    as_heard = "SELECT * FROM silver_listening ORDER BY play_id"
    by_track = as_heard.replace("silver_listening", "gold_matched_listening")
    told, matched = (ask(settings, sql_of(settings, one), None).rows for one in (as_heard, by_track))
    assert set(told["track_id"].to_pylist()) == {None}
    assert told.drop_columns("track_id").equals(matched.drop_columns("track_id"))
    assert sorted(filter(None, matched["track_id"].to_pylist())) == ["t1", "t1", "t2"]
