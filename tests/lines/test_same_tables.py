"""The demo on both Spark lines: the same tables. Needs both environments; `make compare-lines` makes them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from helpers.reading import silver
from helpers.sampling import small_sample
from soundlake.insights import load_insights
from soundlake.launch.paths import ROOT
from soundlake.launch.versions import read_lines
from soundlake.tables import CLUSTER_PROFILES, TRACK_CLUSTERS, Table

pytestmark = pytest.mark.lines

# What holds the clock of the run, and the name of a model, which its training's clock makes.
CLOCK = {"ingested_at", "scored_at", "trained_at", "model_version", "rejected_at"}
GOLD = (TRACK_CLUSTERS, CLUSTER_PROFILES, *(insight.table for insight in load_insights()))


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("lines")
    records, _ = small_sample(folder / "records")
    for line in read_lines():
        told = ["--lake", str(folder / line), "--set", f"source.files.path={records}", "--set", "train.k=4"]
        command = [str(ROOT / "spark-submit.sh"), "--spark", line, "demo", *told]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "COLUMNS": "160"})
        assert done.returncode == 0, done.stderr[-4000:]
    return {line: folder / line for line in read_lines()}


def timeless(lake: Path, table: Table) -> list[str]:
    """The rows without clocks, sorted; sums in another order differ in their last digits."""
    found = DeltaTable(str(lake / table.path)).to_pyarrow_table().to_pylist()
    return sorted(repr({name: _rounded(value) for name, value in row.items() if name not in CLOCK}) for row in found)


def _rounded(value: Any) -> Any:
    return float(f"{value:.9g}") if isinstance(value, float) else value


def test_silver_is_the_same(lakes: dict[str, Path]) -> None:
    first, *others = (silver(lake) for lake in lakes.values())
    assert all(first.values())
    assert [other == first for other in others] == [True] * (len(lakes) - 1)


@pytest.mark.parametrize("table", GOLD, ids=lambda table: table.view)
def test_gold_is_the_same(lakes: dict[str, Path], table: Table) -> None:
    first, *others = (timeless(lake, table) for lake in lakes.values())
    for other in others:
        assert other == first
