from __future__ import annotations

import re
from pathlib import Path

import pytest

from soundlake import data_dictionary
from soundlake.data_dictionary import DOCUMENT, document, main
from soundlake.insights.insight import all_tables, load_insights
from soundlake.tables import TABLES, Column, Table

ALL_TABLES = all_tables()


def section(path: str) -> str:
    """The part of the document about one table."""
    _, _, rest = document().partition(f"### {path}\n")
    return rest.partition("\n##")[0]


def test_the_file_in_docs_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run make docs"


@pytest.mark.parametrize("table", ALL_TABLES, ids=lambda table: table.view)
def test_every_table_is_listed_with_all_its_columns(table: Table) -> None:
    listed = section(table.path)

    assert f"`{table.view}`" in listed
    assert table.comment in listed
    for column in table.columns:
        assert f"| `{column.name}` | `{column.type}` | {column.comment} |" in listed


def test_a_table_tells_its_key_layout_and_references() -> None:
    assert "- Key: `stream`, `partition`, `position`\n- Partitioned by: `ingest_date`\n" in section("bronze/events")
    assert "- References: `artist_id` → `silver_artists.artist_id`" in section("silver/tracks")


def test_an_insight_tells_its_title_and_question() -> None:
    for insight in load_insights():
        assert f"**{insight.title}.** {insight.question}" in section(insight.table.path)


def test_the_page_about_insights_lists_each_with_its_question_and_whether_it_is_built_whole() -> None:
    page = (DOCUMENT.parent / "insights.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| (.+) \| (whole|by day|by week) \|$", page, re.MULTILINE)
    declared = [(insight.name, insight.question, insight.incremental is None) for insight in load_insights()]
    assert sorted((name, question, built == "whole") for name, question, built in listed) == sorted(declared)


def test_the_readme_says_how_many_insights_there_are() -> None:
    readme = (DOCUMENT.parents[1] / "README.md").read_text(encoding="utf-8")
    assert f"{len(load_insights())} insights in SQL" in readme


def test_internal_tables_stand_in_a_section_of_their_own() -> None:
    public, internal = document().split("## Internal tables\n")

    for table in TABLES:
        heading = f"### {table.path}\n"
        assert (heading in internal, heading in public) == (table.internal, not table.internal)


def test_a_pipe_in_a_comment_does_not_break_the_table() -> None:
    table = Table("silver", "x", "X.", (), (Column("a", "int", "one | other"),))

    assert "| `a` | `int` | one \\| other |" in document([table], [])


def test_check_passes_where_the_file_is_up_to_date() -> None:
    main(["--check"])


@pytest.mark.parametrize("content", ["# Something else\n", None])
def test_check_exits_1_with_one_line_where_the_file_is_stale_or_missing(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "data-dictionary.md"
    if content is not None:
        stale.write_text(content, encoding="utf-8")
    monkeypatch.setattr(data_dictionary, "DOCUMENT", stale)

    with pytest.raises(SystemExit) as exited:
        main(["--check"])

    assert exited.value.code == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "docs/data-dictionary.md is not up to date" in lines[0]


def test_without_check_the_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = tmp_path / "data-dictionary.md"
    monkeypatch.setattr(data_dictionary, "DOCUMENT", written)

    main([])

    assert written.read_text(encoding="utf-8") == document()
