"""gold/curated_playlists: what the declared rules choose from the tracks of the lake."""

from __future__ import annotations

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from soundlake.clusters.features import FEATURES
from soundlake.frames import kept
from soundlake.lake import Lake, view_of
from soundlake.recommend.rules import RULES, Rule
from soundlake.settings import Settings
from soundlake.tables import ARTISTS, CURATED_PLAYLISTS, TRACK_CLUSTERS, TRACK_FEATURES, TRACKS
from soundlake.views import MATCHED_LISTENING
from soundlake.writes import overwrite

WEEKS = 4  # that listeners now and before are counted in


def write_curated_playlists(spark: SparkSession, lake: Lake, settings: Settings) -> None:
    """Replace gold/curated_playlists in one commit. A crash before it leaves the previous playlists."""
    lake.create(spark, CURATED_PLAYLISTS)
    with kept(candidates(spark, lake, settings.insights.as_of)) as tracks:
        rows = curated(tracks, settings.recommend.playlist_size, settings.recommend.per_artist)
        overwrite(lake, CURATED_PLAYLISTS, rows.withColumn("built_at", F.current_timestamp()).coalesce(1))


def candidates(spark: SparkSession, lake: Lake, as_of: date | None) -> DataFrame:
    """What rules choose from, one row a track.

    track_id, artist, song, the features, cluster_name, distance, place_in_cluster, genre, genre_tracks,
    listeners_now and listeners_before (in the last weeks up to `as_of`, else to the newest play that is not in the
    future, and in those before), and appeal: 0 to 1, half Spotify's popularity, half listeners here.
    """
    artists = lake.read(spark, ARTISTS).select("artist_id", F.get("genres", F.lit(0)).alias("genre"))
    features = lake.read(spark, TRACK_FEATURES).select("track_id", *FEATURES)
    clusters = lake.read(spark, TRACK_CLUSTERS).select("track_id", "cluster_name", "distance")
    plays = view_of(MATCHED_LISTENING, *(lake.read(spark, table) for table in MATCHED_LISTENING.tables))
    own = F.coalesce("popularity", F.lit(0)) / 100.0
    best = Window.partitionBy("cluster_name").orderBy(F.desc("appeal"), "track_id")
    return (
        lake.read(spark, TRACKS)
        .select("track_id", "artist_id", "popularity", _song().alias("song"))
        .join(artists, on="artist_id", how="left")
        .join(features, on="track_id", how="left")
        .join(clusters, on="track_id", how="left")
        .join(_listeners(plays, as_of), on="track_id", how="left")
        .fillna(0, ["listeners", "listeners_now", "listeners_before"])
        .withColumn("most_", F.greatest(F.max("listeners").over(Window.partitionBy()), F.lit(1)))
        .withColumn("appeal", 0.5 * own + 0.5 * F.log1p("listeners") / F.log1p("most_"))
        .withColumn("place_in_cluster", F.when(F.col("cluster_name").isNotNull(), F.row_number().over(best)))
        .withColumn("genre_tracks", F.count("genre").over(Window.partitionBy("genre")))
        .drop("most_", "popularity", "listeners")
    )


def curated(tracks: DataFrame, size: int, per_artist: int) -> DataFrame:
    """playlist, playlist_name, kind, rule, rank, track_id, score: the best tracks by each rule.

    At most `size` tracks, `per_artist` of them by one artist, each song once.
    """
    chosen = reduce(DataFrame.unionByName, [_chosen(tracks, rule) for rule in RULES])

    def place(*columns: str) -> Column:
        return F.row_number().over(Window.partitionBy("slug", *columns).orderBy(F.desc("score"), "track_id"))

    return (
        chosen.withColumn("of_song", F.when(F.col("song").isNull(), 1).otherwise(place("song")))
        .where("of_song = 1")
        .withColumn("of_artist", F.when(F.col("artist_id").isNull(), 1).otherwise(place("artist_id")))
        .where(F.col("of_artist") <= per_artist)
        .withColumn("rank", place())
        .where(F.col("rank") <= size)
        .select(F.col("slug").alias("playlist"), "playlist_name", "kind", "rule", "rank", "track_id", "score")
    )


def _chosen(tracks: DataFrame, rule: Rule) -> DataFrame:
    value = F.col(rule.each) if rule.each else F.lit("")
    plain = F.regexp_replace(F.lower(value), r"[^\p{L}\p{N}]+", "-")
    fits = tracks.where(rule.where) if rule.each is None else tracks.where(rule.where).where(value.isNotNull())
    return fits.select(
        _filled(rule.slug, plain).alias("slug"),
        _filled(rule.name, value).alias("playlist_name"),
        F.lit(rule.kind).alias("kind"),
        F.lit(rule.rule).alias("rule"),
        "track_id",
        "artist_id",
        "song",
        F.expr(rule.score).cast("double").alias("score"),
    )


def _filled(text: str, value: Column) -> Column:
    before, found, after = text.partition("{}")
    return F.concat(F.lit(before), value, F.lit(after)) if found else F.lit(text)


def _song() -> Column:
    """The title without what tells recordings apart, and the artist; null where there is no title."""
    title = F.regexp_replace(F.lower(F.trim("track_name")), r" (-|\().*$", "")
    return F.concat_ws("\n", F.when(F.col("track_name").isNotNull(), title), F.lower("artist_name"))


def _listeners(plays: DataFrame, as_of: date | None) -> DataFrame:
    """track_id, listeners, listeners_now, listeners_before."""
    heard = plays.where("content_type = 'track' AND track_id IS NOT NULL AND NOT coalesce(private_session, false)")
    has_come = F.col("played_date") <= F.date_add(F.current_date(), 1)  # a wrong clock may be years ahead
    newest = heard.agg(F.max(F.when(has_come, F.col("played_date"))).alias("newest"))
    until = F.lit(as_of) if as_of else F.col("newest")
    days = F.datediff(until, F.col("played_date"))

    def users(condition: Column, name: str) -> Column:
        return F.count_distinct(F.when(condition, F.col("user_id"))).alias(name)

    span = 7 * WEEKS
    return (
        heard.crossJoin(F.broadcast(newest))  # one row
        .groupBy("track_id")
        .agg(
            F.count_distinct("user_id").alias("listeners"),
            users(days.between(0, span - 1), "listeners_now"),
            users(days.between(span, 2 * span - 1), "listeners_before"),
        )
    )
