"""Who likes what, from plays, user items and playlists, as far as a model may learn from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.clusters.features import is_allowed
from soundlake.lake import Lake, view_of
from soundlake.tables import PLAYLIST_ITEMS, PLAYS, TRACKS, USER_ITEMS
from soundlake.views import LISTENING, MATCHED_LISTENING

_HEARD_MS = 30_000  # shorter plays do not count, as at Spotify
_LATEST = 10  # newest tracks that sound is compared with
_PREFERRED = 4.0  # a saved, followed or top item counts as so many plays
_OF_AN_ALBUM = 1.0  # the same for each track of a saved album


def signals(
    spark: SparkSession, lake: Lake, sources: Sequence[str], history_days: int, users: DataFrame | None = None
) -> DataFrame:
    """user_id, entity, id, points, heard_at: one row for each track, artist and song of a user.

    `entity` is `track`, `artist`, or `song`: a play whose track is not in silver_tracks, by its names. The id of a song
    is title and artist, on a line each. Points count plays that were neither skipped nor in a private session, of
    sources that `train.sources` allows, in the last `history_days` before the user's newest play; 0 where there are
    none. `users` (user_id) limits the users.
    """
    listening = view_of(
        MATCHED_LISTENING, *(_only(lake.read(spark, table), users) for table in MATCHED_LISTENING.tables)
    )
    of_tracks = listening.where("content_type = 'track'")
    plays = of_tracks.where("track_id IS NOT NULL").transform(with_recent(history_days))
    items = _only(lake.read(spark, USER_ITEMS), users)
    tracks = lake.read(spark, TRACKS)
    albums = tracks.select(F.col("album_id").alias("id"), "track_id")
    heard, preferred = plays.transform(_played(sources)), items.transform(_own(sources))
    united = heard.unionByName(preferred).unionByName(items.transform(_in_album(sources, albums)))
    return (
        united.unionByName(of_tracks.transform(_by_name(tracks)))
        .groupBy("user_id", "entity", "id")
        .agg(F.sum("points").alias("points"), F.max("heard_at").alias("heard_at"))
    )


def with_recent(days: int) -> Callable[[DataFrame], DataFrame]:
    """Add `is_recent`: whether a play is of so many days before the user's own newest one. Older ones are heard too.

    Not before the newest of all: one wrong clock would age everybody's plays.
    """

    def transform(plays: DataFrame) -> DataFrame:
        newest = plays.groupBy("user_id").agg(F.max("played_date").alias("newest"))
        is_recent = F.col("played_date") > F.date_sub("newest", days)
        return plays.join(newest, on="user_id", how="inner").withColumn("is_recent", is_recent).drop("newest")

    return transform


def likes(found: DataFrame, on_playlists: DataFrame) -> DataFrame:
    """group, is_user, track_id: the likes in `signals` and `on_playlists`, each pair once."""
    liked = found.where("entity = 'track' AND points > 0")
    of_users = liked.select(F.concat(F.lit("user "), "user_id").alias("group"), F.lit(True).alias("is_user"), "id")
    return of_users.withColumnRenamed("id", "track_id").unionByName(on_playlists)


def on_playlists(spark: SparkSession, lake: Lake, sources: Sequence[str]) -> DataFrame:
    """group, is_user, track_id: the tracks that were on each playlist, of sources that `train.sources` allows."""
    entries = lake.read(spark, PLAYLIST_ITEMS).where(is_allowed(sources) & F.col("track_id").isNotNull())
    group = F.concat(F.lit("playlist "), "playlist_id").alias("group")
    return entries.select(group, F.lit(False).alias("is_user"), "track_id").distinct()


def histories(found: DataFrame) -> DataFrame:
    """user_id, tracks, artists, latest, songs: the history of each user in `signals`.

    Tracks and artists come with their weights, highest first; `latest` are the last tracks that were not skipped;
    `songs` are ids of songs.
    """
    is_track = F.col("entity") == "track"

    def things(entity: str) -> Column:
        thing = F.struct(F.log1p("points").alias("weight"), "heard_at", "id")
        listed = F.sort_array(F.collect_list(F.when(F.col("entity") == entity, thing)), asc=False)
        return F.transform(listed, lambda each: F.struct(each["id"].alias("id"), each["weight"].alias("weight")))

    liked = F.when(is_track & (F.col("points") > 0.0), F.struct("heard_at", "id"))
    latest = F.slice(F.sort_array(F.collect_list(liked), asc=False), 1, _LATEST)["id"]
    return found.groupBy("user_id").agg(
        things("track").alias("tracks"),
        things("artist").alias("artists"),
        latest.alias("latest"),
        F.sort_array(F.collect_list(F.when(F.col("entity") == "song", F.col("id")))).alias("songs"),
    )


def left_out(spark: SparkSession, lake: Lake, sources: Sequence[str]) -> int:
    """How many plays and user items a model may not learn from."""
    listening = view_of(LISTENING, lake.read(spark, PLAYS))
    return sum(rows.where(~is_allowed(sources)).count() for rows in (listening, lake.read(spark, USER_ITEMS)))


def _only(rows: DataFrame, users: DataFrame | None) -> DataFrame:
    return rows if users is None else rows.join(F.broadcast(users), on="user_id", how="left_semi")


def _played(sources: Sequence[str]) -> Callable[[DataFrame], DataFrame]:
    was_heard = ~F.coalesce("skipped", F.lit(False)) & (F.coalesce("ms_played", F.lit(_HEARD_MS)) >= _HEARD_MS)
    is_told = ~F.coalesce("private_session", F.lit(False))

    def transform(plays: DataFrame) -> DataFrame:
        return plays.select(
            "user_id",
            F.lit("track").alias("entity"),
            F.col("track_id").alias("id"),
            F.when(was_heard & is_told & is_allowed(sources) & F.col("is_recent"), 1.0).otherwise(0.0).alias("points"),
            F.col("played_at").alias("heard_at"),
        )

    return transform


def _by_name(tracks: DataFrame) -> Callable[[DataFrame], DataFrame]:
    """The songs of plays that have no track id, or one that is not among `tracks`."""
    names = F.concat_ws("\n", F.col("track_name"), F.coalesce("artist_name", F.lit("")))

    def transform(plays: DataFrame) -> DataFrame:
        unknown = plays.join(tracks.select("track_id"), on="track_id", how="left_anti")
        return unknown.where("track_name IS NOT NULL").select(
            "user_id",
            F.lit("song").alias("entity"),
            names.alias("id"),
            F.lit(0.0).alias("points"),
            F.col("played_at").alias("heard_at"),
        )

    return transform


def _own(sources: Sequence[str]) -> Callable[[DataFrame], DataFrame]:
    """Tracks and artists that a user prefers."""

    def transform(items: DataFrame) -> DataFrame:
        return items.where(F.col("entity").isin("track", "artist")).select(
            "user_id", "entity", "id", _points(sources, _PREFERRED), F.col("added_at").alias("heard_at")
        )

    return transform


def _in_album(sources: Sequence[str], albums: DataFrame) -> Callable[[DataFrame], DataFrame]:
    """The tracks of albums that a user prefers."""

    def transform(items: DataFrame) -> DataFrame:
        preferred = items.where(F.col("entity") == "album").join(albums, on="id", how="inner")
        return preferred.select(
            "user_id",
            F.lit("track").alias("entity"),
            F.col("track_id").alias("id"),
            _points(sources, _OF_AN_ALBUM),
            F.col("added_at").alias("heard_at"),
        )

    return transform


def _points(sources: Sequence[str], points: float) -> Column:
    return F.when(is_allowed(sources), points).otherwise(0.0).alias("points")
