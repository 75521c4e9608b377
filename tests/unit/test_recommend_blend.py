"""Ranking tracks for one listener, without Spark."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from helpers.listeners import catalogue_rows, track
from soundlake.clusters.features import FEATURES
from soundlake.recommend.blend import Recommender, Weights
from soundlake.recommend.catalogue import Known, Thing, catalogue_of, song_of, standardised
from soundlake.recommend.liked import History

pytestmark = pytest.mark.heavy


def recommender(
    rows: list[dict[str, Any]] | None = None, weights: Weights | None = None, learned: dict[Thing, Known] | None = None
) -> Recommender:
    return Recommender(catalogue_of(rows or catalogue_rows(), FEATURES, learned or {}), weights or Weights())


ONE_ROCK = History({track("rock", 0, 0): 2.0})
OTHERS = Weights(artist=0.0, era=0.0)
FOLK = History({track("folk", 0, 0): 1.0, track("folk", 1, 0): 1.0, track("folk", 2, 0): 1.0})


def test_nothing_that_was_heard_is_recommended() -> None:
    heard = History({**FOLK.tracks, track("folk", 3, 0): 0.0})
    picked = {pick.track_id for pick in recommender().recommend(heard, 40, 40)}
    assert picked == {row["track_id"] for row in catalogue_rows()} - heard.tracks.keys()


def test_another_id_of_a_song_that_was_heard_is_not_recommended() -> None:
    rows = catalogue_rows()
    again = {**rows[0], "track_id": "remaster", "track_name": f"{rows[0]['track_name']} - Remastered 2009"}
    picks = recommender([*rows, again]).recommend(History({rows[0]["track_id"]: 1.0}), 41, 41)
    assert "remaster" not in {pick.track_id for pick in picks}
    assert len(picks) == len(rows) - 1


def test_a_song_that_was_heard_by_name_alone_or_by_an_unknown_id_is_not_recommended() -> None:
    rows = catalogue_rows()
    song = song_of(f"{rows[0]['track_name']} (Live)".upper(), rows[0]["artist_name"])
    picks = recommender(rows).recommend(History({"in no table": 1.0}, songs={song}), 41, 41)
    assert {row["track_id"] for row in rows} - {pick.track_id for pick in picks} == {rows[0]["track_id"]}


def test_a_list_holds_at_most_so_many_tracks_of_one_artist() -> None:
    picks = recommender().recommend(FOLK, 12, 2)
    artists = [pick.track_id.rsplit("-", 1)[0] for pick in picks]
    assert len(picks) == 12
    assert max(artists.count(artist) for artist in artists) == 2


def test_what_sounds_like_the_history_comes_first_with_the_track_it_sounds_like() -> None:
    picks = recommender(weights=Weights(artist=0.0, collaborative=0.0, sound=1.0)).recommend(FOLK, 8, 2)
    assert {pick.track_id.split("-")[0] for pick in picks} == {"folk"}
    assert picks[0].reason.startswith("sounds like Song folk")
    assert picks[0].because_track_id in FOLK.tracks


def test_artists_of_whom_much_is_liked_come_first() -> None:
    history = History({track("rock", 1, number): 1.0 for number in range(3)} | {track("folk", 2, 0): 1.0})
    first = recommender().recommend(history, 5, 2)[0]
    assert first.track_id == track("rock", 1, 3)
    assert first.reason == "more by The rock 1"
    assert first.because_track_id == track("rock", 1, 0)


def test_a_followed_artist_is_enough_to_go_by() -> None:
    first = recommender().recommend(History({}, {"rock-3": 1.6}), 5, 2)[0]
    assert first.track_id.startswith("rock-3-")
    assert first.because_track_id is None


def sides(heard: tuple[str, ...]) -> dict[Thing, Known]:
    """Factors as if rock and folk had their own listeners, who have heard these numbers of each artist's tracks."""
    side = {"folk": np.array([1.0, 0.0], "f4"), "rock": np.array([0.0, 1.0], "f4")}
    rows = catalogue_rows()
    tracks = {
        ("track", row["track_id"]): (side[row["cluster_name"]], 1.5) for row in rows if row["track_name"][-1] in heard
    }
    return {("artist", row["artist_id"]): (0.1 * side[row["cluster_name"]], 1.5) for row in rows} | tracks


def test_what_other_listeners_like_is_found_with_whose_listeners_they_are() -> None:
    picks = recommender(weights=OTHERS, learned=sides(("0", "1", "2"))).recommend(ONE_ROCK, 19, 4)
    assert {pick.track_id.split("-")[0] for pick in picks} == {"rock"}
    by_another = next(pick for pick in picks if not pick.track_id.startswith("rock-0"))
    assert by_another.reason == "listeners of The rock 0 play it too, an artist new to you"
    assert by_another.because_track_id == track("rock", 0, 0)


def test_tracks_that_nobody_has_heard_are_known_by_their_artists() -> None:
    folk_first = sorted(catalogue_rows(), key=lambda row: row["track_id"])  # so that equal scores are no help
    picks = recommender(folk_first, OTHERS, sides(("0", "1", "2"))).recommend(ONE_ROCK, 19, 4)
    assert {track("rock", artist, 3) for artist in range(1, 5)} <= {pick.track_id for pick in picks}


