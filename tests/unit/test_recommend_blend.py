"""Ranking tracks for one listener, without Spark."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from helpers.listeners import catalogue_rows, track
from soundlake.clusters.features import FEATURES
from soundlake.recommend.blend import Recommender, Weights
from soundlake.recommend.catalogue import catalogue_of, standardised
from soundlake.recommend.liked import History, Liked


def recommender(
    rows: list[dict[str, Any]] | None = None, weights: Weights | None = None, **factors: Any
) -> Recommender:
    return Recommender(catalogue_of(rows or catalogue_rows(), FEATURES, 2, **factors), 40.0, 0.05, weights or Weights())


FOLK = History({track("folk", 0, 0): 1.0, track("folk", 1, 0): 1.0, track("folk", 2, 0): 1.0})


def test_nothing_that_was_heard_is_recommended():
    heard = History({**FOLK.tracks, track("folk", 3, 0): 0.0})
    picked = {pick.track_id for pick in recommender().recommend(heard, 40, 40)}
    assert picked == {row["track_id"] for row in catalogue_rows()} - heard.tracks.keys()


def test_another_id_of_a_song_that_was_heard_is_not_recommended():
    rows = catalogue_rows()
    again = {**rows[0], "track_id": "remaster", "track_name": f"{rows[0]['track_name']} - Remastered 2009"}
    picks = recommender([*rows, again]).recommend(History({rows[0]["track_id"]: 1.0}), 41, 41)
    assert "remaster" not in {pick.track_id for pick in picks}
    assert len(picks) == len(rows) - 1


def test_a_list_holds_at_most_so_many_tracks_of_one_artist():
    picks = recommender().recommend(FOLK, 12, 2)
    artists = [pick.track_id.rsplit("-", 1)[0] for pick in picks]
    assert len(picks) == 12
    assert max(artists.count(artist) for artist in artists) == 2


def test_what_sounds_like_the_history_comes_first_with_the_track_it_sounds_like():
    picks = recommender(weights=Weights(artist=0.0)).recommend(FOLK, 8, 2)
    assert {pick.track_id.split("-")[0] for pick in picks} == {"folk"}
    assert picks[0].reason.startswith("sounds like Song folk")
    assert picks[0].because_track_id in FOLK.tracks


def test_artists_of_whom_much_is_liked_come_first():
    history = History({track("rock", 1, number): 1.0 for number in range(3)} | {track("folk", 2, 0): 1.0})
    first = recommender().recommend(history, 5, 2)[0]
    assert first.track_id == track("rock", 1, 3)
    assert first.reason == "more by The rock 1"
    assert first.because_track_id == track("rock", 1, 0)


def test_a_followed_artist_is_enough_to_go_by():
    first = recommender().recommend(History({}, {"rock-3": 1.6}), 5, 2)[0]
    assert first.track_id.startswith("rock-3-")
    assert first.because_track_id is None


def test_what_other_listeners_like_is_found_by_the_factors():
    rows = [{**row, **dict.fromkeys(FEATURES, None), "year": None, "popularity": None} for row in catalogue_rows()]
    for row in rows:
        row["listeners"] = 0 if row["track_id"].endswith("-3") else 30
    sides = {"folk": np.array([1.0, 0.0], "f4"), "rock": np.array([0.0, 1.0], "f4")}
    factors = {row["track_id"]: sides[row["cluster_name"]] for row in rows if not row["track_id"].endswith("-3")}
    artists = {row["artist_id"]: sides[row["cluster_name"]] for row in rows}
    history = History({track("rock", 0, 0): 2.0})
    liked_by = dict.fromkeys(artists, 30)
    by_others = recommender(
        rows, Weights(artist=0.0), track_factors=factors, artist_factors=artists, artist_listeners=liked_by
    )
    picks = by_others.recommend(history, 19, 4)
    assert {pick.track_id.split("-")[0] for pick in picks} == {"rock"}
    assert picks[0].reason == "listeners of The rock 0 play it too"
    # Nobody has heard these; their artists are known.
    assert {track("rock", artist, 3) for artist in range(1, 5)} <= {pick.track_id for pick in picks}


def test_the_factors_of_a_listener_are_those_of_the_least_squares_that_als_solves():
    rng = np.random.default_rng(1)
    rows = [{**row, "listeners": 10_000} for row in catalogue_rows()]
    factors = {row["track_id"]: rng.normal(size=2).astype("f4") for row in rows}
    of = recommender(rows, track_factors=factors).catalogue
    liked = Liked(of, History({rows[0]["track_id"]: 0.7, rows[5]["track_id"]: 1.1}), 40.0, 0.05)
    items = of.track_factors.astype(float)
    confidence = np.ones(len(rows))
    confidence[[0, 5]] += 40.0 * np.array([0.7, 1.1])
    wanted = np.zeros(len(rows))
    wanted[[0, 5]] = 1.0
    own = np.linalg.solve((items.T * confidence) @ items + 0.05 * 2 * np.eye(2), items.T @ (confidence * wanted))
    expected = np.clip(items @ own, 0.0, 1.0)
    assert liked.parts["collaborative"] == pytest.approx(expected, abs=1e-4)


def test_what_was_learned_of_few_listeners_counts_little():
    rows = [{**row, "listeners": 1 if row["track_id"].endswith("-0") else 50} for row in catalogue_rows()]
    factors = {row["track_id"]: np.array([1.0, 0.0], "f4") for row in rows}
    of = recommender(rows, track_factors=factors).catalogue
    part = Liked(of, History({track("folk", 0, 1): 1.0}), 40.0, 0.05).parts["collaborative"]
    assert part[of.place_of[track("folk", 1, 0)]] < 0.1 < part[of.place_of[track("folk", 1, 1)]]


def test_who_is_unknown_gets_the_most_popular_tracks_of_each_cluster_in_turn():
    picks = recommender().recommend(History({}), 4, 1)
    assert [pick.track_id.split("-")[0] for pick in picks] in (["folk", "rock"] * 2, ["rock", "folk"] * 2)
    assert {pick.reason for pick in picks} == {"popular in folk", "popular in rock"}
    assert all(pick.track_id.endswith("-3") for pick in picks)


def test_who_only_skipped_is_unknown_but_does_not_get_what_was_skipped():
    skipped = track("rock", 0, 3)
    picks = recommender().recommend(History({skipped: 0.0}), 4, 1)
    assert len(picks) == 4
    assert skipped not in {pick.track_id for pick in picks}


def test_tracks_of_which_little_is_known_can_be_recommended():
    bare = dict.fromkeys(catalogue_rows()[0]) | {"track_id": "bare"}
    rows = [*catalogue_rows(), bare]
    assert "bare" in {pick.track_id for pick in recommender(rows).recommend(FOLK, 50, 50)}
    assert [pick.track_id for pick in recommender([bare]).recommend(FOLK, 5, 1)] == ["bare"]


def test_the_latest_track_changes_the_list_of_a_long_history():
    rows = catalogue_rows()
    long = {track("folk", artist, number): 3.0 for artist in range(5) for number in range(3)}
    newest = track("rock", 2, 0)

    def first_rock(history: History) -> str:
        picks = recommender(rows).recommend(history, 20, 4)
        return next(pick.track_id for pick in picks if pick.track_id.startswith("rock"))

    assert not first_rock(History(long)).startswith("rock-2")
    assert first_rock(History({**long, newest: 0.7}, latest=(newest,))).startswith("rock-2")


def test_a_pool_that_is_too_small_for_the_rules_is_extended():
    rows = [{**row, "artist_id": "one", "artist_name": "One"} for row in catalogue_rows() * 30]
    rows = [{**row, "track_id": f"{number:04}", "track_name": f"{number}"} for number, row in enumerate(rows)]
    rows[-1] |= {"artist_id": "other", "artist_name": "Other"} | dict.fromkeys(FEATURES, None) | {"popularity": None}
    picks = recommender(rows).recommend(History({"0000": 1.0}), 2, 1)
    assert [pick.track_id for pick in picks][1:] == [rows[-1]["track_id"]]


def test_scores_fall_from_at_most_1():
    scores = [pick.score for pick in recommender().recommend(FOLK, 20, 2)]
    assert scores == sorted(scores, reverse=True)
    assert 0.0 <= scores[-1] <= scores[0] <= 1.0


def test_the_same_history_gives_the_same_list_whatever_the_order_of_the_tracks():
    other = recommender(catalogue_rows()).recommend(replace(FOLK, tracks=dict(reversed(FOLK.tracks.items()))), 10, 2)
    assert [pick.track_id for pick in other] == [pick.track_id for pick in recommender().recommend(FOLK, 10, 2)]


def test_standardising_leaves_out_what_is_unknown():
    values = standardised(np.array([[1.0, 5.0], [3.0, 5.0], [np.nan, 5.0]], dtype=np.float32))
    assert values[:2].tolist() == [[-1.0, 0.0], [1.0, 0.0]]
    assert np.isnan(values[2, 0])
