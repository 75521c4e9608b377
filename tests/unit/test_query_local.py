"""`soundlake query` on a lake without a catalog. The Delta tables are written by delta-rs."""

from __future__ import annotations

import csv
import re
import signal
import subprocess
import sys
from _thread import interrupt_main
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Timer
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
import pytest
from deltalake import DeltaTable, write_deltalake

from helpers.asking import schema
from helpers.aws_environment import KEYS, set_credentials
from helpers.services.moto import moto_server
from soundlake.catalog.local import Part
from soundlake.catalog.output import as_text
from soundlake.catalog.query import ask, ask_all, sql_of
from soundlake.catalog.query_result import QueryResult
from soundlake.catalog.sql_text import Shared
from soundlake.cli import main
from soundlake.errors import MissingTableError, SoundlakeError, UsageError
from soundlake.insights import load_insights, render
from soundlake.settings import load_settings
from soundlake.tables import ALBUMS, ARTISTS, EVENTS, PLAYS, POPULARITY_HISTORY, TRACKS, Table
from soundlake.views import LISTENING

pytestmark = pytest.mark.heavy


def write(lake: Path, table: Table, *rows: dict[str, Any]) -> None:
    write_deltalake(lake / table.path, pa.Table.from_pylist(list(rows), schema(table)))


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    lake = tmp_path / "lake"
    at = datetime(2021, 12, 31, 20, 30, tzinfo=UTC)
    write(lake, EVENTS)
    names = {"track_id": "T1", "track_name": 'say "hi", all', "artist_id": "A1", "artist_names": ["Ana", None]}
    first = {**names, "album_id": "L1", "fetched_at": at, "popularity": 60, "release_date": date(2021, 5, 1)}
    write(lake, TRACKS, first, {"track_id": "T2", "popularity": 7})
    write(lake, ALBUMS, {"album_id": "L1", "album_name": "One", "popularity": 70})
    write(lake, ARTISTS, {"artist_id": "A1", "artist_name": "Ana", "genres": ["pop", "rock"]})
    play = {"play_id": "P1", "user_id": "u", "content_type": "track", "track_id": "T1", "played_at": at}
    write(lake, PLAYS, {**play, "played_date": at.date(), "ms_played": 1000})
    write(lake, POPULARITY_HISTORY)
    return lake


def run(lake: Path, sql: str, *sets: str, limit: int | None = None) -> QueryResult:
    settings = load_settings(lake=str(lake), sets=sets, env={})
    return ask(settings, sql_of(settings, sql), limit)


def rows(lake: Path, sql: str, *sets: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in run(lake, sql, *sets).rows.to_pylist()]


def exit_code(monkeypatch: pytest.MonkeyPatch, *argv: str) -> object:
    monkeypatch.setattr("sys.argv", ["soundlake", *argv])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_a_select_reads_the_tables_by_their_names_in_sql(lake: Path) -> None:
    sql = "SELECT t.track_id, a.artist_name FROM Silver_Tracks t JOIN silver_artists a ON a.artist_id = t.artist_id"
    assert rows(lake, sql) == [("T1", "Ana")]


def test_values_have_their_types(lake: Path) -> None:
    (row,) = rows(lake, "SELECT fetched_at, release_date, popularity, artist_names FROM silver_tracks LIMIT 1")
    assert row == (datetime(2021, 12, 31, 20, 30, tzinfo=UTC), date(2021, 5, 1), 60, ["Ana", None])


def test_sums_of_whole_numbers_are_bigint_as_in_athena(lake: Path) -> None:
    assert run(lake, "SELECT sum(popularity) AS s FROM silver_tracks").rows.schema.field("s").type == pa.int64()


def test_sums_too_large_for_bigint_are_kept(lake: Path) -> None:
    assert rows(lake, f"SELECT sum(x) AS s FROM (VALUES ({2**62}), ({2**62})) v(x)") == [(2**63,)]


def test_sql_means_what_it_means_in_athena(lake: Path) -> None:
    sql = "SELECT 7 / 2, element_at(genres, 1), element_at(MAP {'a': 5}, 'a'), cardinality(genres) FROM silver_artists"
    assert rows(lake, sql) == [(3, "pop", 5, 2)]


