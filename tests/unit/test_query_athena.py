"""`soundlake query` through Athena, against a stand-in that speaks its protocol and runs nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pa_parquet
import pytest

from helpers.aws_environment import set_credentials
from helpers.services.athena import Athena, athena_service
from helpers.services.moto import moto_server
from soundlake.catalog import athena as module
from soundlake.catalog.query import ask, ask_all, sql_of
from soundlake.catalog.query_result import QueryResult
from soundlake.catalog.sql_text import Shared
from soundlake.cli import main
from soundlake.errors import SoundlakeError, UsageError
from soundlake.insights import load_insights, render
from soundlake.settings import Settings, load_settings

pytestmark = pytest.mark.heavy


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    set_credentials(monkeypatch)
    monkeypatch.setattr(module, "_FIRST_WAIT", 0.001)


@pytest.fixture
def athena() -> Iterator[Athena]:
    with athena_service() as service:
        yield service


def column(name: str, type_: str = "varchar", **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": type_, **more}


def sets(athena: Athena, *more: str) -> list[str]:
    return ["catalog.type=glue", f"athena.endpoint_url={athena.url}", *more]


def settings(athena: Athena, *more: str) -> Settings:
    return load_settings(sets=sets(athena, *more), env={})


def run(athena: Athena, sql: str = "SELECT 1", *more: str, limit: int | None = None) -> QueryResult:
    return ask(settings(athena, *more), sql, limit)


def command(athena: Athena, *argv: str) -> list[str]:
    return ["query", *argv, *(f"--set={one}" for one in sets(athena))]


def exit_code(monkeypatch: pytest.MonkeyPatch, *argv: str) -> object:
    monkeypatch.setattr("sys.argv", ["soundlake", *argv])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE silver_tracks",
        "-- a note\rDROP TABLE silver_tracks /*\nSELECT 1 */",  # a bare carriage return ends a comment of Trino's
        "--\r\nDROP TABLE silver_tracks",
        "/* SELECT */ DROP TABLE silver_tracks",
    ],
)
def test_only_a_select_reaches_athena(athena: Athena, sql: str) -> None:
    with pytest.raises(UsageError, match="only a SELECT can be run"):
        sql_of(settings(athena), sql)


@pytest.mark.parametrize("sql", ["-- a note\rSELECT 1", "-- a note\r\nSELECT 1", "/* a\rnote */ SELECT 1"])
def test_a_note_before_a_select_may_end_as_on_any_machine(athena: Athena, sql: str) -> None:
    assert sql_of(settings(athena), sql) == sql


def test_a_query_runs_in_the_workgroup_and_database_of_the_settings(athena: Athena) -> None:
    run(
        athena,
        "SELECT 1",
        "athena.workgroup=analysts",
        "catalog.database=music",
        "athena.output_location=s3a://results/x",
    )
    (request,) = athena.requests("StartQueryExecution")
    assert request["QueryString"] == "SELECT 1"
    assert request["WorkGroup"] == "analysts"
    assert request["QueryExecutionContext"] == {"Database": "music", "Catalog": "AwsDataCatalog"}
    assert request["ResultConfiguration"] == {"OutputLocation": "s3://results/x/"}


def test_each_select_brings_what_several_share(athena: Athena) -> None:
    selects = ["SELECT count(*) FROM heard", "WITH days AS (SELECT * FROM heard) SELECT count(*) FROM days"]
    ask_all(settings(athena), selects, None, shared=Shared("heard", "SELECT 1 AS one"))
    assert [request["QueryString"] for request in athena.requests("StartQueryExecution")] == [
        "WITH heard AS (SELECT 1 AS one) SELECT count(*) FROM heard",
        "WITH heard AS (SELECT 1 AS one), days AS (SELECT * FROM heard) SELECT count(*) FROM days",
    ]


def test_without_an_output_location_the_workgroup_decides(athena: Athena) -> None:
    run(athena)
    assert "ResultConfiguration" not in athena.requests("StartQueryExecution")[0]


def test_values_have_their_types(athena: Athena) -> None:
    athena.columns = [
        column("b", "boolean"),
        column("i", "integer"),
        column("l", "bigint"),
        column("d", "double"),
        column("m", "decimal", Precision=10, Scale=2),
        column("day", "date"),
        column("at", "timestamp with time zone"),
        column("plain", "timestamp"),
        column("bytes", "varbinary"),
        column("list", "array"),
        column("text", "varchar"),
    ]
    values = ["true", "1", str(2**40), "1.5E10", "12.50", "2021-12-31", "2021-12-31 23:59:59.123 UTC"]
    athena.rows = [[*values, "2021-12-31 23:59:59.123", "66 6f", "[a, b]", ""], [None] * 11]
    answer = run(athena)
    moment = datetime(2021, 12, 31, 23, 59, 59, 123_000)
    first, second = [tuple(row.values()) for row in answer.rows.to_pylist()]
    typed = (True, 1, 2**40, 1.5e10, Decimal("12.50"), date(2021, 12, 31), moment.replace(tzinfo=UTC))
    assert first == (*typed, moment, b"fo", "[a, b]", "")
    assert second == (None,) * 11


@pytest.mark.parametrize("text", ["2021-12-31 09:00:00.000 Asia/Tokyo", "2021-12-31 09:00:00.000 +09:00"])
def test_times_of_other_zones_are_told_in_utc(athena: Athena, text: str) -> None:
    athena.columns, athena.rows = [column("at", "timestamp with time zone")], [[text]]
    assert run(athena).rows.to_pylist() == [{"at": datetime(2021, 12, 31, tzinfo=UTC)}]


def test_all_pages_are_read_and_the_header_is_no_row(athena: Athena) -> None:
    athena.columns, athena.page = [column("n", "bigint")], 7
    athena.rows = [[str(n)] for n in range(50)]
    assert run(athena).rows.column("n").to_pylist() == list(range(50))


def test_a_row_that_looks_like_the_header_is_kept(athena: Athena) -> None:
    athena.columns, athena.rows = [column("n")], [["n"], ["n"]]
    assert run(athena).rows.column("n").to_pylist() == ["n", "n"]


def test_no_more_pages_are_read_than_rows_are_wanted(athena: Athena) -> None:
    athena.columns, athena.page = [column("n", "bigint")], 7
    athena.rows = [[str(n)] for n in range(50)]
    answer = run(athena, limit=10)
    assert (answer.rows.num_rows, answer.has_more) == (10, True)
    assert len(athena.requests("GetQueryResults")) == 2


def test_exactly_as_many_rows_as_wanted_are_not_more(athena: Athena) -> None:
    athena.columns, athena.rows = [column("n")], [["1"], ["2"]]
    assert not run(athena, limit=2).has_more


def test_it_waits_until_the_query_is_done(athena: Athena) -> None:
    athena.states = ["QUEUED", "RUNNING", "RUNNING", "SUCCEEDED"]
    run(athena)
    assert len(athena.requests("GetQueryExecution")) == 4


def test_bytes_and_cost_are_told(athena: Athena) -> None:
    athena.scanned = 2**38
    assert run(athena).took == "query query-1: scanned 256.0 GB in 1.5 s, about $1.250000 at $5 a TB"


def test_a_small_query_costs_what_ten_megabytes_cost(athena: Athena) -> None:
    athena.scanned = 1000
    took = run(athena, "SELECT 1", "athena.usd_per_tb=10").took
    assert took == "query query-1: scanned 1000 B in 1.5 s, about $0.000095 at $10 a TB"


def test_a_query_that_fails_says_why_and_what_to_do(athena: Athena) -> None:
    athena.states, athena.reason = ["FAILED"], "TABLE_NOT_FOUND: line 1:15: Table 'silver_tracks' does not exist"
    with pytest.raises(SoundlakeError, match=r"query-1 failed: TABLE_NOT_FOUND.*\(register_tables puts"):
        run(athena)


def test_throttling_is_waited_out(athena: Athena) -> None:
    athena.errors["StartQueryExecution"] = [("ThrottlingException", "slow down")]
    athena.errors["GetQueryExecution"] = [("InternalServerException", "oops")]
    run(athena)
    first, second = athena.requests("StartQueryExecution")
    assert first["ClientRequestToken"] == second["ClientRequestToken"]  # so that it is one query, and is paid once


def test_what_athena_refuses_is_one_clear_error(athena: Athena) -> None:
    athena.errors["StartQueryExecution"] = [("InvalidRequestException", "No output location provided")]
    with pytest.raises(SoundlakeError, match="Athena, workgroup primary: .*No output location provided"):
        run(athena)


def test_an_error_while_waiting_cancels_the_query(athena: Athena) -> None:
    athena.errors["GetQueryExecution"] = [("InvalidRequestException", "no")]
    with pytest.raises(SoundlakeError):
        run(athena)
    assert athena.requests("StopQueryExecution") == [{"QueryExecutionId": "query-1"}]


def test_ctrl_c_cancels_the_query(athena: Athena) -> None:
    athena.states = ["RUNNING"]
    program = [sys.executable, "-c", "from soundlake.cli import main; main()", *command(athena, "SELECT 1")]
    process = subprocess.Popen(program, stderr=subprocess.PIPE, text=True)
    assert athena.polled.wait(60)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "cancelled" in errors
    assert athena.requests("StopQueryExecution") == [{"QueryExecutionId": "query-1"}]


def test_missing_credentials_are_one_clear_error(athena: Athena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nonexistent")
    with pytest.raises(SoundlakeError, match="Unable to locate credentials: set AWS_PROFILE"):
        run(athena)


def test_an_insight_is_run_by_its_name(athena: Athena, monkeypatch: pytest.MonkeyPatch) -> None:
    athena.columns = [column("rank", "integer")]
    assert exit_code(monkeypatch, *command(athena, "top_albums")) == 0
    (insight,) = [one for one in load_insights() if one.name == "top_albums"]
    assert athena.requests("StartQueryExecution")[0]["QueryString"] == render(insight.sql, None)


def test_rows_go_to_stdout_and_the_cost_to_stderr(
    athena: Athena, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    athena.columns = [column("name"), column("n", "bigint"), column("at", "timestamp with time zone")]
    athena.rows = [['say "hi", all', "1", "2021-12-31 08:00:00.000 UTC"], [None, None, None]]
    assert exit_code(monkeypatch, *command(athena, "SELECT 1", "--format", "csv")) == 0
    out, err = capfdbinary.readouterr()
    assert out.decode().splitlines() == [
        '"name","n","at"',
        '"say ""hi"", all",1,"2021-12-31 08:00:00.000 UTC"',
        ",,",
    ]
    assert err.startswith(b"soundlake: 2 rows; query query-1: scanned 0 B")


def test_rows_go_into_a_parquet_file(athena: Athena, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    athena.columns, athena.rows = [column("day", "date")], [["2021-12-31"]]
    assert exit_code(monkeypatch, *command(athena, "SELECT 1", "--out", str(tmp_path / "x.parquet"))) == 0
    assert pa_parquet.read_table(tmp_path / "x.parquet").to_pylist() == [{"day": date(2021, 12, 31)}]
    assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]


def test_months_that_athena_tells_otherwise_are_said(
    athena: Athena, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    athena.columns = [column("month", "date")]
    zone = ["--set", "insights.time_zone=Asia/Tokyo"]
    assert exit_code(monkeypatch, *command(athena, "SELECT 1", *zone)) == 0
    assert "soundlake: Athena tells days and months in UTC, not in Asia/Tokyo" in capsys.readouterr().err
    assert exit_code(monkeypatch, *command(athena, "listening_by_hour", *zone)) == 0
    assert "Athena tells days" not in capsys.readouterr().err
    assert "(played_at AT TIME ZONE 'Asia/Tokyo')" in athena.requests("StartQueryExecution")[-1]["QueryString"]


def test_it_speaks_the_protocol_of_an_athena_that_others_wrote() -> None:
    with moto_server() as url:
        place = ["athena.output_location=s3://results", f"athena.endpoint_url={url}", "catalog.type=glue"]
        answer = ask(load_settings(sets=place, env={}), "SELECT 1", None)
        assert answer.rows.num_rows == 0  # moto runs nothing


@pytest.fixture
def deployed(athena: Athena, monkeypatch: pytest.MonkeyPatch) -> Athena:
    assert exit_code(monkeypatch, *command(athena, "--deploy")) == 0
    return athena


def test_every_insight_is_deployed_as_a_named_query(deployed: Athena) -> None:
    queries = {query["Name"]: query for query in deployed.named.values()}
    assert queries.keys() == {insight.name for insight in load_insights()}
    for insight in load_insights():
        query = queries[insight.name]
        assert query["QueryString"] == render(insight.sql, None)
        assert query["Description"] == f"{insight.title}. {insight.question}"
        assert (query["Database"], query["WorkGroup"]) == ("soundlake", "primary")


def test_deploying_again_changes_nothing(
    deployed: Athena, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert exit_code(monkeypatch, *command(deployed, "--deploy")) == 0
    assert {line.partition(": ")[2] for line in capsys.readouterr().out.splitlines()} == {"unchanged"}
    assert len(deployed.named) == len(load_insights())


def test_a_named_query_that_is_out_of_date_is_updated_in_its_place(
    deployed: Athena, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {key: dict(query) for key, query in deployed.named.items()}
    deployed.named["named-0"]["QueryString"] = "SELECT 1"
    capsys.readouterr()
    assert exit_code(monkeypatch, *command(deployed, "--deploy")) == 0
    assert capsys.readouterr().out.count("updated") == 1
    assert deployed.named == before


def test_queries_of_others_are_left_alone(athena: Athena, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = {"Name": "top_albums", "Database": "theirs", "QueryString": "SELECT 2", "WorkGroup": "primary"}
    athena.named["named-x"] = dict(theirs)
    assert exit_code(monkeypatch, *command(athena, "--deploy")) == 0
    assert athena.named["named-x"] == theirs
    assert len(athena.named) == len(load_insights()) + 1
