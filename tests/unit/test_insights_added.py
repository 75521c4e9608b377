"""An insight is added by its file: here one that nobody has, answered by DuckDB as `soundlake query` would."""

from __future__ import annotations

import duckdb
import pytest

from soundlake.insights.insight import in_order, load_insights, parse_insight, render

NAME = "explicit_share"
FILE = """\
-- title: Explicit tracks
-- question: How many tracks of each year are explicit?
-- grain: one row for each year of release
-- key: release_year
-- chart: bar; x: release_year; y: share; aggregate: max; label: Share of tracks, in percent
-- column release_year int: year of release
-- column share double: explicit tracks among those of which it is known, in percent
SELECT CAST(year(release_date) AS int) AS release_year, avg(CASE WHEN explicit THEN 100.0 ELSE 0.0 END) AS share
FROM silver_tracks
WHERE explicit IS NOT NULL
GROUP BY 1
"""


def test_its_header_gives_the_table_and_the_chart() -> None:
    insight = parse_insight(NAME, FILE)
    assert (insight.table.view, insight.table.column_names) == ("gold_explicit_share", ("release_year", "share"))
    assert insight.drawn_as.kind == "bar"


def test_it_is_built_behind_the_tables_that_it_reads() -> None:
    reader = parse_insight("of_explicit", FILE.replace("silver_tracks", f"gold_{NAME}"))
    ordered = in_order([reader, parse_insight(NAME, FILE), *load_insights()])
    assert ordered.index(parse_insight(NAME, FILE)) < ordered.index(reader)


def test_its_sql_answers_the_question() -> None:
    with duckdb.connect() as lake:
        lake.execute(
            "CREATE TABLE silver_tracks AS FROM (VALUES (DATE '2001-01-01', true), (DATE '2001-06-01', false), "
            "(DATE '2002-01-01', NULL)) AS t(release_date, explicit)"
        )
        sql = render(parse_insight(NAME, FILE).sql, as_of=None, engine="duckdb")
        assert lake.sql(sql).fetchall() == [(2001, 50.0)]


@pytest.mark.parametrize("part", ["title", "question", "grain", "key", "chart"])
def test_a_header_that_lacks_a_part_names_it(part: str) -> None:
    lacking = "\n".join(line for line in FILE.splitlines() if not line.startswith(f"-- {part}:"))
    with pytest.raises(ValueError, match=f"insights/{NAME}.sql: the header lacks {part}"):
        parse_insight(NAME, lacking)


INCLUDING = (
    FILE.partition("SELECT CAST")[0]
    + """\
WITH {include listed},
described AS (SELECT 'week' AS period, snapshot_date AS starts_on, 1 AS plays, 1 AS listeners, 0 AS popularity,
    '' AS genre, track_id FROM listed),
{include ranked: key = track_id}
SELECT CAST(rank AS int) AS release_year, 0.5 AS share FROM ranked
"""
)


def test_it_may_include_what_several_insights_share_with_its_own_key() -> None:
    insight = parse_insight(NAME, INCLUDING)
    assert insight.reads == {"silver_playlist_items"}
    assert "popularity DESC NULLS LAST, track_id" in insight.code
    assert "{" not in insight.code


def test_what_it_includes_has_to_be_there() -> None:
    with pytest.raises(ValueError, match=f"insights/{NAME}.sql includes gone.sql, which is not in insights/shared"):
        parse_insight(NAME, INCLUDING.replace("include listed", "include gone"))