@pytest.mark.parametrize("name", ["listening_by_hour", "weekly_plays"])
def test_an_insight_is_run_by_its_name(lake: Path, name: str) -> None:
    (insight,) = [one for one in load_insights() if one.name == name]
    answer = run(lake, name)
    assert tuple(answer.rows.column_names) == insight.table.column_names
    assert answer.rows.num_rows == 1


def test_days_are_told_in_the_time_zone_of_the_marts_and_times_in_utc(lake: Path) -> None:
    sql = "SELECT CAST(played_at AS date) AS day, played_at FROM silver_plays"
    moment = datetime(2021, 12, 31, 20, 30, tzinfo=UTC)
    assert rows(lake, sql) == [(date(2021, 12, 31), moment)]
    in_tokyo = run(lake, sql, "insights.time_zone=Asia/Tokyo").rows
    assert in_tokyo.to_pylist() == [{"day": date(2022, 1, 1), "played_at": moment}]
    assert in_tokyo.schema.field("played_at").type.tz == "UTC"


def test_an_insight_is_asked_as_of_the_day_of_the_settings() -> None:
    settings = load_settings(sets=["insights.as_of=2020-01-02"], env={})
    (insight,) = [one for one in load_insights() if one.name == "top_albums"]
    assert "DATE '2020-01-02'" in sql_of(settings, "top_albums")
    assert sql_of(settings, "top_albums") == render(insight.sql, date(2020, 1, 2))


def test_no_more_rows_are_given_than_wanted(lake: Path) -> None:
    answer = run(lake, "SELECT track_id FROM silver_tracks ORDER BY track_id DESC", limit=1)
    assert (answer.rows.to_pylist(), answer.has_more) == ([{"track_id": "T2"}], True)
    assert not run(lake, "SELECT track_id FROM silver_tracks", limit=2).has_more


def test_only_the_tables_that_are_named_are_read(lake: Path) -> None:
    (lake / TRACKS.path / "_delta_log" / "00000000000000000000.json").write_text("damaged")
    assert rows(lake, "SELECT artist_name FROM silver_artists -- not silver_tracks") == [("Ana",)]
    assert rows(lake, "SELECT artist_name FROM silver_artists WHERE artist_name <> 'silver_tracks'") == [("Ana",)]
    assert rows(lake, "SELECT '--', artist_name FROM silver_artists") == [("--", "Ana")]
    with pytest.raises(SoundlakeError, match=r"lake/silver/tracks cannot be read"):
        rows(lake, "SELECT 1 FROM silver_tracks")


def test_of_a_view_only_the_rows_of_one_listener_are_read(lake: Path) -> None:
    again = {
        "played_at": datetime(2021, 12, 31, tzinfo=UTC),
        "played_date": date(2021, 12, 31),
        "content_type": "track",
    }
    more = [{**again, "play_id": "P2", "user_id": "v", "track_id": "T2"}]
    write_deltalake(lake / PLAYS.path, pa.Table.from_pylist(more, schema(PLAYS)), mode="append")
    settings = load_settings(lake=str(lake), env={})

    def tracks(**having: str) -> list[str]:
        part = Part(("track_id",), tuple(having.items()))
        (answer,) = ask_all(
            settings, ["SELECT track_id FROM silver_listening ORDER BY 1"], None, {LISTENING.view: part}
        )
        return [row["track_id"] for row in answer.rows.to_pylist()]

    assert tracks(user_id="v") == ["T2"]
    # What else is asked for stays with the query: plays of one track are judged by those of all.
    assert tracks(track_id="T2") == ["T1", "T2"]


def test_what_several_selects_share_is_computed_once(lake: Path) -> None:
    shared = Shared("known", "SELECT track_id, uuid() AS drawn FROM silver_tracks")
    selects = [
        "SELECT drawn FROM known ORDER BY track_id",
        "WITH others AS (SELECT * FROM known) SELECT drawn FROM others ORDER BY track_id",
    ]
    one, other = ask_all(load_settings(lake=str(lake), env={}), selects, None, shared=shared)
    assert one.rows.num_rows == 2
    assert one.rows == other.rows


