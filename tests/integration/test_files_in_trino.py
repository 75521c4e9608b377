"""Tables of plain files, as they are registered, read by Trino: folders by projection, versions changed at once.

The files are written by Arrow here; that the export job writes such files is shown in test_athena_engine.py.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from helpers.on_s3 import new_bucket
from helpers.services.kinesis import CREDENTIALS
from helpers.services.object_store import ObjectStore
from helpers.services.trino import Trino
from soundlake.catalog.exported import LANDING, Exported, move_to, register_landing
from soundlake.catalog.layouts import Layout
from soundlake.settings import Settings, load_settings
from soundlake.tables import Column, Table

pytestmark = pytest.mark.slow

NUMBERS = count()
HEARD = Table(
    "gold",
    "heard",
    "What was heard",
    ("track_id", "day"),
    (
        Column("track_id", "string", "id of the track"),
        Column("genre", "string", "genre"),
        Column("day", "date", "day"),
        Column("heard_at", "timestamp", "when"),
        Column("plays", "bigint", "how often"),
        Column("artist_ids", "array<string>", "artists"),
    ),
)


@dataclass
class World:
    """A bucket, a database, and Trino over both."""

    store: ObjectStore
    trino: Trino
    settings: Settings
    bucket: str

    def write(self, folder: str, **columns: list[Any]) -> None:
        types = {"day": pa.date32(), "heard_at": pa.timestamp("us", tz="UTC"), "artist_ids": pa.list_(pa.string())}
        table = pa.table({name: pa.array(values, types.get(name)) for name, values in columns.items()})
        file = io.BytesIO()
        pa_parquet.write_table(table, file)
        self.store.client().put_object(Bucket=self.bucket, Key=f"{folder}/part-0.parquet", Body=file.getvalue())

    def move(self, folder: str, layout: Layout | None = None, *values: str) -> str:
        return move_to(self.settings, Exported(HEARD, f"s3a://{self.bucket}/{folder}", layout, values))

    def ask(self, sql: str) -> list[list[Any]]:
        return self.trino.ask(sql, self.settings.catalog.database).rows

    def types(self, table: str) -> Mapping[str, str]:
        return {row[0]: row[1] for row in self.ask(f"SHOW COLUMNS FROM {table}")}


@pytest.fixture
def world(object_store: ObjectStore, aws: str, trino: Trino, monkeypatch: pytest.MonkeyPatch) -> World:
    for name, value in {**CREDENTIALS, "AWS_DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    bucket = new_bucket(object_store)
    sets = [
        *(f"catalog.endpoint_url={aws}", f"s3.endpoint_url={object_store.url}", "catalog.type=glue"),
        *(f"catalog.database=files_{next(NUMBERS)}", f"source.files.path=s3://{bucket}/raw"),
    ]
    return World(object_store, trino, load_settings(sets=sets, lake=f"s3://{bucket}/lake", env={}), bucket)


def a_row(**more: Any) -> dict[str, list[Any]]:
    row = {"track_id": "t1", "genre": "j-pop", "plays": 3, "artist_ids": ["a1", "a2"]}
    moment = {"heard_at": datetime(2026, 3, 1, 10, 30, tzinfo=UTC)}
    return {name: [value] for name, value in {**row, **moment, **more}.items()}


def test_folders_by_day_are_found_without_a_crawler(world: World) -> None:
    days = [date(2026, 3, 1), date(2026, 3, 3)]
    for day in days:
        world.write(f"x/v1/day={day}", **a_row(track_id=str(day)))
    world.move("x/v1", Layout("date", "day"), *(str(day) for day in days))
    assert world.ask("SELECT day, track_id, plays FROM gold_heard_parquet ORDER BY day") == [
        [str(day), str(day), 3] for day in days
    ]
    assert world.ask("SELECT count(*) FROM gold_heard_parquet WHERE day = DATE '2026-03-03'") == [[1]]


def test_columns_have_true_types(world: World) -> None:
    world.write("x/v1/day=2026-03-01", **a_row())
    world.move("x/v1", Layout("date", "day"), "2026-03-01", "2026-03-01")
    assert world.types("gold_heard_parquet") == {
        "track_id": "varchar",
        "genre": "varchar",
        "heard_at": "timestamp(3)",
        "plays": "bigint",
        "artist_ids": "array(varchar)",
        "day": "date",
    }
    assert world.ask("SELECT heard_at, artist_ids FROM gold_heard_parquet") == [
        ["2026-03-01 10:30:00.000", ["a1", "a2"]]
    ]


def test_folders_by_word_and_by_bucket_are_found(world: World) -> None:
    for word in ("j-pop", "rock"):
        world.write(f"words/v1/genre_key={word}", **a_row(genre=word, day=date(2026, 3, 1)))
    world.move("words/v1", Layout("key", "genre"), "j-pop", "rock")
    assert world.ask("SELECT genre FROM gold_heard_parquet WHERE genre_key = 'rock'") == [["rock"]]
    assert world.ask("SELECT count(DISTINCT genre_key) FROM gold_heard_parquet") == [[2]]
    for bucket in (0, 15):
        world.write(f"buckets/v1/track_bucket={bucket}", **a_row(plays=bucket, day=date(2026, 3, 1)))
    world.move("buckets/v1", Layout("bucket", "track_id"), "0", "15")
    assert world.ask("SELECT sum(plays), max(track_bucket) FROM gold_heard_parquet") == [[15, 15]]


def test_a_table_is_moved_to_its_next_version_in_one_step(world: World) -> None:
    world.write("x/v1", **a_row(day=date(2026, 3, 1), plays=1))
    assert world.move("x/v1") == "created"
    world.write("x/v2", **a_row(day=date(2026, 3, 1), plays=2))
    assert world.ask("SELECT plays FROM gold_heard_parquet") == [[1]]
    assert world.move("x/v2") == "updated"
    assert world.ask("SELECT plays FROM gold_heard_parquet") == [[2]]
    assert world.move("x/v2") == "unchanged"


def test_an_empty_table_has_no_folders_and_no_rows(world: World) -> None:
    for layout in (Layout("date", "day"), Layout("key", "genre")):
        world.move("empty/v1", layout)
        assert world.ask("SELECT count(*) FROM gold_heard_parquet") == [[0]]


def test_raw_records_are_queried_where_they_landed(world: World) -> None:
    lines = '{"kind": "track", "payload": {"id": "t1"}}\n{"kind": "track", "payload": {"id": "t2"}}\n'
    world.store.client().put_object(Bucket=world.bucket, Key="raw/spotify.tracks/2026/11/a.json", Body=lines.encode())
    world.store.client().put_object(Bucket=world.bucket, Key="raw/other/b.json", Body=b"no kind of Soundlake's")
    outcome = register_landing(world.settings)
    assert outcome is not None
    assert (outcome.state, outcome.details) == ("created", ("folders spotify.tracks",))
    ids = world.ask(f"SELECT json_extract_scalar(line, '$.payload.id'), folder FROM {LANDING} ORDER BY 1")
    assert ids == [["t1", "spotify.tracks"], ["t2", "spotify.tracks"]]
    again = register_landing(world.settings)
    assert again is not None
    assert again.state == "unchanged"


def test_records_that_do_not_land_on_s3_are_not_registered(world: World) -> None:
    elsewhere = load_settings(sets=["source.files.path=records", "catalog.type=glue"], lake="s3://b/lake", env={})
    assert register_landing(elsewhere) is None
