"""silver_listening as it is registered in Glue, run by Trino, of Athena's family. delta-rs writes the plays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers.asking import answers, tables_of
from helpers.listenings import basic, extended, plays_of, poll
from helpers.marts import write
from helpers.on_s3 import new_bucket, put_lake
from helpers.services.object_store import ObjectStore
from helpers.services.trino import Trino
from soundlake.catalog.glue import register
from soundlake.catalog.query import sql_of
from soundlake.settings import Settings, load_settings
from soundlake.tables import PLAY_MATCHES, PLAYS
from soundlake.views import LISTENING, MATCHED_LISTENING, VIEWS, View

pytestmark = pytest.mark.slow

# What counts, by title; everything else is told by a better road.
COUNTED = {"exported", "polled later that day", "polled", "in the basic export", "of another listener"}
RECORDS = [
    extended("2026-10-01 10:03:20", "exported"),
    poll("2026-10-01 10:00:00", "polled while it was exported"),
    basic("2026-10-01 10:03", "in the basic export of an exported day"),
    poll("2026-10-01 18:00:00", "polled later that day"),
    poll("2026-10-02 09:00:00", "polled"),
    basic("2026-10-02 09:03", "in the basic export of a polled day"),
    basic("2026-10-03 09:00", "in the basic export"),
    poll("2026-10-01 10:00:00", "of another listener", user="u2"),
]


@dataclass(frozen=True)
class World:
    """The settings of the lake, Trino over it, and the same lake on a disk."""

    settings: Settings
    trino: Trino
    lake: Path

    def ask(self, sql: str) -> list[dict[str, object]]:
        return self.trino.ask(sql, self.settings.catalog.database).dicts()


@pytest.fixture(scope="module")
def world(
    object_store: ObjectStore, aws: str, trino: Trino, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    lake, bucket = tmp_path_factory.mktemp("listening") / "lake", new_bucket(object_store)
    plays = plays_of(RECORDS)
    write(lake, PLAYS, *plays)
    (by_name,) = [play["play_id"] for play in plays if play["track_name"] == "in the basic export"]
    write(lake, PLAY_MATCHES, {"play_id": by_name, "user_id": "u1", "track_id": "matched", "confidence": 0.9})
    put_lake(object_store, bucket, lake)
    sets = [f"catalog.endpoint_url={aws}", f"s3.endpoint_url={object_store.url}", "s3.region=us-east-1"]
    sets += ["catalog.type=glue", "catalog.database=listening"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_DEFAULT_REGION", "us-east-1")
        settings = load_settings(sets=sets, lake=f"s3://{bucket}/lake", env={})
        states = {one.name: one.state for one in register(settings)}
        assert states[LISTENING.view] == "created"
        yield World(settings, trino, lake)


def test_polls_and_exports_of_a_listening_count_once(world: World) -> None:
    assert {row["track_name"] for row in world.ask(f"SELECT track_name FROM {LISTENING.view}")} == COUNTED
    assert world.ask(f"SELECT count(*) AS plays FROM {PLAYS.view}") == [{"plays": len(RECORDS)}]


def test_a_play_without_an_id_has_that_of_its_match(world: World) -> None:
    told = world.ask(f"SELECT track_name, track_id FROM {MATCHED_LISTENING.view}")
    of_title = {row["track_name"]: row["track_id"] for row in told}
    assert of_title == {title: title for title in COUNTED} | {"in the basic export": "matched"}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.view)
def test_a_view_has_the_columns_and_types_of_its_table(world: World, view: View) -> None:
    columns = [world.trino.ask(f"SHOW COLUMNS FROM {name}", "listening").rows for name in (view.view, PLAYS.view)]
    of_view, of_table = ([(row[0], row[1]) for row in rows] for rows in columns)
    assert of_view == of_table


def test_an_insight_over_it_answers_as_on_another_engine(world: World) -> None:
    name = "listening_by_content_type"
    expected = answers(tables_of(world.lake), name)[name].to_pylist()
    told = world.ask(sql_of(world.settings, name))
    assert sorted((row["day"], row["plays"], row["listeners"]) for row in told) == sorted(
        (row["day"].isoformat(), row["plays"], row["listeners"]) for row in expected
    )
