"""What the rules of curated playlists choose."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from helpers.listeners import append, catalogue_rows, fill, play, track
from helpers.reading import rows
from soundlake.lake import Lake
from soundlake.recommend.curated import write_curated_playlists
from soundlake.recommend.rules import RULES
from soundlake.settings import Settings
from soundlake.tables import ARTISTS, CURATED_PLAYLISTS, PLAYS, TRACK_FEATURES, TRACKS

pytestmark = pytest.mark.slow

SETTINGS = Settings.model_validate({"recommend": {"playlist_size": 12, "per_artist": 3}})


@pytest.fixture(scope="module")
def playlists(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    lake = Lake(str(tmp_path_factory.mktemp("curated") / "lake"))
    fill(spark, lake)
    artists = [{"artist_id": row["artist_id"], "genres": [f"{row['cluster_name']} & roll"]} for row in catalogue_rows()]
    append(spark, lake, ARTISTS, list({row["artist_id"]: row for row in artists}.values()))
    features = {"quiet": catalogue_rows()[-1], "driving": catalogue_rows()[0]}
    features["driving"] |= {"energy": 0.9, "danceability": 0.8, "valence": 0.9, "tempo": 125.0}
    features["quiet"] |= {"energy": 0.2, "acousticness": 0.9, "instrumentalness": 0.9, "tempo": 80.0, "loudness": -20.0}
    odd = [{**row, "track_id": name, "source": "archive", "time_signature": 4} for name, row in features.items()]
    append(spark, lake, TRACK_FEATURES, odd)
    append(spark, lake, TRACKS, [{"track_id": row["track_id"], "track_name": row["track_id"]} for row in odd])
    again = {"track_id": "again", "track_name": "Song folk 0 3 - Remastered", "artist_id": "folk-0"}
    append(spark, lake, TRACKS, [again | {"artist_name": "The folk 0", "popularity": 99}])
    late = [play(f"late {n}", track("rock", 4, 0), 60 * 24 * 40 + n) for n in range(4)]
    by_a_wrong_clock = play("late 0", track("rock", 5, 0)) | {"played_date": date(2999, 1, 1)}
    append(spark, lake, PLAYS, [*late, by_a_wrong_clock])
    write_curated_playlists(spark, lake, SETTINGS)
    found: dict[str, list[str]] = {}
    for row in sorted(rows(lake.uri, CURATED_PLAYLISTS), key=lambda row: (row["playlist"], row["rank"])):
        found.setdefault(row["playlist"], []).append(row["track_id"])
        assert row["rank"] == len(found[row["playlist"]])
    return found


def test_each_cluster_and_genre_has_its_playlist(playlists: dict[str, list[str]]) -> None:
    assert {"mood-folk", "mood-rock", "genre-folk-roll", "genre-rock-roll", "starter"} <= playlists.keys()
    assert {each.split("-")[0] for each in playlists["mood-rock"]} == {"rock"}
    assert {each.split("-")[0] for each in playlists["genre-folk-roll"]} <= {"folk", "again"}


def test_a_new_listener_gets_the_best_of_each_cluster_in_turn(playlists: dict[str, list[str]]) -> None:
    genres = [each.split("-")[0] for each in playlists["starter"]]
    assert sorted(genres[:2]) == sorted(genres[2:4]) == ["folk", "rock"]


def test_features_choose_what_fits_an_activity(playlists: dict[str, list[str]]) -> None:
    assert playlists["sleep"][0] == "quiet"
    assert playlists["workout"] == ["driving"]
    assert playlists["party"] == ["driving"]


def test_rising_is_what_has_more_listeners_than_weeks_before(playlists: dict[str, list[str]]) -> None:
    assert playlists["rising"] == [track("rock", 4, 0)]


def test_a_playlist_holds_each_song_once_and_at_most_three_of_an_artist(playlists: dict[str, list[str]]) -> None:
    assert not {"again", track("folk", 0, 3)} <= set(playlists["genre-folk-roll"])
    for tracks in playlists.values():
        artists = [each.rsplit("-", 1)[0] for each in tracks if "-" in each]
        assert all(artists.count(artist) <= 3 for artist in artists)
        assert len(tracks) <= 12


def test_rules_that_are_for_each_value_have_a_place_for_it() -> None:
    assert all(("{}" in rule.slug) == ("{}" in rule.name) == (rule.each is not None) for rule in RULES)


def test_a_lake_without_clusters_features_or_plays_has_fewer_playlists(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    append(spark, lake, TRACKS, [{"track_id": "t", "track_name": "T"}])
    write_curated_playlists(spark, lake, SETTINGS)
    assert rows(lake.uri, CURATED_PLAYLISTS) == []
