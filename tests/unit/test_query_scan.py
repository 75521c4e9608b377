"""Queries on a local lake whose files DuckDB reads by itself. The tables are written by delta-rs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, Field, write_deltalake
from deltalake.schema import PrimitiveType

from soundlake.catalog.query import ask
from soundlake.core.schema import arrow_schema as schema
from soundlake.errors import SoundlakeError, UsageError
from soundlake.settings import load_settings
from soundlake.tables import BATCHES, EVENTS, TRACKS

pytestmark = pytest.mark.heavy

AT = datetime(2021, 12, 31, 23, 30, 0, 250_000, tzinfo=UTC)


def rows(lake: Path, sql: str, *sets: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(load_settings(lake=str(lake), sets=sets, env={}), sql, None).rows.to_pylist()
    return found


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return begun(tmp_path / "lake")


def begun(lake: Path) -> Path:
    """A lake that has taken in nothing yet."""
    write_deltalake(lake / EVENTS.path, schema(EVENTS).empty_table(), partition_by=["ingest_date"])
    return lake


def write(lake: Path, *tracks: dict[str, Any], without: tuple[str, ...] = ()) -> None:
    table = pa.Table.from_pylist(list(tracks), schema(TRACKS)).drop_columns(list(without))
    write_deltalake(lake / TRACKS.path, table, mode="append", schema_mode="merge")


@pytest.mark.parametrize("name", ["it's", "*new*", "what?", "5 %", "a=b", "日本語", 'the "lake"', "c:#1"])
def test_a_lake_may_have_any_name(tmp_path: Path, name: str) -> None:
    lake = begun(tmp_path / name)
    write(lake, {"track_id": "T1"})
    assert rows(lake, "SELECT track_id FROM silver_tracks") == [{"track_id": "T1"}]


def test_the_columns_of_two_versions_are_read_together(lake: Path) -> None:
    write(lake, {"track_id": "old"}, without=("isrc", "popularity"))
    write(lake, {"track_id": "new", "isrc": "XX1", "popularity": 3})
    assert rows(lake, "SELECT track_id, isrc, popularity + 1 AS more FROM silver_tracks ORDER BY 1") == [
        {"track_id": "new", "isrc": "XX1", "more": 4},
        {"track_id": "old", "isrc": None, "more": None},
    ]


def test_a_column_that_no_file_has_is_null_and_has_its_type(lake: Path) -> None:
    write(lake, {"track_id": "old"}, without=("popularity", "artist_names"))
    assert rows(lake, "SELECT popularity / 2 AS half, element_at(artist_names, 1) AS first FROM silver_tracks") == [
        {"half": None, "first": None}
    ]


def test_all_columns_come_in_the_order_of_the_table(lake: Path) -> None:
    write(lake, {"track_id": "old"}, without=("track_name",))
    (row,) = rows(lake, "SELECT * FROM silver_tracks")
    assert set(row) == set(TRACKS.column_names)
    assert list(row)[:2] == [name for name in TRACKS.column_names if name != "track_name"][:2]


def test_moments_are_read_to_the_microsecond_in_any_time_zone(lake: Path) -> None:
    write(lake, {"track_id": "T1", "fetched_at": AT})
    sql = "SELECT fetched_at FROM silver_tracks WHERE fetched_at > TIMESTAMP '2022-01-01 08:00:00'"
    (row,) = rows(lake, sql, "insights.time_zone=Asia/Tokyo")  # half past eight in the morning there
    assert row["fetched_at"] == AT


def test_structs_and_lists_are_read(lake: Path) -> None:
    counts = {"read": 5, "accepted": 4, "duplicate": 1, "stale": 0, "rejected": 0}
    batch = {"query": "refine", "batch_id": 1, "by_kind": [("track", counts)]}
    write_deltalake(lake / BATCHES.path, pa.Table.from_pylist([batch], schema(BATCHES)))
    assert rows(lake, "SELECT element_at(by_kind, 'track').read AS n FROM ops_batches") == [{"n": 5}]


def test_deleted_rows_and_files_of_versions_before_are_not_read(lake: Path) -> None:
    write(lake, {"track_id": "T1"}, {"track_id": "T2"})
    write(lake, {"track_id": "T3"})
    DeltaTable(lake / TRACKS.path).delete("track_id = 'T1'")
    assert rows(lake, "SELECT track_id FROM silver_tracks ORDER BY 1") == [{"track_id": "T2"}, {"track_id": "T3"}]


def test_a_table_in_partitions_is_read_with_its_partition_column(lake: Path) -> None:
    event = {"value": b"{}", "stream": "s", "partition": "0", "position": "1", "ingest_date": AT.date()}
    write_deltalake(lake / EVENTS.path, pa.Table.from_pylist([event], schema(EVENTS)), mode="append")
    assert rows(lake, "SELECT position, ingest_date FROM bronze_events") == [
        {"position": "1", "ingest_date": AT.date()}
    ]


def test_a_file_that_is_gone_is_told_with_its_table(lake: Path) -> None:
    write(lake, {"track_id": "T1"})
    for file in (lake / TRACKS.path).glob("*.parquet"):
        file.unlink()
    with pytest.raises(SoundlakeError, match=r"silver/tracks of .* cannot be read: "):
        rows(lake, "SELECT * FROM silver_tracks")


def test_a_query_reads_no_other_file(lake: Path, tmp_path: Path) -> None:
    write(lake, {"track_id": "T1"})
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (mine,) = (lake / TRACKS.path).glob("*.parquet")
    other = mine.rename(tmp_path / "other.parquet")
    mine.write_bytes(other.read_bytes())
    for place in ("secret.csv", "other.parquet", "*.parquet", "lake/silver/tracks/_delta_log/*.json"):
        with pytest.raises(SoundlakeError, match="disabled by configuration"):
            rows(lake, f"SELECT t.*, o.* FROM silver_tracks AS t, '{tmp_path}/{place}' AS o")


@pytest.mark.parametrize("format_", ["FORMAT parquet", "FORMAT csv"])
def test_a_query_writes_no_file(lake: Path, format_: str) -> None:
    """DuckDB calls it a SELECT, and may write where it may read."""
    write(lake, {"track_id": "T1"})
    (file,) = (lake / TRACKS.path).glob("*.parquet")
    before = file.read_bytes()
    for begin, end in (("", ""), ("SELECT * FROM (", ")"), ("SELECT (SELECT count(*) FROM (", "))")):
        copy = f"WITH x AS (COPY (SELECT 1 AS a) TO '{file}' ({format_}, USE_TMP_FILE false)) SELECT 1 FROM x"
        with pytest.raises(UsageError, match="only one SELECT can be run"):
            rows(lake, f"{begin}{copy}{end}")
    assert file.read_bytes() == before


def test_a_query_that_speaks_of_writing_is_run(lake: Path) -> None:
    assert rows(lake, "SELECT {'type': 'COPY_QUERY_NODE'} AS a") == [{"a": {"type": "COPY_QUERY_NODE"}}]


def test_files_with_signs_that_the_log_encodes_are_read(lake: Path) -> None:
    write(lake, {"track_id": "T1"})
    (file,) = (lake / TRACKS.path).glob("*.parquet")
    file.rename(file.with_name("a b%1.parquet"))
    (log,) = (lake / TRACKS.path / "_delta_log").glob("*.json")
    log.write_text(log.read_text().replace(file.name, "a%20b%251.parquet"))
    assert rows(lake, "SELECT track_id FROM silver_tracks") == [{"track_id": "T1"}]


def test_a_column_that_only_the_log_has_is_null(lake: Path) -> None:
    write(lake, {"track_id": "T1"})
    DeltaTable(lake / TRACKS.path).alter.add_columns([Field("extra", PrimitiveType("long"))])
    assert rows(lake, "SELECT extra + 1 AS more FROM silver_tracks") == [{"more": None}]
