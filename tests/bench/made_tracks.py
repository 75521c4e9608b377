"""Made-up tracks with ids like Spotify's, as many as a measurement needs: candidates as refine makes them."""

from __future__ import annotations

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.kinds import KINDS
from soundlake.lake import conform
from soundlake.tables import STAMPS, TRACKS, Table

KIND = KINDS["track"]
WORDS = "love night you the dance blue heart summer rain gold fire home river moon city wild lost time dream road"


def chance(salt: str, below: int) -> str:
    return f"CAST(pmod(xxhash64(n, '{salt}'), {below}) AS INT)"


def spotify_id(thing: str) -> str:
    return f"translate(left(base64(unhex(md5({thing}))), 22), '+/', 'xy')"


def words(salt: str) -> str:
    return "concat_ws(' ', " + ", ".join(f"split('{WORDS}', ' ')[{chance(salt + place, 20)}]" for place in "abcd") + ")"


def records(numbers: DataFrame, day: int) -> DataFrame:
    """Candidates as refine makes them, for things by number (n, is_renamed), fetched on a day."""
    artist, album = f"concat('artist', {chance('artist', 500_000)})", f"concat('album', {chance('album', 1_000_000)})"
    values = {
        "track_id": spotify_id("concat('track', n)"),
        "track_name": f"concat({words('title')}, IF(is_renamed, ' (Remastered {day})', ''))",
        "artist_id": spotify_id(artist),
        "artist_name": words("artist"),
        "artist_ids": f"array({spotify_id(artist)})",
        "artist_names": f"array({words('artist')})",
        "album_id": spotify_id(album),
        "album_name": words("album"),
        "duration_ms": f"{chance('length', 400_000)} + 30000L",
        "explicit": f"{chance('explicit', 10)} = 0",
        "popularity": chance(f"popularity{day}", 101),
        "isrc": f"concat('QZ', {chance('isrc', 1_000_000_000)})",
        "release_date": f"date_add(DATE '1990-01-01', {chance('release', 12_000)})",
        "release_date_precision": "'day'",
        "source": "'bench'",
    }
    row = F.struct(*[F.expr(value).cast(TRACKS.type_of(name)).alias(name) for name, value in values.items()])
    fetched_at = f"timestampadd(DAY, {day}, timestampadd(SECOND, {chance('second', 86_400)}, TIMESTAMP '2026-01-01'))"
    rank = f"struct(0 AS weight, {fetched_at} AS fetched_at, unhex(sha2(concat(n, '/{day}'), 256)) AS sha)"
    bits = 1 + sum(KIND.bit(group) for group in KIND.fields)
    made = numbers.withColumn("row", row)
    return made.select(
        F.lit("track").alias("record_kind"),
        F.col("row.track_id").alias("id"),
        F.lit(None).cast("date").alias("on_date"),
        F.expr(rank).alias("rank"),
        F.lit(bits).cast("bigint").alias("fields"),
        F.xxhash64(*[F.col("row")[name] for name in KIND.stable]).alias("values_hash"),
        F.lit(None).cast("string").alias("reason"),
        "row",
        *[F.lit(text).alias(name) for name, text in (("stream", "tracks"), ("partition", "0"))],
        F.col("n").cast("string").alias("position"),
    )


def wide(found: DataFrame, table: Table) -> DataFrame:
    """Rows of the wide table, with its stamps where it has a column for them."""
    stamps = F.array(F.struct("rank", "fields", "values_hash")).alias("stamps")
    return conform(found.select("row.*", F.col("rank.fetched_at").alias("fetched_at"), stamps), table)


def stamps_of(found: DataFrame, batch: str) -> DataFrame:
    rows = found.select(F.col("record_kind").alias("entity"), *STAMPS.column_names[1:-1], F.lit(batch).alias("batch"))
    return conform(rows, STAMPS)


def batch_of(spark: SparkSession, rows: int, number: int, size: int, share_renamed: float) -> DataFrame:
    """A tenth new things, the others at random among the known, all fetched on a day of their own."""
    known = np.random.default_rng([rows, number]).choice(rows, size * 9 // 10, replace=False)
    new = rows + number * size + np.arange(size - len(known))
    renamed = round(size * share_renamed)
    numbers = [(int(n), place < renamed) for place, n in enumerate([*known, *new])]
    return records(spark.createDataFrame(numbers, "n bigint, is_renamed boolean"), number).localCheckpoint()
