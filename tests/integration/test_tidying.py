"""Many small batches leave few small files: the stream joins them as it goes, and maintenance is not waited for."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from helpers.reading import rows
from helpers.records import envelope
from soundlake import stream
from soundlake.settings import load_settings
from soundlake.tables import BATCHES, EVENTS, PLAYS, STAMPS, Table

pytestmark = pytest.mark.slow

BATCHES_MADE = 4
JOINED_FROM = 3  # new files
LIMIT = "spark.databricks.delta.autoCompact.minNumFiles"


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake whose every batch took a file with two plays."""
    folder = tmp_path_factory.mktemp("tidying")
    (folder / "landed" / "plays").mkdir(parents=True)
    settings = load_settings(sets=[f"source.files.path={folder / 'landed'}"], lake=str(folder / "lake"), env={})
    for number in range(BATCHES_MADE):
        plays = [
            {"user_id": f"u{user}", "played_at": f"2026-03-01T10:00:{number:02}Z", "track": {"id": "t1"}}
            for user in range(2)
        ]
        lines = "\n".join(json.dumps(envelope("play", play)) for play in plays)
        (folder / "landed" / "plays" / f"{number}.ndjson").write_text(lines)
        spark.conf.set(LIMIT, str(JOINED_FROM))
        try:
            stream.run(spark, settings, once=True)
        finally:
            spark.conf.unset(LIMIT)
    return folder / "lake"


@pytest.mark.parametrize("table", [EVENTS, STAMPS, PLAYS], ids=lambda table: table.view)
def test_small_files_are_joined_while_the_stream_runs(lake: Path, table: Table) -> None:
    opened = DeltaTable(str(lake / table.path))
    assert "OPTIMIZE" in [commit["operation"] for commit in opened.history()]
    assert len(opened.file_uris()) < BATCHES_MADE


def test_joining_loses_and_doubles_nothing(lake: Path) -> None:
    assert sum(row["accepted"] for row in rows(lake, BATCHES)) == 2 * BATCHES_MADE
    played = Counter((row["user_id"], row["played_at"].second) for row in rows(lake, PLAYS))
    assert played == Counter((f"u{user}", second) for user in range(2) for second in range(BATCHES_MADE))
