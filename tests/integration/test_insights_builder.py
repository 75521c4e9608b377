"""How insights are declared, ordered and written."""

from __future__ import annotations

import graphlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyarrow.parquet import ParquetFile
from pyspark.sql import SparkSession

from soundlake.errors import UsageError
from soundlake.insights import Engine, builder, load_insights, render
from soundlake.insights.build_record import BuildRecord, write_with_record
from soundlake.insights.insight import Insight, in_order, parse_insight, with_needed
from soundlake.lake import Lake
from soundlake.settings import Settings
from soundlake.tables import PLAYS, TABLES, Column
from soundlake.views import VIEWS

HEADER = "-- title: T\n-- question: Why?\n-- grain: one row\n-- key: a, b\n-- chart: table\n-- column a int: an a\n"


def insight(name: str, reads: str = "silver_tracks") -> Insight:
    return parse_insight(name, HEADER + "SELECT a FROM " + reads)


def test_every_insight_is_declared_in_full() -> None:
    insights = load_insights()
    assert {"top_albums", "song_popularity", "chart_entries", "data_quality"} < {insight.name for insight in insights}
    for one in insights:
        assert set(one.key) <= set(one.table.column_names), one.name
        assert len(one.columns) == one.sql.count("\n-- column "), one.name


def test_insights_read_only_tables_that_are_declared() -> None:
    insights = load_insights()
    declared = {one.view for one in TABLES} | {one.view for one in VIEWS} | {insight.table.view for insight in insights}
    for one in insights:
        assert one.reads <= declared, one.name


def test_a_header_gives_the_declaration_of_the_table() -> None:
    table = insight("answers").table
    assert (table.path, table.view, table.key, table.ddl) == ("gold/answers", "gold_answers", ("a", "b"), "`a` int")
    assert table.comment == "Why? One row."


def test_a_header_that_lacks_a_part_is_refused() -> None:
    with pytest.raises(ValueError, match=r"insights/x\.sql: the header lacks chart"):
        parse_insight("x", HEADER.replace("-- chart: table\n", ""))


def test_insights_come_after_those_they_read() -> None:
    unordered = [insight("a", "gold_c"), insight("b"), insight("c", "gold_b")]
    assert [one.name for one in in_order(unordered)] == ["b", "c", "a"]


def test_insights_that_read_each_other_are_refused() -> None:
    with pytest.raises(graphlib.CycleError):
        in_order([insight("a", "gold_b"), insight("b", "gold_a")])


def test_a_choice_of_insights_includes_what_they_read() -> None:
    insights = in_order([insight("a", "gold_c"), insight("b"), insight("c", "gold_b"), insight("d")])
    assert [one.name for one in with_needed(insights, ["a"])] == ["b", "c", "a"]


def test_the_day_asked_for_is_rendered_as_a_date_or_null() -> None:
    assert render("SELECT {as_of}", date(2021, 12, 31)) == "SELECT DATE '2021-12-31'"
    assert render("SELECT {as_of}", None) == "SELECT CAST(NULL AS date)"


@pytest.mark.parametrize(
    ("engine", "local"),
    [
        ("spark", "from_utc_timestamp(played_at, 'Asia/Tokyo')"),
        ("duckdb", "timezone('Asia/Tokyo', played_at)"),
        ("trino", "(played_at AT TIME ZONE 'Asia/Tokyo')"),
    ],
)
def test_local_times_are_rendered_in_the_words_of_the_engine(engine: Engine, local: str) -> None:
    assert render("SELECT {local:played_at}", None, "Asia/Tokyo", engine) == f"SELECT {local}"
    assert render("SELECT {local:played_at}", None, "UTC", engine) == "SELECT played_at"


def test_an_unknown_insight_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="charts: no such insight; there are album_frequency, artist_appearances"):
        builder.build(spark, Lake(str(tmp_path)), Settings(), only=["charts"])


