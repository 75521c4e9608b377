"""Listeners of the sample are called made up, on whatever lake their plays are."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from helpers.marts import write
from soundlake.dashboard.sample import has_sample
from soundlake.dashboard.source import DataSource
from soundlake.launch.paths import SAMPLE
from soundlake.settings import load_settings
from soundlake.tables import PLAYS, SAMPLE_SOURCE

pytestmark = pytest.mark.heavy


def source(lake: Path) -> DataSource:
    (lake / "bronze").mkdir()
    return DataSource(load_settings(lake=str(lake), env={}))


@pytest.mark.parametrize(
    ("sources", "expected"),
    [(["spotify-api"], False), (["a", SAMPLE_SOURCE, "z"], True), ([None], False)],
)
def test_a_single_play_of_the_sample_is_enough(sources: list[str | None], expected: bool, tmp_path: Path) -> None:
    write(tmp_path, PLAYS, *[{"play_id": str(number), "source": source} for number, source in enumerate(sources)])
    assert has_sample(source(tmp_path)) is expected


def test_a_lake_without_plays_has_none_of_the_sample(tmp_path: Path) -> None:
    assert not has_sample(source(tmp_path))


def test_the_plays_that_are_bundled_name_this_source() -> None:
    bundled = gzip.decompress(next((SAMPLE / "plays").glob("*.gz")).read_bytes())
    assert json.loads(bundled.splitlines()[0])["source"] == SAMPLE_SOURCE
