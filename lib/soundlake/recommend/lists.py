"""gold/recommendations: the lists of all users, and of those who just played something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import pyarrow as pa
from pyspark.sql import SparkSession

from soundlake.core.schema import arrow_schema
from soundlake.frames import collect
from soundlake.lake import Lake
from soundlake.recommend.blend import Recommender
from soundlake.recommend.catalogue import song_of
from soundlake.recommend.liked import History
from soundlake.recommend.loading import load_recommender
from soundlake.recommend.model import RecommendationModel, in_list
from soundlake.recommend.signals import histories, signals
from soundlake.settings import Settings
from soundlake.tables import RECOMMENDATIONS
from soundlake.writes import overwrite

USERS_A_COMMIT = 1_000  # whose lists are replaced at once: bounds memory and the text of the condition
# The model that ranked all lists, including those of users who have not played since.
_LISTED_BY = "soundlake.listedBy"
_SCHEMA = arrow_schema(RECOMMENDATIONS)


def list_all(spark: SparkSession, lake: Lake, model: RecommendationModel, settings: Settings) -> None:
    """Rank the lists of all users with plays or preferences by `model`, in one commit of gold/recommendations.

    Only the table's writer may call this. After a crash behind the commit the next caller repeats it.
    """
    lake.create(spark, RECOMMENDATIONS)
    recommend = settings.recommend
    recommender = spark.sparkContext.broadcast(load_recommender(spark, lake, model, settings))
    version = model.model_version

    def rank(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from ranked(recommender.value, batch.to_pylist(), settings, version).to_batches()

    found = signals(spark, lake, settings.train.sources, recommend.history_days)
    lists = histories(found).mapInArrow(rank, RECOMMENDATIONS.ddl)
    overwrite(lake, RECOMMENDATIONS, lists)
    recommender.destroy()
    lake.set_property(spark, RECOMMENDATIONS, _LISTED_BY, version)


def are_listed(spark: SparkSession, lake: Lake, model: RecommendationModel) -> bool:
    """Whether `model` ranked the lists of all users."""
    return lake.exists(spark, RECOMMENDATIONS) and (
        lake.property(spark, RECOMMENDATIONS, _LISTED_BY) == model.model_version
    )


def list_again(
    spark: SparkSession,
    lake: Lake,
    model: RecommendationModel,
    recommender: Recommender,
    users: Sequence[str],
    settings: Settings,
) -> None:
    """Rank the lists of some users again from what silver has now; repeating it changes only the time.

    Only the table's writer may call this. Each `USERS_A_COMMIT` users are one commit.
    """
    for begin in range(0, len(users), USERS_A_COMMIT):
        some = users[begin : begin + USERS_A_COMMIT]
        wanted = spark.createDataFrame([(user,) for user in some], "user_id string")
        found = signals(spark, lake, settings.train.sources, settings.recommend.history_days, wanted)
        lists = ranked(recommender, collect(histories(found)).to_pylist(), settings, model.model_version)
        _replace(spark, lake, lists, some)


def ranked(
    recommender: Recommender, found: Sequence[dict[str, object]], settings: Settings, model_version: str
) -> pa.Table:
    """The rows of gold/recommendations for the rows of `histories`."""
    now, of = datetime.now(UTC), settings.recommend
    rows = []
    for row in found:
        picks = recommender.recommend(_history(row), of.list_size, of.per_artist, of.discovery)
        for rank, pick in enumerate(picks, start=1):
            values = (pick.track_id, pick.score, pick.reason, pick.because_track_id)
            rows.append((row["user_id"], rank, *values, model_version, now))
    columns = list(zip(*rows, strict=True)) or [()] * len(_SCHEMA)
    return pa.Table.from_arrays(
        [pa.array(values, type=field.type) for values, field in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA
    )


def _history(row: dict[str, object]) -> History:
    def weights(things: object) -> dict[str, float]:
        assert isinstance(things, list)
        return {thing["id"]: thing["weight"] for thing in things}

    latest, songs = row["latest"], row["songs"]
    assert isinstance(latest, list)
    assert isinstance(songs, list)
    heard = {song_of(title, artist) for title, _, artist in (song.rpartition("\n") for song in songs)}
    return History(weights(row["tracks"]), weights(row["artists"]), latest, heard)


def _replace(spark: SparkSession, lake: Lake, lists: pa.Table, users: Sequence[str]) -> None:
    rows = [tuple(row.values()) for row in lists.to_pylist()]
    frame = spark.createDataFrame(rows, RECOMMENDATIONS.ddl).coalesce(1)
    overwrite(lake, RECOMMENDATIONS, frame, f"user_id IN ({in_list(users)})")