def test_what_is_shared_only_reads(lake: Path) -> None:
    with pytest.raises(UsageError, match="only one SELECT"):
        ask_all(
            load_settings(lake=str(lake), env={}), ["SELECT 1"], None, shared=Shared("x", "DROP TABLE silver_plays")
        )


def test_a_mart_that_is_not_built_yet_is_named(lake: Path) -> None:
    with pytest.raises(SoundlakeError, match=r"not in .*lake yet: gold_top_albums: run .* build_insights"):
        rows(lake, "SELECT * FROM gold_top_albums")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gold_top_album", r"gold_top_albums \(made by \./spark-submit\.sh build_insights\)"),
        ("track_cluster", r"gold_track_clusters \(made by \./spark-submit\.sh train_clusters\)"),
        ("Tracks", r"silver_tracks \(made by \./spark-submit\.sh stream\)"),
        ("listening", r"silver_listening \(made by \./spark-submit\.sh stream\)"),
    ],
)
def test_an_unknown_table_is_told_the_nearest_and_the_job_that_makes_it(lake: Path, name: str, meant: str) -> None:
    with pytest.raises(MissingTableError, match=f"there is no table {name}: did you mean .*{meant}") as caught:
        rows(lake, f"SELECT * FROM {name}")
    assert caught.value.tables == (name,)


def test_a_table_unlike_any_other_is_told_where_the_tables_are_listed(lake: Path) -> None:
    with pytest.raises(MissingTableError, match="there is no table xyzzy: soundlake status lists the tables"):
        rows(lake, "SELECT * FROM xyzzy")


def test_a_name_in_a_text_is_no_table(lake: Path) -> None:
    assert rows(lake, "SELECT 'gold_top_albums'") == [("gold_top_albums",)]


def test_internal_tables_cannot_be_asked_as_in_athena(lake: Path) -> None:
    write_deltalake(lake / "silver" / "stamps", pa.table({"id": ["x"]}))
    with pytest.raises(MissingTableError, match="there is no table silver_stamps"):
        rows(lake, "SELECT * FROM silver_stamps")


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE silver_tracks",
        "COPY (SELECT 1) TO 'x.csv'",
        "SELECT 1; DROP TABLE silver_tracks",
        "WITH a AS (SELECT 1) INSERT INTO silver_tracks SELECT * FROM a",
        "/* SELECT */ CREATE TABLE x (y int)",
        "-- nothing",
        "selection from x",
    ],
)
def test_only_one_select_can_be_run(lake: Path, sql: str) -> None:
    with pytest.raises(UsageError, match=r"SELECT can be run"):
        run(lake, sql)


@pytest.mark.parametrize(
    "sql",
    ["select 1;", "-- a note\n/* and\nanother */ SELECT 1", "WITH a AS (SELECT 1 x) SELECT x FROM a", "(SELECT 1)"],
)
def test_a_select_may_be_written_in_many_ways(lake: Path, sql: str) -> None:
    assert rows(lake, sql) == [(1,)]


