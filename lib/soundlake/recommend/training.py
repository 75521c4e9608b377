"""Learns factors from likes: what listeners play and save, and which tracks share a playlist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import csr_array

from soundlake.core.schema import arrow_schema
from soundlake.frames import collect, kept
from soundlake.recommend.ease import Floats, learn
from soundlake.settings.model import RecommendSettings
from soundlake.tables import RECOMMENDATION_FACTORS

_FACTORS = arrow_schema(RECOMMENDATION_FACTORS, leave_out=("model_version",))


@dataclass(frozen=True)
class FactorFit:
    """`factors` has a row (entity, id, factors, variance, listeners) for each track and artist learned of."""

    factors: pa.Table
    n_users: int
    n_tracks: int
    n_likes: int

    @property
    def length(self) -> int:
        """How many factors each track has; 0 where there was nothing to learn from."""
        return len(self.factors["factors"][0]) if self.factors.num_rows else 0


def fit_factors(likes: DataFrame, tracks: DataFrame, recommend: RecommendSettings, seed: int) -> FactorFit:
    """Fit to likes (group, is_user, track_id; each pair once), for the `recommend.most_tracks` most liked tracks.

    `tracks` are those of silver/tracks. Same likes, seed and settings: same factors, whatever the file layout.
    """
    artists = tracks.where(F.col("artist_id").isNotNull()).select("track_id", "artist_id")
    with kept(likes) as all_likes:
        most = all_likes.groupBy("track_id").count().orderBy(F.desc("count"), "track_id").limit(recommend.most_tracks)
        with kept(artists.join(most, on="track_id", how="left_semi")) as of_tracks:
            found = collect(all_likes.join(most.select("track_id"), on="track_id", how="left_semi"))
            each = artists.groupBy("artist_id").agg(F.count("*").alias("n"))
            in_all = collect(each.join(of_tracks, on="artist_id", how="left_semi"))
            return fit_table(found, collect(of_tracks), in_all, recommend.factors, seed)


def fit_table(likes: pa.Table, artists: pa.Table, artist_tracks: pa.Table, most_factors: int, seed: int) -> FactorFit:
    """Fit to likes (group, is_user, track_id).

    `artists` has the track_id and artist_id of these tracks, `artist_tracks` each artist_id and its number of tracks n.
    """
    if not likes.num_rows:
        return FactorFit(_FACTORS.empty_table(), 0, 0, 0)
    track_ids, track = _places(likes["track_id"])
    groups, group = _places(likes["group"])
    is_user = np.zeros(len(groups), dtype=bool)
    is_user[group] = likes["is_user"].to_numpy()
    matrix = csr_array((np.ones(len(track)), (group, track)), shape=(len(groups), len(track_ids)))
    artist_ids, order = _places(artist_tracks["artist_id"])
    in_all = np.zeros(len(artist_ids), dtype=np.int64)
    in_all[order] = artist_tracks["n"].to_numpy()
    known = pc.index_in(pa.array(track_ids, pa.string()), artists["track_id"].combine_chunks())
    artist = pc.index_in(artists["artist_id"].take(known), pa.array(artist_ids, pa.string()))
    of_artist = artist.fill_null(-1).to_numpy().astype(np.int64)
    learned = learn(matrix, of_artist, in_all, most_factors, seed)
    users = matrix[is_user]
    by_artist = users[:, of_artist >= 0] @ _members(of_artist[of_artist >= 0], len(artist_ids))
    factors = pa.concat_tables(
        [
            _rows("track", track_ids, learned.tracks, learned.track_variances, users.sum(axis=0)),
            _rows("artist", artist_ids, learned.artists, learned.artist_variances, (by_artist > 0).sum(axis=0)),
        ]
    )
    return FactorFit(factors, int(is_user.sum()), len(track_ids), len(track))


def _members(places: NDArray[np.int64], number: int) -> csr_array:
    return csr_array((np.ones(len(places)), (np.arange(len(places)), places)), shape=(len(places), number))


def _places(values: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct values, sorted, and the index of each value among them."""
    distinct = pc.unique(values)
    distinct = distinct.take(pc.sort_indices(distinct))
    return distinct.to_pylist(), pc.index_in(values, distinct).to_numpy().astype(np.int64)


def _rows(
    entity: str, ids: Sequence[str], factors: Floats, variances: Floats, listeners: NDArray[np.float64]
) -> pa.Table:
    ends = np.arange(len(ids) + 1, dtype=np.int32) * factors.shape[1]
    return pa.Table.from_arrays(
        [
            pa.array([entity] * len(ids), pa.string()),
            pa.array(ids, pa.string()),
            pa.ListArray.from_arrays(ends, factors.ravel()),
            pa.array(variances),
            pa.array(listeners.astype(np.int64)),
        ],
        schema=_FACTORS,
    )
