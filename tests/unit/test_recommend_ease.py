"""EASE by factors, against the inverse of the whole matrix, without Spark."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from soundlake.clusters.learnable import FEATURES
from soundlake.recommend.blend import Recommender, Weights
from soundlake.recommend.catalogue import catalogue_of
from soundlake.recommend.ease import ARTIST_WEIGHT, REGULARISATION, Learned, learn
from soundlake.recommend.liked import History
from soundlake.recommend.training import FactorFit, fit_table

pytestmark = pytest.mark.heavy

TRACKS, LISTENERS, HEARD = 30, 12, 20
RNG = np.random.default_rng(5)
ARTISTS = np.sort(RNG.integers(0, 8, TRACKS))[RNG.permutation(TRACKS)]
ARTISTS[3] = -1
COUNTS = np.bincount(ARTISTS[ARTISTS >= 0], minlength=8)
LIKES = (RNG.random((LISTENERS, TRACKS)) < 0.3).astype(float)
LIKES[:, HEARD:] = 0.0
LIKES[0, :HEARD] = 1.0


def inverse() -> NDArray[np.float64]:
    """The matrix that EASE is made of, over all tracks, heard or not."""
    rows = [np.where(artist == ARTISTS, ARTIST_WEIGHT, 0.0) for artist in range(8)]
    both = np.vstack([LIKES, *rows])
    return np.linalg.inv(both.T @ both + REGULARISATION * np.eye(TRACKS))


def learned() -> Learned:
    return learn(csr_array(LIKES[:, :HEARD]), ARTISTS[:HEARD], COUNTS, 100, 1)


def as_table(matrix: NDArray[np.float64], users: int) -> pa.Table:
    pairs = [(f"g{row:02}", row < users, f"t{track:02}") for row, track in np.argwhere(matrix).tolist()]
    return pa.table(dict(zip(("group", "is_user", "track_id"), zip(*pairs, strict=True), strict=True)))


def fit(users: int = LISTENERS) -> FactorFit:
    have = [track for track in range(HEARD) if ARTISTS[track] >= 0]
    artists = pa.table({"track_id": [f"t{i:02}" for i in have], "artist_id": [f"a{ARTISTS[i]}" for i in have]})
    counts = {f"a{each}": int((each == ARTISTS).sum()) for each in set(ARTISTS[have].tolist())}
    in_all = pa.table({"artist_id": list(counts), "n": list(counts.values())})
    return fit_table(as_table(LIKES, users), artists, in_all, 100, 1)


def test_variances_are_the_diagonal_of_the_inverse_for_heard_and_unheard_tracks() -> None:
    whole = inverse().diagonal()
    assert learned().track_variances == pytest.approx(whole[:HEARD], rel=1e-4)
    for track in range(HEARD, TRACKS):
        if ARTISTS[track] >= 0:
            assert learned().artist_variances[ARTISTS[track]] == pytest.approx(whole[track], rel=1e-4)


def test_a_list_is_that_of_the_whole_matrix_of_weights() -> None:
    whole = inverse()
    weights = -whole / whole.diagonal()
    np.fill_diagonal(weights, 0.0)
    history = np.zeros(TRACKS)
    history[[1, 4, 7]] = 1.0
    wanted = np.clip(history @ weights, 0.0, 1.0)
    blank = dict.fromkeys(("track_name", "artist_name", "year", "popularity", "listeners", "cluster_name", *FEATURES))
    rows = [
        {**blank, "track_id": f"t{i:02}", "artist_id": f"a{artist}" if artist >= 0 else None}
        for i, artist in enumerate(ARTISTS.tolist())
    ]
    known = {
        (row["entity"], row["id"]): (np.array(row["factors"], "f4"), row["variance"])
        for row in fit().factors.to_pylist()
    }
    recommender = Recommender(catalogue_of(rows, FEATURES, known), Weights(artist=0.0, collaborative=1.0, era=0.0))
    picks = recommender.recommend(History({f"t{i:02}": 1.0 for i in (1, 4, 7)}), TRACKS, TRACKS)
    scores = {pick.track_id: pick.score for pick in picks}
    assert scores == pytest.approx({f"t{i:02}": wanted[i] for i in range(TRACKS) if i not in (1, 4, 7)}, abs=1e-4)


def test_listeners_beyond_the_factors_cost_nothing_where_they_like_what_others_like() -> None:
    twice = csr_array(np.vstack([LIKES[:, :HEARD]] * 2))
    exact, near = (learn(twice, ARTISTS[:HEARD], COUNTS, most, 1) for most in (2 * LISTENERS, LISTENERS))
    assert near.tracks.shape == (HEARD, LISTENERS)
    assert near.track_variances == pytest.approx(exact.track_variances, rel=1e-4)
    assert near.tracks @ near.tracks.T == pytest.approx(exact.tracks @ exact.tracks.T, abs=1e-4)


def test_playlists_are_learned_from_and_are_no_listeners() -> None:
    found = fit(users=5)
    listeners = {row["id"]: row["listeners"] for row in found.factors.to_pylist() if row["entity"] == "track"}
    assert found.n_users == 5
    assert found.n_likes == int(LIKES.sum())
    assert listeners == {f"t{i:02}": int(LIKES[:5, i].sum()) for i in range(HEARD)}
    assert found.length == LISTENERS


def test_nothing_to_learn_from_gives_no_factors() -> None:
    nothing = pa.table(
        {"group": pa.array([], pa.string()), "is_user": pa.array([], pa.bool_()), "track_id": pa.array([], pa.string())}
    )
    found = fit_table(nothing, nothing, nothing, 100, 1)
    assert (found.factors.num_rows, found.length, found.n_likes) == (0, 0, 0)


def test_the_order_of_the_likes_makes_no_difference() -> None:
    table = as_table(LIKES, LISTENERS)
    none = pa.table(
        {"track_id": pa.array([], pa.string()), "artist_id": pa.array([], pa.string()), "n": pa.array([], pa.int64())}
    )
    one, other = (fit_table(some, none, none, 100, 1) for some in (table, table.take(np.arange(table.num_rows)[::-1])))
    assert one == other
