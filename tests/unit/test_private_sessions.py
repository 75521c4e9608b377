"""Plays of private sessions: kept with their listener, and left out of what is told of all listeners together."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from helpers.asking import answers, schema
from helpers.listenings import extended, plays_of
from helpers.marts import write
from soundlake.catalog.query import ask, sql_of
from soundlake.dashboard.listener import heard
from soundlake.dashboard.source import DataSource
from soundlake.history.summary import summarise
from soundlake.insights import load_insights
from soundlake.settings import load_settings
from soundlake.tables import EVENTS, PLAYS, TRACKS
from soundlake.views import VIEWS

pytestmark = pytest.mark.heavy

PLAYED = plays_of(
    [
        extended("2026-10-01 10:00:00", "a", user="u1", skipped=False),
        extended("2026-10-01 11:00:00", "secret", user="u1", incognito_mode=True, skipped=True),
        extended("2026-10-01 12:00:00", "a", user="u2", incognito_mode=False, skipped=True),
        extended("2026-10-02 13:00:00", "secret", user="u2", incognito_mode=True),
    ]
)
TABLES = {PLAYS.view: pa.Table.from_pylist(PLAYED, schema(PLAYS))}


@pytest.fixture(scope="module")
def marts() -> dict[str, list[dict[str, Any]]]:
    return {name: rows.to_pylist() for name, rows in answers(TABLES).items()}


def test_marts_over_all_listeners_leave_them_out(marts: dict[str, list[dict[str, Any]]]) -> None:
    assert {row["track_id"] for row in marts["weekly_plays"]} == {"a"}
    assert sorted((row["hour"], row["plays"]) for row in marts["listening_by_hour"]) == [(10, 1), (12, 1)]
    assert [(row["plays"], row["skipped"]) for row in marts["skips_by_reason"]] == [(2, 1)]
    assert "secret" not in repr(marts)


def test_their_number_is_told(marts: dict[str, list[dict[str, Any]]]) -> None:
    columns = ("day", "plays", "listeners", "titles", "ms_played", "private_plays")
    assert sorted(tuple(row[name] for name in columns) for row in marts["listening_by_content_type"]) == [
        (date(2026, 10, 1), 2, 2, 1, 400_000, 1),
        (date(2026, 10, 2), 0, 0, 0, None, 1),
    ]


def test_every_mart_that_reads_listenings_was_looked_at() -> None:
    reading = {insight.name for insight in load_insights() if insight.reads & {view.view for view in VIEWS}}
    assert reading == {"weekly_plays", "listening_by_hour", "skips_by_reason", "listening_by_content_type"}


def test_they_count_in_their_listeners_own_history() -> None:
    summary = summarise(TABLES[PLAYS.view], "u1", "UTC")
    assert summary is not None
    assert summary.plays == 2


def test_they_count_in_their_listeners_own_year_in_music(tmp_path: Path) -> None:
    for table, rows in ((EVENTS, []), (TRACKS, []), (PLAYS, PLAYED)):
        write(tmp_path, table, *rows)
    found = heard(DataSource(load_settings(lake=str(tmp_path), env={})), "u1")
    assert found.totals["plays"].tolist() == [2]
    assert sorted(found.tracks["name"]) == ["a", "secret"]


def test_a_lake_from_before_the_column_is_read_as_if_it_were_null(tmp_path: Path) -> None:
    write(tmp_path, EVENTS)
    before = TABLES[PLAYS.view].drop_columns(["private_session", "isrc"])
    write_deltalake(tmp_path / PLAYS.path, before)
    settings = load_settings(lake=str(tmp_path), env={})
    asked = ask(
        settings, sql_of(settings, "SELECT private_session, count(*) AS n FROM silver_listening GROUP BY 1"), None
    )
    assert asked.rows.to_pylist() == [{"private_session": None, "n": 4}]