@dataclass(frozen=True)
class TwoBuilds:
    """What two builds of one insight gave: of an empty lake, then of a lake with plays."""

    lake: Lake
    results: list[list[builder.Built]]
    session: tuple[list[str], str | None]

    @property
    def table(self) -> DeltaTable:
        return DeltaTable(f"{self.lake.uri}/gold/most_streamed_artists")


def state_of(spark: SparkSession) -> tuple[list[str], str | None]:
    return [table.name for table in spark.catalog.listTables()], spark.conf.get("spark.sql.session.timeZone")


@pytest.fixture(scope="module")
def two_builds(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> TwoBuilds:
    lake, before = Lake(str(tmp_path_factory.mktemp("lake"))), state_of(spark)
    settings = Settings.model_validate({"insights": {"time_zone": "Asia/Tokyo"}})
    first = builder.build(spark, lake, settings, only=["most_streamed_artists"])
    play = {
        "user_id": "'u1'",
        "played_date": "DATE '2021-01-31'",
        "content_type": "'track'",
        "artist_name": "'Ana'",
        "played_at": "TIMESTAMP '2021-01-31 23:30:00'",
    }
    columns = [f"CAST({play.get(c.name, 'NULL')} AS {c.type}) AS `{c.name}`" for c in PLAYS.columns]
    spark.range(2).selectExpr(*columns).write.format("delta").save(lake.path(PLAYS))
    second = builder.build(spark, lake, settings, only=["most_streamed_artists"])
    return TwoBuilds(lake, [first, second], before)


def test_a_build_says_how_many_rows_each_table_has(two_builds: TwoBuilds) -> None:
    said = [[str(one) for one in built] for built in two_builds.results]
    assert said == [
        ["gold/weekly_plays: 0 rows", "gold/most_streamed_artists: 0 rows"],
        ["gold/weekly_plays: 1 rows", "gold/most_streamed_artists: 1 rows"],
    ]


def test_a_build_replaces_a_table_as_a_whole_in_one_commit(two_builds: TwoBuilds) -> None:
    assert two_builds.table.version() == 1
    assert two_builds.table.to_pyarrow_table().select(["artist_name", "plays"]).to_pylist() == [
        {"artist_name": "Ana", "plays": 2}
    ]


def test_a_build_writes_the_types_and_comments_that_are_declared(two_builds: TwoBuilds) -> None:
    declared = next(one.columns for one in load_insights() if one.name == "most_streamed_artists")
    ddl = {"long": "bigint", "integer": "int"}
    written = [
        Column(field.name, ddl.get(field.type.type, field.type.type), field.metadata["comment"])
        for field in two_builds.table.schema().fields
    ]
    assert written == list(declared)


def test_a_build_tells_months_in_the_time_zone_of_the_settings(two_builds: TwoBuilds) -> None:
    assert two_builds.table.to_pyarrow_table().column("month").to_pylist() == [date(2021, 2, 1)]


def test_a_build_leaves_the_session_of_its_caller_as_it_was(spark: SparkSession, two_builds: TwoBuilds) -> None:
    assert state_of(spark) == two_builds.session


def test_a_mart_has_its_rows_in_the_order_of_its_key_in_groups_that_readers_can_skip(
    spark: SparkSession, tmp_path: Path
) -> None:
    header = HEADER + "-- column b bigint: a b\n-- column c string: a c\n"
    table = parse_insight("answers", header + "SELECT a, b, c FROM silver_tracks").table
    rows = spark.range(1_000_001).selectExpr("int(1000001 - id) AS a", "-id AS b", "'c' AS c").coalesce(1)
    write_with_record(rows, Lake(str(tmp_path)), table, BuildRecord("", {}))
    (file,) = DeltaTable(f"{tmp_path}/gold/answers").file_uris()
    written = ParquetFile(file)
    assert written.read(["a"])["a"].to_pylist() == list(range(1, 1_000_002))
    groups = [written.metadata.row_group(place).num_rows for place in range(written.num_row_groups)]
    # The Parquet of Spark 3.5 knows no such limit.
    assert groups == ([1_000_001] if spark.version.startswith("3.") else [1_000_000, 1])