def test_a_track_without_features_year_or_artist_is_recommended_by_who_plays_it() -> None:
    bare = dict.fromkeys(catalogue_rows()[0]) | {"track_id": "bare", "track_name": "Bare 0"}
    learned = sides(("0", "1", "2")) | {("track", "bare"): (np.array([0.0, 3.0], "f4"), 1.5)}
    picks = recommender([*catalogue_rows(), bare], learned=learned).recommend(ONE_ROCK, 5, 2)
    reasons = {pick.track_id: pick.reason for pick in picks}
    assert reasons["bare"] == "listeners of The rock 0 play it too"


def test_every_so_many_places_an_artist_is_new_to_the_listener() -> None:
    history = History({track("folk", artist, 0): 1.0 for artist in range(4)})
    picks = recommender().recommend(history, 9, 2, 3)
    are_new = [pick.track_id.rsplit("-", 1)[0] not in {f"folk-{artist}" for artist in range(4)} for pick in picks]
    assert are_new == [False, False, True] * 2 + [False, False, True]


def test_an_artist_of_whom_everything_was_skipped_is_not_new() -> None:
    history = History({track("folk", 0, 0): 1.0, **{track("rock", artist, 0): 0.0 for artist in range(5)}})
    picks = recommender().recommend(history, 4, 2, 1)
    assert {pick.track_id.split("-")[0] for pick in picks} == {"folk"}


def test_places_for_new_artists_go_to_others_where_there_is_none() -> None:
    everybody = History({}, {row["artist_id"]: 1.0 for row in catalogue_rows()})
    assert len(recommender().recommend(everybody, 10, 2, 2)) == 10


def test_who_is_unknown_gets_the_most_popular_tracks_of_each_cluster_in_turn() -> None:
    picks = recommender().recommend(History({}), 4, 1)
    assert [pick.track_id.split("-")[0] for pick in picks] in (["folk", "rock"] * 2, ["rock", "folk"] * 2)
    assert {pick.reason for pick in picks} == {"popular in folk", "popular in rock"}
    assert all(pick.track_id.endswith("-3") for pick in picks)


def test_who_likes_only_what_nothing_is_known_of_gets_popular_tracks_too() -> None:
    bare = dict.fromkeys(catalogue_rows()[0]) | {"track_id": "bare"}
    picks = recommender([*catalogue_rows(), bare]).recommend(History({"bare": 1.0}), 4, 1, 2)
    assert {pick.reason for pick in picks} == {"popular in folk", "popular in rock"}


def test_who_only_skipped_is_unknown_but_does_not_get_what_was_skipped() -> None:
    skipped = track("rock", 0, 3)
    picks = recommender().recommend(History({skipped: 0.0}), 4, 1)
    assert len(picks) == 4
    assert skipped not in {pick.track_id for pick in picks}


def test_tracks_of_which_little_is_known_can_be_recommended() -> None:
    bare = dict.fromkeys(catalogue_rows()[0]) | {"track_id": "bare"}
    rows = [*catalogue_rows(), bare]
    assert "bare" in {pick.track_id for pick in recommender(rows).recommend(FOLK, 50, 50)}
    assert [pick.track_id for pick in recommender([bare]).recommend(FOLK, 5, 1)] == ["bare"]


def test_the_latest_track_changes_the_list_of_a_long_history() -> None:
    rows = catalogue_rows()
    long = {track("folk", artist, number): 3.0 for artist in range(5) for number in range(3)}
    newest = track("rock", 2, 0)

    def first_rock(history: History) -> str:
        picks = recommender(rows).recommend(history, 20, 4)
        return next(pick.track_id for pick in picks if pick.track_id.startswith("rock"))

    assert not first_rock(History(long)).startswith("rock-2")
    assert first_rock(History({**long, newest: 0.7}, latest=(newest,))).startswith("rock-2")


def test_a_pool_that_is_too_small_for_the_rules_is_extended() -> None:
    rows = [{**row, "artist_id": "one", "artist_name": "One"} for row in catalogue_rows() * 30]
    rows = [{**row, "track_id": f"{number:04}", "track_name": f"{number}"} for number, row in enumerate(rows)]
    rows[-1] |= {"artist_id": "other", "artist_name": "Other"} | dict.fromkeys(FEATURES, None) | {"popularity": None}
    picks = recommender(rows).recommend(History({"0000": 1.0}), 2, 1)
    assert [pick.track_id for pick in picks][1:] == [rows[-1]["track_id"]]


def test_scores_fall_from_at_most_1() -> None:
    scores = [pick.score for pick in recommender().recommend(FOLK, 20, 2)]
    assert scores == sorted(scores, reverse=True)
    assert 0.0 <= scores[-1] <= scores[0] <= 1.0


def test_the_same_history_gives_the_same_list_whatever_the_order_of_the_tracks() -> None:
    other = recommender(catalogue_rows()).recommend(
        replace(FOLK, tracks={one: FOLK.tracks[one] for one in reversed(list(FOLK.tracks))}), 10, 2
    )
    assert [pick.track_id for pick in other] == [pick.track_id for pick in recommender().recommend(FOLK, 10, 2)]


def test_standardising_leaves_out_what_is_unknown() -> None:
    values = standardised(np.array([[1.0, 5.0], [3.0, 5.0], [np.nan, 5.0]], dtype=np.float32))
    assert values[:2].tolist() == [[-1.0, 0.0], [1.0, 0.0]]
    assert np.isnan(values[2, 0])
