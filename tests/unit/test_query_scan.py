"""Queries on a local lake whose files DuckDB reads by itself. The tables are written by delta-rs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable, Field, write_deltalake
from deltalake.schema import PrimitiveType

from soundlake.catalog import local
from soundlake.catalog.local import Part
from soundlake.catalog.local_engine import LocalEngine
from soundlake.catalog.query import ask, ask_all
from soundlake.core.schema import arrow_schema as schema
from soundlake.dashboard.source import DataSource
from soundlake.errors import SoundlakeError, UsageError
from soundlake.settings import load_settings
from soundlake.tables import BATCHES, EVENTS, TRACKS, Table

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


def test_a_lake_may_be_named_by_a_symbolic_link(lake: Path, tmp_path: Path) -> None:
    write(lake, {"track_id": "T1"})
    (tmp_path / "link").symlink_to(lake)
    assert rows(tmp_path / "link", "SELECT track_id FROM silver_tracks") == [{"track_id": "T1"}]


def test_a_layer_and_a_table_may_be_symbolic_links(lake: Path, tmp_path: Path) -> None:
    write(lake, {"track_id": "T1"})
    for name in (TRACKS.path, "silver"):
        elsewhere = tmp_path / "another disk" / name.replace("/", "-")
        elsewhere.parent.mkdir(exist_ok=True)
        (lake / name).rename(elsewhere)
        (lake / name).symlink_to(elsewhere)
    assert rows(lake, "SELECT track_id FROM silver_tracks") == [{"track_id": "T1"}]


@pytest.fixture
def engine(lake: Path) -> Iterator[LocalEngine]:
    with closing(LocalEngine(load_settings(lake=str(lake), env={}))) as engine:
        yield engine


def tracks(lake: Path, engine: LocalEngine, *having: str) -> list[str]:
    settings = load_settings(lake=str(lake), env={})
    part = Part(("track_id",), (("track_id", having),) if having else ())
    (answer,) = ask_all(settings, ["SELECT track_id FROM silver_tracks ORDER BY 1"], None, {TRACKS.view: part}, engine)
    return [row["track_id"] for row in answer.rows.to_pylist()]


def test_an_engine_that_is_kept_reads_each_table_as_it_is_now(lake: Path, engine: LocalEngine) -> None:
    write(lake, {"track_id": "T1"})
    assert tracks(lake, engine) == ["T1"]
    write(lake, {"track_id": "T2"})
    assert tracks(lake, engine) == ["T1", "T2"]
    DeltaTable(lake / TRACKS.path).delete()
    assert tracks(lake, engine) == []


def test_queries_of_one_engine_do_not_see_what_others_ask_at_the_same_time(lake: Path, engine: LocalEngine) -> None:
    write(lake, *({"track_id": f"T{number}"} for number in range(40)))
    asked = [f"T{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda track: tracks(lake, engine, track), asked)) == [[track] for track in asked]


def test_an_engine_whose_duckdb_has_ended_starts_another(lake: Path, engine: LocalEngine) -> None:
    write(lake, {"track_id": "T1"})
    engine._duckdb.close()
    assert tracks(lake, engine) == ["T1"]


def test_the_pages_follow_a_link_to_another_lake_and_a_change_of_the_time_zone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(begun(tmp_path / name), {"track_id": name})
    link = tmp_path / "link"

    def told(at: str, zone: str) -> tuple[Any, ...]:
        link.unlink(missing_ok=True)
        link.symlink_to(tmp_path / at)
        settings = load_settings(lake=str(link), sets=[f"insights.time_zone={zone}"], env={})
        when = "CAST(TIMESTAMPTZ '2021-12-31 23:30:00+00' AS date) AS day"
        frame = DataSource(settings).ask_now(f"SELECT track_id, {when} FROM silver_tracks")
        return frame["track_id"][0], str(frame["day"][0])[:10]

    assert told("a", "UTC") == ("a", "2021-12-31")
    assert told("b", "UTC") == ("b", "2021-12-31")
    assert told("b", "Asia/Tokyo") == ("b", "2022-01-01")


@pytest.fixture
def spilled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the engines of a test have their files."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp"


def test_an_engine_that_is_closed_during_a_query_leaves_nothing_on_disk(lake: Path, spilled: Path) -> None:
    engine = LocalEngine(load_settings(lake=str(lake), env={}))
    with engine.connect() as connection, ThreadPoolExecutor(1) as pool:
        connection.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")
        running = pool.submit(connection.execute, "SELECT max(hash(range)) FROM range(100_000_000_000)")
        while connection.query_progress() < 0 and not running.done():
            Event().wait(0.01)
        engine.close()
        connection.interrupt()
        assert isinstance(running.exception(), duckdb.InterruptException)
    assert list(spilled.iterdir()) == []


def test_an_engine_leaves_nothing_on_disk(lake: Path, spilled: Path) -> None:
    engine = LocalEngine(load_settings(lake=str(lake), env={}))
    assert len(list(spilled.iterdir())) == 1
    engine.close()
    assert list(spilled.iterdir()) == []


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


def test_of_a_table_in_partitions_only_what_is_needed_is_read(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    event = {"value": b"{}", "stream": "s", "partition": "0", "position": "1", "ingest_date": AT.date()}
    write_deltalake(lake / EVENTS.path, pa.Table.from_pylist([event], schema(EVENTS)), mode="append")
    monkeypatch.setattr(local, "read_declared", lambda *_: pytest.fail("it was read to memory as a whole"))
    assert rows(lake, "SELECT count(*) AS n, min(ingest_date) AS day FROM bronze_events") == [
        {"n": 1, "day": AT.date()}
    ]


def test_a_partition_in_a_folder_of_another_name_has_the_value_of_the_log(lake: Path) -> None:
    event = {"value": b"{}", "stream": "s", "partition": "0", "position": "1", "ingest_date": AT.date()}
    write_deltalake(lake / EVENTS.path, pa.Table.from_pylist([event], schema(EVENTS)), mode="append")
    (folder,) = (lake / EVENTS.path).glob("ingest_date=*")
    folder.rename(folder.with_name("x1"))
    log = lake / EVENTS.path / "_delta_log" / f"{1:020}.json"
    log.write_text(log.read_text().replace(f'"path":"{folder.name}/', '"path":"x1/'))
    assert rows(lake, "SELECT ingest_date FROM bronze_events") == [{"ingest_date": AT.date()}]


@pytest.mark.parametrize("table", [EVENTS, TRACKS])
def test_a_damaged_file_is_told_with_its_table(lake: Path, table: Table) -> None:
    write_deltalake(lake / table.path, pa.Table.from_pylist([{table.key[0]: "1"}], schema(table)), mode="append")
    (file,) = (lake / table.path).rglob("*.parquet")
    file.write_bytes(b"garbage" * 100)
    with pytest.raises(SoundlakeError, match=rf"{table.path} of .* cannot be read: "):
        rows(lake, f"SELECT * FROM {table.view}")


def test_a_file_that_is_gone_is_told_with_its_table(lake: Path) -> None:
    write(lake, {"track_id": "T1"})
    for file in (lake / TRACKS.path).glob("*.parquet"):
        file.unlink()
    with pytest.raises(SoundlakeError, match=r"silver/tracks of .* cannot be read: "):
        rows(lake, "SELECT * FROM silver_tracks")


def test_a_query_reads_no_other_file(lake: Path, tmp_path: Path, engine: LocalEngine) -> None:
    write(lake, {"track_id": "T1"})
    (tmp_path / f"{lake.name}-of-others").mkdir()
    for secret in ("secret.csv", f"{lake.name}-of-others/secret.csv"):
        (tmp_path / secret).write_text("a\n1\n")
    (mine,) = (lake / TRACKS.path).glob("*.parquet")
    other = mine.rename(tmp_path / "other.parquet")
    mine.write_bytes(other.read_bytes())
    among = (f"{lake.name}-of-others/secret.csv", f"{lake.name}*/secret.csv", f"{lake.name}/../secret.csv")
    outside = ("secret.csv", "other.parquet", "*.parquet", *among)
    for place in (*outside, "lake/silver/tracks/_delta_log/*.json", f"lake/silver/tracks/{mine.name}"):
        with pytest.raises(SoundlakeError, match=r"cannot be used in FROM: use a table"):
            rows(lake, f"SELECT t.*, o.* FROM silver_tracks AS t, '{tmp_path}/{place}' AS o")
    for place in outside:
        with (
            engine.connect() as connection,
            pytest.raises(duckdb.PermissionException, match="disabled by configuration"),
        ):
            connection.execute(f"SELECT * FROM '{tmp_path}/{place}'")


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


def test_a_query_that_runs_a_text_is_refused(lake: Path) -> None:
    """The text could be a statement that writes: it is no part of what is examined."""
    write(lake, {"track_id": "T1"})
    (file,) = (lake / TRACKS.path).glob("*.parquet")
    before = file.read_bytes()
    copy = f"WITH x AS (COPY (SELECT 1 AS a) TO '{file}' (USE_TMP_FILE false)) SELECT 1"
    with duckdb.connect() as connection:
        (serialised,) = connection.execute("SELECT json_serialize_sql(?)", [copy]).fetchall()[0]
    quoted = str(serialised).replace("'", "''")
    hidden = copy.replace("'", "''")
    for runs in (f"json_execute_serialized_sql('{quoted}')", f"query('{hidden}')", f"QUERY('{hidden}')"):
        for sql in (f"SELECT * FROM {runs}, silver_tracks", f"SELECT (SELECT count(*) FROM {runs}) FROM silver_tracks"):
            with pytest.raises(UsageError, match="cannot be used in FROM"):
                rows(lake, sql)
    assert file.read_bytes() == before


def test_functions_that_make_rows_are_run(lake: Path) -> None:
    write(lake, {"track_id": "T1", "artist_names": ["a", "b"]})
    sql = "SELECT n, name FROM range(1) AS r(n), silver_tracks AS t, UNNEST(t.artist_names) AS u(name) ORDER BY name"
    assert rows(lake, sql) == [{"n": 0, "name": "a"}, {"n": 0, "name": "b"}]


def test_a_query_that_is_nested_too_deeply_is_refused(lake: Path) -> None:
    with pytest.raises(UsageError, match="not valid SQL|nested too deeply"):
        rows(lake, f"SELECT {'(' * 3000}1{')' * 3000}")


def test_what_does_not_fit_into_memory_does_not_go_to_the_working_directory(
    lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    (row,) = rows(lake, "SELECT current_setting('temp_directory') AS folder")
    assert Path(row["folder"]).parent == elsewhere
    assert not [*here.iterdir(), *elsewhere.iterdir()]


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
