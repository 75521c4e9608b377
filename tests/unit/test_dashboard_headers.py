"""The chart that an insight's header declares: what is read of it, and what is said where it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from soundlake.dashboard.chart_sql import marks_sql, options_sql
from soundlake.dashboard.drawn import columns_of, prepared
from soundlake.insights.chart import Aggregate, parse_chart
from soundlake.insights.insight import Insight, load_insights, parse_insight

pytestmark = pytest.mark.heavy

TYPES = {"month": "date", "artist_id": "string", "artist_name": "string", "plays": "bigint", "score": "double"}
Row = dict[str, Any]
Marks = Callable[..., list[Row]]


def insight(chart: str) -> Insight:
    columns = "".join(f"-- column {name} {type_}: a column\n" for name, type_ in TYPES.items())
    header = "-- title: T\n-- question: Why?\n-- grain: one row\n-- key: month, artist_id\n"
    return parse_insight("x", f"{header}-- chart: {chart}\n{columns}SELECT 1")


def row(artist: str, plays: int | None, *, id_: str | None = None, month: str = "2021-01-01", **more: Any) -> Row:
    return {"artist_name": artist, "artist_id": id_, "plays": plays, "month": month, "score": 0.0, **more}


@pytest.fixture
def marks() -> Marks:
    def drawn(chart: str, *rows: Row, conditions: tuple[str, ...] = (), fewest: int = 0) -> list[Row]:
        listed = pa.Table.from_pylist(list(rows), pa.schema([(name, _arrow(name)) for name in TYPES]))
        with duckdb.connect() as connection:
            connection.register("texts", listed)
            connection.execute("CREATE TABLE gold_x AS SELECT * REPLACE (CAST(month AS date) AS month) FROM texts")
            found = connection.sql(marks_sql(insight(chart), conditions, fewest)).df()
        made = prepared(insight(chart).drawn_as, found)
        return [dict(zip(made.columns, values, strict=True)) for values in made.itertuples(index=False, name=None)]

    return drawn


def _arrow(name: str) -> pa.DataType:
    return {"plays": pa.int64(), "score": pa.float64()}.get(name, pa.string())


def test_a_header_says_measure_dimension_aggregation_order_number_and_first_choice() -> None:
    chart = parse_chart(
        "line; x: month; y: score; colour: artist_name; each: artist_id; aggregate: mean by plays; n: plays; top: 8; "
        "one: artist_name = Ana; every: month; until: gold_x.month; label: Mean score",
        TYPES,
    )
    assert (chart.measure, chart.names, chart.each, chart.top) == ("score", "artist_name", "artist_id", 8)
    assert chart.aggregate == Aggregate("mean", "score", "plays")
    assert (chart.one, chart.every, chart.until) == ((("artist_name", "Ana"),), "month", "gold_x.month")


@pytest.mark.parametrize(
    ("chart", "said"),
    [
        ("pie; x: plays", "'pie' is not a kind of chart; the kinds are bar, line"),
        ("bar; x: plays", "a bar needs y"),
        ("bar; x: plais; y: artist_name", "x names 'plais', which is not a column: did you mean plays?"),
        ("bar; x: plays; y: artist_name; aggregate: some", "aggregate is 'some', not sum, max, count, distinct"),
        ("bar; x: plays; y: artist_name; aggregate: mean by play", "aggregate names 'play', which is not a column"),
        ("bar; x: plays; y: artist_name; tip: 3", "'tip' is not a part of a chart: did you mean top?"),
        ("bar; x: plays; y: artist_name; top: many", "top is 'many', not a number"),
        ("line; x: plays; y: plays", "x of a line must be a date, and 'plays' is not"),
        ("line; x: month; y: plays; every: year", "every is 'year', not day, week, month"),
        ("line; x: month; y: plays; until: month", "until is 'month', not gold_TABLE.COLUMN"),
        ("bar; x: plays; y: artist_name; one: markt", "one names 'markt', which is not a column"),
    ],
)
def test_a_chart_that_cannot_be_drawn_is_refused_with_the_file_and_a_hint(chart: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"insights/x\.sql: chart: ") as refused:
        insight(chart)
    assert said in str(refused.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="a bar needs y.*top is 'x'"):
        insight("bar; x: plays; top: x")


def test_every_insight_has_a_chart() -> None:
    assert [one.name for one in load_insights() if one.drawn_as.kind == "table"] == []


def test_bars_are_sums_over_all_rows_the_largest_first(marks: Marks) -> None:
    rows = [row("Ana", 1, month=f"20{year}-01-01") for year in range(10, 99)] + [row("Bo", 50)]
    found = marks("bar; x: plays; y: artist_name; top: 1", *rows)
    assert [(one["name"], one["value"], one["known"]) for one in found] == [("Ana", 89, 2)]


def test_two_things_of_one_name_are_two_bars_with_labels_of_their_own(marks: Marks) -> None:
    found = marks(
        "bar; x: plays; y: artist_name; each: artist_id",
        *[row("Ana", 3, id_="abcdef1"), row("Ana", 2, id_="abcdef2"), row("Bo", 1, id_="3")],
    )
    assert [(one["shown"], one["value"]) for one in found] == [("Ana (…bcdef1)", 3), ("Ana (…bcdef2)", 2), ("Bo", 1)]


def test_rows_that_know_the_name_only_count_with_the_id_of_this_name(marks: Marks) -> None:
    found = marks("bar; x: plays; y: artist_name; each: artist_id", row("Ana", 3, id_="1"), row("Ana", 2))
    assert [(one["shown"], one["value"]) for one in found] == [("Ana", 5)]


def test_a_mean_is_weighed_and_left_out_where_too_little_stands_behind_it(marks: Marks) -> None:
    rows = [row("Ana", 1, score=10.0), row("Ana", 3, score=50.0), row("Bo", 2, score=99.0)]
    chart = "line; x: month; y: score; colour: artist_name; aggregate: mean by plays; n: plays"
    assert [(one["name"], one["value"], one["n"]) for one in marks(chart, *rows)] == [("Ana", 40.0, 4), ("Bo", 99.0, 2)]
    assert [one["name"] for one in marks(chart, *rows, fewest=3)] == ["Ana"]


def test_lines_are_those_of_the_largest_over_the_whole_time(marks: Marks) -> None:
    rows = [row("Ana", 9, month="2021-01-01"), row("Bo", 5), row("Bo", 5, month="2021-02-01")]
    found = marks("line; x: month; y: plays; colour: artist_name; top: 1", *rows)
    assert [(one["name"], one["value"]) for one in found] == [("Bo", 5), ("Bo", 5)]


def test_where_nothing_was_counted_a_line_falls_to_zero(marks: Marks) -> None:
    rows = [row("Ana", 9), row("Ana", 9, month="2021-03-01"), row("Bo", 5, month="2021-02-01")]
    found = marks("line; x: month; y: plays; colour: artist_name", *rows)
    assert [one["value"] for one in found if one["name"] == "Ana"] == [9, 0, 9]


def test_days_are_drawn_by_week_where_the_header_says_so(marks: Marks) -> None:
    days = [row("Ana", 1, month=f"2021-03-{day:02}") for day in range(1, 11)]
    found = marks("column; x: month; y: plays; every: week", *days)
    assert [(f"{one['at']:%m-%d}", one["value"]) for one in found] == [("03-01", 7), ("03-08", 3)]


def test_what_the_viewer_chose_holds_for_every_mark(marks: Marks) -> None:
    rows = [row("Ana", 9), row("Bo", 5)]
    found = marks("bar; x: plays; y: artist_name", *rows, conditions=("artist_name = 'Bo'",))
    assert [one["name"] for one in found] == ["Bo"]


def test_of_values_that_must_not_be_mixed_the_one_with_the_most_rows_comes_first() -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE gold_x AS SELECT unnest(['b', 'a', 'b', NULL]) AS period")
        assert [value for value, _ in connection.sql(options_sql("gold_x", "period", ())).fetchall()] == ["b", "a"]


def test_a_csv_of_a_chart_has_the_names_of_the_mart() -> None:
    names = columns_of(insight("bar; x: plays; y: artist_name"))
    assert (names["name"], names["value"]) == ("artist_name", "plays")
    counted = columns_of(insight("bar; x: artist_id; y: artist_name; aggregate: distinct; label: Artists"))
    assert counted["value"] == "artists"
