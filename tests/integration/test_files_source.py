"""Where the records of files stand, and that each file is read once."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from soundlake.errors import UsageError
from soundlake.ingest import ingest_query
from soundlake.lake import Lake
from soundlake.settings import Settings, load_settings
from soundlake.sources import open_source
from soundlake.sources.files import kinds_of_folders, placed, qualified
from soundlake.tables import EVENTS

TOPICS = Settings().source.topics.model_dump()
YEARS_AGO = 1_000_000_000


def settings_of(path: object, **more: object) -> Settings:
    values = {"source.files.path": path} | {f"source.files.{key}": value for key, value in more.items()}
    return load_settings(sets=[f"{key}={value}" for key, value in values.items()], env={})


def write(path: Path, content: bytes, mtime: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if mtime is not None:
        os.utime(path, (mtime, mtime))


def take_all(records: DataFrame, out: Path) -> DataFrame:
    query = records.writeStream.format("parquet").option("checkpointLocation", f"{out}/checkpoint")
    query.trigger(availableNow=True).start(f"{out}/records").awaitTermination()
    return records.sparkSession.read.parquet(f"{out}/records")


def rows(records: DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in records.select(*columns).collect())


def test_every_record_of_every_file_is_read_once_with_its_place(spark: SparkSession, tmp_path: Path) -> None:
    root = tmp_path / "all [of] it, 100%20 {ok}"
    write(root / "spotify.tracks" / "a b.ndjson", b'{"n":1}\n{"n":2}\n', mtime=YEARS_AGO)
    write(root / "plays" / "2021" / "%41ü.json.gz", gzip.compress(b'[{"n":3},{"n":4}]'))
    write(root / "empty.json", b"")
    write(root / "broken.json", b"\x1f\x8b\0\0")

    records = open_source(settings_of(root, max_files_per_trigger=2)).read_stream(spark)
    taken = take_all(records, tmp_path / "out")

    at = f"file:{root}"
    assert rows(taken, "stream", "partition", "position", "value") == [
        (at, "broken.json", "0", bytearray(b"\x1f\x8b\0\0")),
        (f"{at}/plays", "2021/%41ü.json.gz", "0", bytearray(b'{"n":3}')),
        (f"{at}/plays", "2021/%41ü.json.gz", "1", bytearray(b'{"n":4}')),
        (f"{at}/spotify.tracks", "a b.ndjson", "0", bytearray(b'{"n":1}')),
        (f"{at}/spotify.tracks", "a b.ndjson", "1", bytearray(b'{"n":2}')),
    ]
    tracks = taken.where("kind = 'track'").selectExpr("unix_seconds(arrived_at)", "source", "key")
    assert {tuple(row) for row in tracks.collect()} == {(YEARS_AGO, "files", None)}


def test_its_columns_are_those_of_bronze_before_ingest_adds_its_own(spark: SparkSession, tmp_path: Path) -> None:
    records = open_source(settings_of(tmp_path)).read_stream(spark)
    assert records.dtypes == [(c.name, c.type) for c in EVENTS.columns if not c.name.startswith("ingest")]


def test_a_record_that_is_too_large_keeps_its_beginning_and_its_length(spark: SparkSession, tmp_path: Path) -> None:
    large = b'{"id":"' + b"x" * 100_000 + b'"}'
    write(tmp_path / "in" / "tracks" / "a.ndjson", b'{"id":"t1"}\n' + large + b'\n{"id":"t2"}\n')
    lake = bronze(spark, tmp_path, "source.max_record_bytes=64k")
    assert rows(lake, "position", "value", "record_bytes") == [
        ("0", bytearray(b'{"id":"t1"}'), 11),
        ("1", bytearray(large[: 64 * 1024]), len(large)),
        ("2", bytearray(b'{"id":"t2"}'), 11),
    ]


def test_a_file_that_is_too_large_is_one_record_of_its_beginning_and_length(
    spark: SparkSession, tmp_path: Path
) -> None:
    write(tmp_path / "in" / "tracks" / "giant.ndjson", b'{"id":"t1"}\n' * 200)
    write(tmp_path / "in" / "tracks" / "small.ndjson", b'{"id":"t2"}\n')
    lake = bronze(spark, tmp_path, "source.files.max_file_bytes=1k")
    assert rows(lake, "partition", "position", "value", "record_bytes") == [
        ("giant.ndjson", "0", bytearray(b'{"id":"t1"}\n' * 200), 2400),
        ("small.ndjson", "0", bytearray(b'{"id":"t2"}'), 11),
    ]


def test_a_small_archive_of_a_large_file_is_one_record(spark: SparkSession, tmp_path: Path) -> None:
    bomb = gzip.compress(b"\t" * 1_000_000)
    write(tmp_path / "in" / "tracks" / "bomb.gz", bomb)
    lake = bronze(spark, tmp_path, "source.files.max_file_bytes=10k")
    assert rows(lake, "position", "value") == [("0", bytearray(bomb))]


def bronze(spark: SparkSession, folder: Path, setting: str) -> DataFrame:
    """Bronze after ingest has taken the folder `in`."""
    sets = [f"source.files.path={folder / 'in'}", setting]
    settings = load_settings(sets=sets, lake=str(folder / "lake"), env={})
    lake = Lake(settings.lake.uri)
    records = open_source(settings).read_stream(spark)
    query = ingest_query(spark, lake, records, settings.source.max_record_bytes)
    query.trigger(availableNow=True).start().awaitTermination()
    return lake.read(spark, EVENTS)


def test_a_later_run_takes_new_files_only_however_old_they_are(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path / "in" / "tracks" / "new.json", b'{"n":1}')
    source = open_source(settings_of(tmp_path / "in", max_files_per_trigger=1))
    take_all(source.read_stream(spark), tmp_path / "out")

    write(tmp_path / "in" / "tracks" / "old.json", b'{"n":2}', mtime=YEARS_AGO)
    write(tmp_path / "in" / "tracks" / "older.json", b'{"n":3}', mtime=YEARS_AGO - 10**8)
    taken = take_all(source.read_stream(spark), tmp_path / "out")

    assert rows(taken, "partition") == [("new.json",), ("old.json",), ("older.json",)]


@pytest.mark.parametrize(
    ("root", "path", "place"),
    [
        ("file:/r", "file:/r/tracks/f.json", ("track", "file:/r/tracks", "f.json")),
        ("file:/r", "file:/r/spotify.tracks/f.json", ("track", "file:/r/spotify.tracks", "f.json")),
        ("file:/r", "file:/r/a/b/play/c/f.json", ("play", "file:/r/a/b/play", "c/f.json")),
        ("file:/r", "file:/r/artists/tracks/f.json", ("artist", "file:/r/artists", "tracks/f.json")),
        ("file:/r", "file:/r/other/f.json", (None, "file:/r", "other/f.json")),
        ("file:/r", "file:/r/tracks", (None, "file:/r", "tracks")),
        ("file:/r", "file:/r/my tracks/f.json", (None, "file:/r", "my tracks/f.json")),
        ("file:/r/plays", "file:/r/plays/tracks/f.json", ("play", "file:/r/plays", "tracks/f.json")),
        ("s3a://plays/", "s3a://plays/tracks/f.json", ("play", "s3a://plays/", "tracks/f.json")),
        ("s3a://bucket/", "s3a://bucket/tracks/f.json", ("track", "s3a://bucket/tracks", "f.json")),
    ],
)
def test_the_topmost_folder_that_says_a_kind_is_the_stream(
    spark: SparkSession, root: str, path: str, place: tuple[str | None, str, str]
) -> None:
    files = spark.range(1).selectExpr(f"'{path}' AS path").transform(lambda df: placed(df, root, TOPICS))
    assert tuple(files.select("kind", "stream", "partition").collect()[0]) == place


def test_a_folder_says_a_kind_by_topic_kind_or_last_part_of_the_topic() -> None:
    assert kinds_of_folders({"track": "eu.Tracks"}) == {"eu.Tracks": "track", "track": "track", "Tracks": "track"}


def test_a_folder_that_would_say_several_kinds_says_none() -> None:
    topics = {"track": "everything", "artist": "everything", "play": "eu.items", "album": "us.items"}
    assert set(kinds_of_folders(topics)) == {"track", "artist", "play", "album", "eu.items", "us.items"}


def test_one_folder_has_one_name_however_it_is_written(spark: SparkSession, tmp_path: Path) -> None:
    written = [str(tmp_path), f"{tmp_path}/", f"file:{tmp_path}", f"file://{tmp_path}/", os.path.relpath(tmp_path)]
    assert {qualified(spark, path) for path in written} == {f"file:{tmp_path}"}


@pytest.mark.parametrize(
    ("sets", "problem"),
    [
        (["source.type=files"], "source.files.path: needed when source.type is files"),
        (
            ["source.type=kinesis", "source.kinesis.region=eu-west-1"],
            "source.kinesis.stream: needed when source.type is kinesis",
        ),
    ],
)
def test_a_source_that_cannot_work_is_refused(sets: list[str], problem: str) -> None:
    with pytest.raises(UsageError) as raised:
        open_source(load_settings(sets=sets, env={}))
    assert raised.value.problems == (problem,)
