"""EASE (Steck, 2019): how strongly each track predicts each other one, by a ridge regression on who likes what.

X has a row for each listener or playlist. A has a row for each artist with the artist's tracks: it connects tracks that
nobody has heard. With P = (XᵀX + w²·AᵀA + λI)⁻¹, the weight from track h to track j is -P[h, j] / P[j, j]. P has a row
for each track and is never built: without X it has a closed form, a block D⁻¹ for each artist, and the Woodbury
identity gives P = D⁻¹ - FᵀF, where F has as many rows as X. The factors of a track are its column of F; tracks of one
artist that nobody has heard share them. Arrays only, no Spark.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.sparse import csr_array
from sklearn.utils.extmath import randomized_svd

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

REGULARISATION = 1.0
ARTIST_WEIGHT = 0.2  # weight of an artist's row; a listener's is 1


@dataclass(frozen=True)
class Learned:
    """Factors, one row a track or artist, and variances, the diagonal of P; an artist's are for unheard tracks."""

    tracks: Floats
    track_variances: Floats
    artists: Floats
    artist_variances: Floats


def learn(likes: csr_array, artists: Places, artist_tracks: NDArray[np.int64], most_factors: int, seed: int) -> Learned:
    """Learn from who likes which tracks.

    There are as many factors as rows, and the weights are exact. Above `most_factors`, the best approximation of that
    rank replaces the rows (singular value decomposition).

    Args:
        likes: a row for each listener or playlist, a column for each track; 1 for a like.
        artists: the index of each track's artist, -1 for none.
        artist_tracks: how many tracks each artist has, heard or not.
        most_factors: limits the memory, together with the number of tracks.
        seed: of the decomposition.
    """
    rows = _rows(likes, most_factors, seed)
    has_artist = np.flatnonzero(artists >= 0)
    by_artist = csr_array(
        (np.ones(len(has_artist)), (has_artist, artists[has_artist])), shape=(len(artists), len(artist_tracks))
    )
    # D⁻¹ subtracts from a row a part of its sum over each artist's tracks.
    of_artists = -(rows @ by_artist) * pull(artist_tracks)
    of_tracks = rows + (by_artist @ of_artists.T).T
    lower = np.linalg.cholesky(REGULARISATION * np.eye(len(rows)) + of_tracks @ rows.T)
    scale = np.sqrt(REGULARISATION)
    tracks = solve_triangular(lower, of_tracks, lower=True) / scale
    unheard = solve_triangular(lower, of_artists, lower=True) / scale
    alone = (1.0 - pull(artist_tracks)) / REGULARISATION
    without = np.full(len(artists), 1.0 / REGULARISATION)
    without[has_artist] = alone[artists[has_artist]]
    return Learned(
        tracks=np.asarray(tracks.T, dtype=np.float32),
        track_variances=np.asarray(without - (tracks**2).sum(axis=0), dtype=np.float32),
        artists=np.asarray(unheard.T, dtype=np.float32),
        artist_variances=np.asarray(alone - (unheard**2).sum(axis=0), dtype=np.float32),
    )


def pull(artist_tracks: NDArray[np.int64] | Floats) -> NDArray[np.float64]:
    """How strongly one track of an artist predicts another, by the number of tracks that the artist has."""
    square = ARTIST_WEIGHT**2
    return np.asarray(square / (REGULARISATION + square * np.asarray(artist_tracks, dtype=float)))


def _rows(likes: csr_array, most: int, seed: int) -> NDArray[np.float64]:
    if likes.shape[0] <= most:
        return np.asarray(likes.toarray(), dtype=float)
    _, strengths, directions = randomized_svd(likes.astype(float), most, random_state=seed)
    return np.asarray(strengths[:, None] * directions)
