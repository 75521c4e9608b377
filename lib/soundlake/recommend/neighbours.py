"""gold/similar_tracks: the nearest neighbours of each track in the space of standardised audio features.

A k-d tree finds them without comparing every pair: its cost grows with n · log n, and it is exact. The tree (some
100 bytes a track) goes to each executor, which looks up the tracks it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.spatial import cKDTree

from soundlake.clusters.features import FEATURES
from soundlake.core.schema import arrow_schema
from soundlake.frames import collect
from soundlake.recommend.catalogue import standardised
from soundlake.recommend.ease import Floats, Places
from soundlake.tables import SIMILAR_TRACKS

_SCHEMA = arrow_schema(SIMILAR_TRACKS)
_ROWS_PER_PARTITION = 25_000
_ROWS_PER_LOOKUP = 2_000
_SPARE = 10  # neighbours looked up beyond those wanted, for some are the same song


def similar_tracks(features: DataFrame, tracks: DataFrame, number: int, model_version: str) -> DataFrame:
    """The rows of gold/similar_tracks.

    Args:
        features: track_id and the features, none null; every row is looked up among all rows.
        tracks: track_id, track_name, artist_name; tracks of one title and artist are one song and not similar.
        number: most similar tracks of one track.
        model_version: the version the rows carry.
    """
    spark = features.sparkSession
    song = F.xxhash64(F.lower(F.trim("track_name")), F.lower("artist_name"))
    named = tracks.where(F.col("track_name").isNotNull()).select("track_id", song.alias("song"))
    table = collect(features.join(named, on="track_id", how="left").orderBy("track_id"))
    columns = [table[name].to_numpy() for name in FEATURES]
    points = standardised(np.stack(columns, axis=1).astype(np.float32)) if table.num_rows else np.zeros((0, 9), "f4")
    songs = table["song"].fill_null(0).to_numpy()
    known = spark.sparkContext.broadcast((table["track_id"].to_pylist(), points, songs, cKDTree(points)))

    def look_up(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        ids, points, songs, tree = known.value
        for batch in batches:
            places = batch["place"].to_numpy()
            for begin in range(0, len(places), _ROWS_PER_LOOKUP):
                some = places[begin : begin + _ROWS_PER_LOOKUP]
                yield _as_rows(ids, some, *nearest(tree, points, songs, some, number), model_version)

    partitions = 1 + table.num_rows // _ROWS_PER_PARTITION
    places = spark.range(0, table.num_rows, 1, partitions).withColumnRenamed("id", "place")
    return places.mapInArrow(look_up, SIMILAR_TRACKS.ddl)


def nearest(
    tree: cKDTree, points: Floats, songs: Places, places: Places, number: int
) -> tuple[list[Places], list[Floats]]:
    """The places and distances of the nearest points of other songs, nearest first, for each of `places`.

    Song 0 is none: no other track is of the same one.
    """
    wanted = min(number + _SPARE, len(points))
    distances, found = tree.query(points[places], k=np.arange(1, wanted + 1))
    neighbours, away = [], []
    for place, there, far in zip(places, found, distances, strict=True):
        is_other = (there != place) & ((songs[there] != songs[place]) | (songs[there] == 0))
        order = np.lexsort((there[is_other], far[is_other]))[:number]
        neighbours.append(there[is_other][order])
        away.append(far[is_other][order])
    return neighbours, away


def _as_rows(
    ids: Sequence[str], places: Places, neighbours: list[Places], away: list[Floats], model_version: str
) -> pa.RecordBatch:
    counts = [len(found) for found in neighbours]
    distances = np.concatenate(away) if away else np.zeros(0)
    return pa.RecordBatch.from_pydict(
        {
            "track_id": [ids[place] for place, count in zip(places, counts, strict=True) for _ in range(count)],
            "rank": np.concatenate([np.arange(1, count + 1, dtype=np.int32) for count in counts]),
            "similar_track_id": [ids[place] for found in neighbours for place in found],
            "distance": distances.astype(np.float64),
            "similarity": 1.0 / (1.0 + distances.astype(np.float64)),
            "model_version": [model_version] * sum(counts),
        },
        schema=_SCHEMA,
    )
