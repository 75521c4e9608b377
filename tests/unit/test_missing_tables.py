"""A lake that has only some of the kinds: what can be answered is, and what is empty says why. No Spark."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.listenings import extended, plays_alone, plays_of
from helpers.marts import write
from soundlake.catalog.glue import public_tables
from soundlake.catalog.query import ask, sql_of
from soundlake.cli import main
from soundlake.core.schema import arrow_schema
from soundlake.errors import MissingTableError, SoundlakeError
from soundlake.insights import load_insights
from soundlake.notebooks import open_lake
from soundlake.playlists.reading import read_playlists
from soundlake.settings import load_settings
from soundlake.tables import EVENTS, PLAYS

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plays_alone(tmp_path_factory.mktemp("plays") / "lake")


def told_by_query(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[str, str]:
    monkeypatch.setattr("sys.argv", ["soundlake", "query", *argv])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    out, err = capsys.readouterr()
    return out, err


@pytest.mark.parametrize("name", [insight.name for insight in load_insights()])
def test_every_insight_gives_what_can_be_given_or_names_what_is_not_there(lake: Path, name: str) -> None:
    settings = load_settings(lake=str(lake), env={})
    answer = ask(settings, sql_of(settings, name), None)
    assert answer.rows.num_rows or answer.missing


def test_an_insight_over_plays_is_answered_without_tracks(lake: Path) -> None:
    settings = load_settings(lake=str(lake), env={})
    (row,) = ask(settings, sql_of(settings, "most_streamed_artists"), None).rows.to_pylist()
    assert (row["artist_name"], row["plays"]) == ("Ana", 28)


def test_a_table_that_is_not_there_has_no_rows_and_is_told(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = "count(t.track_id) AS known, count(*) AS plays"
    sql = f"SELECT {counts} FROM silver_plays LEFT JOIN silver_tracks AS t USING (track_id)"
    out, err = told_by_query(monkeypatch, capsys, sql, "--lake", str(lake), "--format", "csv")
    assert out.splitlines()[1] == "0,28"
    assert "silver_tracks is empty here: no records of kind track have come; soundlake extract or import" in err


def test_an_empty_answer_of_a_mart_names_what_is_missing_behind_it(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, err = told_by_query(monkeypatch, capsys, "SELECT * FROM gold_cluster_overview", "--lake", str(lake))
    assert "gold_cluster_models is empty here: ./spark-submit.sh train_clusters fills it" in err
    assert "silver_plays" not in err


def test_a_choice_without_rows_in_a_mart_that_has_some_misses_nothing(lake: Path) -> None:
    settings = load_settings(lake=str(lake), env={})
    assert ask(settings, "SELECT * FROM gold_weekly_plays WHERE user_id = 'nobody'", None).missing == ()


def test_a_mart_that_was_never_built_is_no_empty_mart(tmp_path: Path) -> None:
    write(tmp_path / "lake", EVENTS)
    write(tmp_path / "lake", PLAYS, *plays_of([extended("2026-10-01 10:00:00", "a")]))
    with pytest.raises(MissingTableError, match=r"gold_weekly_plays: run \./spark-submit\.sh build_insights"):
        ask(load_settings(lake=str(tmp_path / "lake"), env={}), "SELECT * FROM gold_weekly_plays", None)


def test_the_list_of_insights_says_which_have_answers_here(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = told_by_query(monkeypatch, capsys, "--lake", str(lake))
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert lines["listening_by_hour"].endswith("  [28 rows]")
    assert lines["top_albums"].endswith("  [empty: no silver_albums, silver_tracks]")


def test_notebooks_are_answered_and_told_too(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert open_lake(str(lake)).sql("SELECT * FROM silver_albums").empty
    assert "silver_albums is empty here: no records of kind album" in capsys.readouterr().err


def test_a_notebook_that_needs_a_table_says_what_fills_it(lake: Path) -> None:
    open_lake(str(lake)).require("silver_plays", "gold_weekly_plays")
    with pytest.raises(SoundlakeError, match=r"gold_cluster_models is empty here: \./spark-submit\.sh train_clusters"):
        open_lake(str(lake)).require("silver_plays", "gold_cluster_models")


def test_playlists_that_no_job_made_are_named_with_the_job(lake: Path) -> None:
    with pytest.raises(MissingTableError, match=r"\./spark-submit\.sh recommend"):
        read_playlists(load_settings(lake=str(lake), env={}))


def test_every_table_can_be_empty() -> None:
    for table in public_tables():
        assert tuple(arrow_schema(table).names) == table.column_names
