"""A stream that lost its lease cuts off what it is at and says so: another driver may be about to do it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from helpers.reading import rows
from helpers.records import envelope
from soundlake import stream
from soundlake.lease import Lease, LeaseLostError
from soundlake.settings import Settings, load_settings
from soundlake.tables import BATCHES

pytestmark = pytest.mark.slow


class Losing(Lease):
    """A lease that is lost after the first batch."""

    def __init__(self, lake: Path) -> None:
        super().__init__()
        self._lake = lake

    @property
    def is_lost(self) -> bool:
        return bool(rows(self._lake, BATCHES))

    def check(self) -> None:
        if self.is_lost:
            raise LeaseLostError("stream: lost its lock")


def test_a_stream_ends_when_its_lease_is_lost(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed, lake = tmp_path / "landed", tmp_path / "lake"
    (landed / "tracks").mkdir(parents=True)
    (landed / "tracks" / "a.json").write_text(json.dumps(envelope("track", {"id": "t1"})))

    @contextmanager
    def losing(settings: Settings, job: str) -> Iterator[Lease]:
        yield Losing(lake)

    monkeypatch.setattr(stream, "lease", losing)
    settings = load_settings(None, [f"source.files.path={landed}"], lake=str(lake), env={})
    with pytest.raises(LeaseLostError, match="lost its lock"):
        stream.run(spark, settings, once=False)
    assert not spark.streams.active