def test_files_beside_the_lake_are_not_read(lake: Path, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a\n1\n")
    with pytest.raises(SoundlakeError, match="disabled|cannot be used in FROM"):
        rows(lake, f"SELECT * FROM read_csv('{tmp_path}/x.csv')")


def test_sql_that_is_wrong_is_wrong_usage(lake: Path) -> None:
    with pytest.raises(UsageError, match="not valid SQL"):
        run(lake, "SELECT FROM WHERE")
    with pytest.raises(SoundlakeError, match="no_such_column"):
        run(lake, "SELECT no_such_column FROM silver_tracks")


def test_an_unknown_insight_is_told_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no insight 'top_album': did you mean top_albums?"):
        sql_of(load_settings(env={}), "top_album")


def test_a_lake_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no lake at"):
        run(tmp_path / "none", "SELECT 1")


def test_a_table_is_shown_whole(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    sql = "SELECT track_id, track_name, artist_names, fetched_at FROM silver_tracks ORDER BY track_id"
    assert exit_code(monkeypatch, "query", sql, "--lake", str(lake)) == 0
    out, err = capsys.readouterr()
    lines = [line.split("  ") for line in out.splitlines()]
    assert [[cell.strip() for cell in line if cell.strip()] for line in lines] == [
        ["track_id", "track_name", "artist_names", "fetched_at"],
        ["T1", 'say "hi", all', "[Ana, null]", "2021-12-31 20:30:00.000 UTC"],
        ["T2", "null", "null", "null"],
    ]
    assert err.startswith(f"soundlake: 2 rows; read 1 table of {lake} in ")


def test_a_table_has_a_hundred_rows_unless_told(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sql = "SELECT * FROM range(250) AS r(n)"
    assert exit_code(monkeypatch, "query", sql, "--lake", str(lake)) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 101
    assert "100 rows, there are more: --limit 0 gives all" in err
    assert exit_code(monkeypatch, "query", sql, "--lake", str(lake), "--limit", "0") == 0
    assert len(capsys.readouterr().out.splitlines()) == 251


def test_csv_tells_null_and_empty_apart(lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = "SELECT '' AS a, CAST(NULL AS varchar) AS b, 1 AS n, [1, 2] AS l, DATE '2021-12-31' AS d"
    assert exit_code(monkeypatch, "query", sql, "--lake", str(lake), "--out", str(tmp_path / "x.csv")) == 0
    assert (tmp_path / "x.csv").read_text() == '"a","b","n","l","d"\n"",,1,"[1, 2]",2021-12-31\n'


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"])
def test_a_name_that_a_spreadsheet_would_run_is_a_text_in_csv(
    name: str, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = name.replace("'", "''")
    sql = f"SELECT '{text}' AS track_name, -5 AS loudness, '=' AS album_name, 'a=b' AS label"
    assert exit_code(monkeypatch, "query", sql, "--lake", str(lake), "--out", str(tmp_path / "x.csv")) == 0
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == [[f"'{name}", "-5", "=", "a=b"]]


def test_csv_is_read_by_others(lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = "SELECT track_name, popularity FROM silver_tracks ORDER BY track_id"
    assert exit_code(monkeypatch, "query", sql, "--lake", str(lake), "--out", str(tmp_path / "x.csv")) == 0
    options = pa_csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False)
    assert pa_csv.read_csv(tmp_path / "x.csv", convert_options=options).to_pylist() == [
        {"track_name": 'say "hi", all', "popularity": 60},
        {"track_name": None, "popularity": 7},
    ]


def test_files_hold_all_rows(lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    argv = ["query", "SELECT * FROM range(250) AS r(n)", "--lake", str(lake), "--out", str(tmp_path / "x.parquet")]
    assert exit_code(monkeypatch, *argv) == 0
    assert pa_parquet.read_table(tmp_path / "x.parquet").num_rows == 250


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (["--out", "x.txt"], "--out x.txt: --format csv or --format parquet?"),
        (["--format", "table", "--out", "x.csv"], "--out x.csv: a table is for the console"),
        (["--format", "parquet"], "--format parquet: --out FILE is needed"),
    ],
)
def test_where_rows_cannot_go_is_wrong_usage(
    argv: list[str], problem: str, lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(monkeypatch, "query", "SELECT 1", *argv, "--lake", str(lake)) == 2
    assert problem in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_one_clear_error(
    lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "none" / "x.csv"
    assert exit_code(monkeypatch, "query", "SELECT 1", "--out", str(out), "--lake", str(lake)) == 1
    assert capsys.readouterr().err == f"soundlake: --out {out}: cannot be written: No such file or directory\n"


def test_without_a_question_the_insights_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(monkeypatch, "query") == 0
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert lines == sorted([insight.name, insight.question] for insight in load_insights())


def test_named_queries_need_athena(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(monkeypatch, "query", "--deploy") == 2
    assert "catalog.type: none; named queries are Athena's" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (1.5, "1.5"),
        (b"fo", "66 6f"),
        (date(2021, 12, 31), "2021-12-31"),
        (datetime(2021, 12, 31, 8, 0, 0, 5999), "2021-12-31 08:00:00.005"),
        ({"a": 1, "b": None}, "{a=1, b=null}"),
        ([("k", {"x": 1}), ("l", None)], "{k={x=1}, l=null}"),
        ([], "[]"),
        (pa.MonthDayNano([0, 2, 18_000_000_000_000]), "2 05:00:00.000"),
        (pa.MonthDayNano([0, -1, -500_000_000]), "-1 00:00:00.500"),
        (pa.MonthDayNano([14, 0, 0]), "1-2"),
        (pa.MonthDayNano([-14, 0, 1_000_000]), "-1-2 0 00:00:00.001"),
        (pa.MonthDayNano([0, 0, 0]), "0 00:00:00.000"),
    ],
)
def test_values_are_written_as_athena_writes_them(value: Any, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize("moment", ["DATE 'infinity'", "TIMESTAMP '290000-01-01 00:00:00'"])
def test_a_time_that_python_cannot_hold_is_told(
    moment: str, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sql, out = f"SELECT {moment} AS at", tmp_path / "x.csv"
    assert exit_code(monkeypatch, "query", sql, "--lake", str(lake)) == 0
    assert "that cannot be read" in capsys.readouterr().out
    assert exit_code(monkeypatch, "query", sql, "--out", str(out), "--lake", str(lake)) == 0
    assert re.search("cannot be read|out of range", out.read_text())


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("SELECT * FROM (PIVOT silver_tracks ON genre USING count(*))", "list the values of the PIVOT"),
        ("SELECT '\udcff'", "it is not UTF-8"),
        ("SELECT * FROM 'silver_tracks'", "silver_tracks is in single quotes"),
        ("SELECT * FROM query_table('silver_tracks')", "query_table cannot be used in FROM"),
    ],
)
def test_what_is_refused_is_told_with_what_to_write(lake: Path, sql: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        run(lake, sql)


def test_what_parquet_cannot_hold_is_one_clear_error(
    lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, sql = tmp_path / "x.parquet", "SELECT TIMESTAMP '2024-01-03' - TIMESTAMP '2024-01-01' AS took"
    assert exit_code(monkeypatch, "query", sql, "--out", str(out), "--lake", str(lake)) == 1
    assert "parquet cannot hold these rows" in capsys.readouterr().err
    assert not out.exists()


def test_a_lake_on_s3_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    set_credentials(monkeypatch, "us-east-1")
    import boto3

    with moto_server() as url:
        boto3.client("s3", region_name="us-east-1", endpoint_url=url).create_bucket(Bucket="lake-on-s3")
        options = {"AWS_ENDPOINT_URL": url, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1", **KEYS}
        write_deltalake("s3://lake-on-s3/x/silver/tracks", pa.table({"track_id": ["a"]}), storage_options=options)
        settings = load_settings(lake="s3a://lake-on-s3/x/", sets=[f"s3.endpoint_url={url}"], env={})
        answer = ask(settings, "SELECT track_id FROM silver_tracks", None)
        assert answer.rows.to_pylist() == [{"track_id": "a"}]


def test_ctrl_c_ends_a_query(lake: Path) -> None:
    Timer(0.5, interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        # Long, and without a join or a sort that would fill the memory meanwhile.
        run(lake, "SELECT sum(x % 7) FROM range(1000000000000) AS a(x)")


def test_nothing_is_written_into_the_lake(lake: Path) -> None:
    before = sorted(str(path) for path in lake.rglob("*"))
    run(lake, "listening_by_hour")
    assert sorted(str(path) for path in lake.rglob("*")) == before
    assert DeltaTable(lake / TRACKS.path).version() == 0


def test_help_needs_no_heavy_library() -> None:
    code = (
        "import sys, soundlake.catalog.commands\n"
        "heavy = {'boto3', 'botocore', 'duckdb', 'deltalake', 'pyarrow', 'pyspark'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("command", [["settings"], ["status"], ["query", "SELECT 1 AS n", "--format", "csv"]])
def test_a_reader_that_goes_away_ends_a_command_as_any_unix_tool(lake: Path, command: list[str]) -> None:
    program = [str(Path(sys.executable).with_name("soundlake")), *command, "--lake", str(lake)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.close()
        assert running.stderr is not None
        said = running.stderr.read()
    assert (running.returncode, said) == (-signal.SIGPIPE, b"")
