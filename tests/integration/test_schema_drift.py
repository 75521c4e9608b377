"""Records with fields that nobody knows, and tables that were made by an older declaration."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from helpers.building import ARRIVAL, Arrived, Record, envelope
from helpers.reading import rows
from helpers.refining import refine as refine_batch
from soundlake import stream
from soundlake.core.schema_drift import MOST_AT_ONCE
from soundlake.errors import SoundlakeError
from soundlake.lake import Lake
from soundlake.ops.evolution import evolve
from soundlake.settings import load_settings
from soundlake.tables import EVENTS, TRACKS, UNKNOWN_FIELDS, Column, Table

ODD = {"id": "t1", "mood": "blue", "album": {"id": "a1", "colour": "red", "deep": {"deeper": 1}}, "artists": [{"x": 1}]}
KNOWN = {"id": "t1", "name": "Song", "album": {"id": "a1", "name": "Album"}}


def refine(spark: SparkSession, lake: Path, number: int, topic: str | None, *records: Record | Arrived) -> None:
    refine_batch(spark, lake, number, {f"{number}-{place}": record for place, record in enumerate(records)}, topic)


def reported(lake: Path) -> dict[tuple[str, str], str]:
    """Where the first record with a field stood, by kind and field."""
    found = rows(lake, UNKNOWN_FIELDS)
    assert len({(row["kind"], row["field"]) for row in found}) == len(found)
    return {(row["kind"], row["field"]): row["position"] for row in found}


def test_unknown_fields_are_reported_once_with_the_first_record_that_had_them(
    spark: SparkSession, tmp_path: Path
) -> None:
    refine(spark, tmp_path, 0, None, envelope("track", KNOWN), envelope("track", ODD), envelope("track", ODD))
    refine(spark, tmp_path, 1, None, envelope("track", ODD), envelope("artist", {"id": "a1", "mood": "blue"}))
    refine(spark, tmp_path, 1, None, envelope("track", ODD), envelope("artist", {"id": "a1", "mood": "blue"}))
    refine(spark, tmp_path, 2, "track", ODD | {"mode": 1}, "{no JSON", b"\xff", None)
    assert reported(tmp_path) == {
        ("track", "mood"): "0-1",
        ("track", "album.colour"): "0-1",
        ("track", "album.deep"): "0-1",
        ("artist", "mood"): "1-1",
        ("track", "mode"): "2-0",
    }


def test_the_first_record_with_a_field_is_the_one_that_arrived_first(spark: SparkSession, tmp_path: Path) -> None:
    def after(seconds: float, **fields: object) -> Arrived:
        return Arrived(envelope("artist", {"id": "a1", **fields}), ARRIVAL + timedelta(seconds=seconds))

    late, known, early, same = after(2, mood=1, hue=1), after(0), after(1, mood=1), after(1, mood=1, hue=1, tone=1)
    refine(spark, tmp_path, 0, None, late, known, early, same)
    assert reported(tmp_path) == {("artist", "mood"): "0-2", ("artist", "hue"): "0-3", ("artist", "tone"): "0-3"}


def test_made_up_names_do_not_fill_the_table(spark: SparkSession, tmp_path: Path) -> None:
    many = {f"field {number}": 1 for number in range(2 * MOST_AT_ONCE)}
    refine(spark, tmp_path, 0, None, envelope("track", {"id": "t1", **many}))
    found = reported(tmp_path)
    assert len(found) == MOST_AT_ONCE
    refine(spark, tmp_path, 1, None, envelope("track", {"id": "t1", "x" * 5000: 1}))
    assert ("track", "x" * 100) in reported(tmp_path)


def older(table: Table, without: str, comment: str) -> Table:
    """The table as an earlier version declared it: a column less, and other comments."""
    columns = tuple(
        dataclasses.replace(column, comment="once it was something else")
        for column in table.columns
        if column.name != without
    )
    return dataclasses.replace(table, columns=columns, comment=comment)


def described(lake: Path, table: Table) -> dict[str, tuple[str, str | None]]:
    fields = DeltaTable(str(lake / table.path)).schema().fields
    return {field.name: (str(field.type), field.metadata.get("comment")) for field in fields}


def test_a_column_that_was_declared_later_is_added_on_the_next_start(spark: SparkSession, tmp_path: Path) -> None:
    landed, lake = tmp_path / "landed", tmp_path / "lake"
    (landed / "tracks").mkdir(parents=True)
    settings = load_settings(None, [f"source.files.path={landed}"], lake=str(lake), env={})
    (landed / "tracks" / "1.json").write_text(json.dumps(envelope("track", {"id": "t1", "name": "One"})))
    before = older(TRACKS, "isrc", "An older comment, with 'quotes'.")
    Lake(str(lake)).create(spark, before)
    Lake(str(lake)).create(spark, older(EVENTS, "", "Older."))
    stream.run(spark, settings, once=True)
    spark.sql(f"ALTER TABLE delta.`{lake / EVENTS.path}` ALTER COLUMN source COMMENT 'older'")
    track = {"id": "t2", "name": "Two", "external_ids": {"isrc": "X"}}
    (landed / "tracks" / "2.json").write_text(json.dumps(envelope("track", track)))
    stream.run(spark, settings, once=True)
    assert sorted((row["track_id"], row["isrc"]) for row in rows(lake, TRACKS)) == [("t1", None), ("t2", "X")]
    assert DeltaTable(str(lake / TRACKS.path)).metadata().description == TRACKS.comment
    for table in (TRACKS, EVENTS):
        comments = {name: comment for name, (_, comment) in described(lake, table).items()}
        assert comments == {column.name: column.comment for column in table.columns}
    version = DeltaTable(str(lake / TRACKS.path)).version()
    evolve(spark, Lake(str(lake)), TRACKS)
    assert DeltaTable(str(lake / TRACKS.path)).version() == version


def test_a_comment_in_any_signs_is_put_right(spark: SparkSession, tmp_path: Path) -> None:
    plain = Table("silver", "things", "Plain.", ("id",), (Column("id", "string", "plain"),))
    odd = dataclasses.replace(plain, comment="It's a \\ thing\nof two lines", columns=(Column("id", "string", "\\'"),))
    Lake(str(tmp_path)).create(spark, plain)
    evolve(spark, Lake(str(tmp_path)), odd)
    assert DeltaTable(str(tmp_path / plain.path)).metadata().description == odd.comment
    assert described(tmp_path, plain)["id"][1] == "\\'"


def test_a_column_of_another_type_is_refused_with_what_to_do(spark: SparkSession, tmp_path: Path) -> None:
    columns = tuple(dataclasses.replace(c, type="string") if c.name == "popularity" else c for c in TRACKS.columns)
    Lake(str(tmp_path)).create(spark, dataclasses.replace(TRACKS, columns=columns))
    with pytest.raises(SoundlakeError, match=r"silver/tracks: .*popularity \(string, not int\).*rebuild"):
        evolve(spark, Lake(str(tmp_path)), TRACKS)
