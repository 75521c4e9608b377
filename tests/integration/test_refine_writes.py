"""What a batch of refine writes: each of its tables has the rows of the batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from helpers.building import Records, envelope, stamp
from helpers.models import publish_model
from helpers.reading import rows
from helpers.records import events
from helpers.refining import QUERY_ID, refiner
from soundlake.clusters.features import FEATURES
from soundlake.tables import (
    BATCHES,
    CHANGES,
    PLAYLIST_FETCHES,
    PLAYS,
    REJECTED,
    STAMPS,
    TRACK_CLUSTERS,
    TRACK_FEATURES,
    TRACKS,
    UNKNOWN_FIELDS,
    Table,
)

KNOWN: Records = {"t1": envelope("track", {"id": "t1", "name": "Old"}, stamp(1))}
BATCH: Records = {
    "t1 renamed": envelope("track", {"id": "t1", "name": "New"}, stamp(2)),
    "t2": envelope("track", {"id": "t2", "name": "Other", "mood": "blue"}, stamp(2)),
    "play": envelope(
        "play", {"user_id": "u", "played_at": "2026-03-01T10:00:01Z", "track": {"id": "t2", "name": "Other"}}
    ),
    "entry": envelope("playlist_item", {"playlist": {"id": "p", "total": 1}, "position": 0, "track": {"id": "t2"}}),
    "features": envelope("audio_features", {"id": "t2"} | dict.fromkeys(FEATURES, 0.5)),
    "no JSON": "{",
}
WRITTEN: dict[Table, tuple[tuple[str, ...], set[tuple[Any, ...]]]] = {
    TRACKS: (("track_id", "track_name"), {("t1", "Old"), ("t2", "Other")}),
    PLAYS: (("user_id", "track_id"), {("u", "t2")}),
    PLAYLIST_FETCHES: (("playlist_id", "position", "track_id"), {("p", 0, "t2")}),
    TRACK_FEATURES: (("track_id",), {("t2",)}),
    TRACK_CLUSTERS: (("track_id", "model_version"), {("t2", "v1")}),
    CHANGES: (("target", "id", "batch"), {("tracks", "t1", f"{QUERY_ID}/1"), ("playlist_items", "p", f"{QUERY_ID}/1")}),
    REJECTED: (("position", "reason"), {("no JSON", "not_json")}),
    UNKNOWN_FIELDS: (("kind", "field", "position"), {("track", "mood", "t2")}),
    BATCHES: (("batch_id", "read", "accepted", "rejected"), {(0, 1, 1, 0), (1, 6, 5, 1)}),
}


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("written") / "lake"
    publish_model(spark, lake)
    refining = refiner(lake)
    for number, records in enumerate([KNOWN, BATCH]):
        refining.refine(spark, events(spark, None, records), QUERY_ID, number)
    return lake


@pytest.mark.parametrize("table", WRITTEN, ids=lambda table: table.view)
def test_a_table_has_the_rows_of_its_batch(lake: Path, table: Table) -> None:
    columns, wanted = WRITTEN[table]
    found = [tuple(row[column] for column in columns) for row in rows(lake, table)]
    assert (set(found), len(found)) == (wanted, len(wanted))


def test_every_record_that_was_taken_is_stamped_by_its_batch(lake: Path) -> None:
    stamped = [(row["entity"], row["batch"]) for row in rows(lake, STAMPS)]
    assert sorted(stamped) == sorted(
        [
            ("track", f"{QUERY_ID}/0"),
            *[(kind, f"{QUERY_ID}/1") for kind in ("track", "track", "play", "playlist_item", "audio_features")],
        ]
    )
