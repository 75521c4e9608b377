"""A stream that runs tells CloudWatch how old its newest rows are: the real job, moto's logs."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from pyspark.sql import SparkSession

from helpers.aws_environment import REGION, set_credentials
from helpers.landing import land
from soundlake import stream
from soundlake.lake import Lake
from soundlake.ops import reporting
from soundlake.ops.row_ages import reporting_ages
from soundlake.settings import load_settings

pytestmark = pytest.mark.slow

GROUP = "/soundlake/here"


@contextmanager
def stopping_when(is_enough: Callable[[], bool]) -> Iterator[None]:
    """Ask this process to stop, as its user would, as soon as it is enough, and after a while anyway."""
    left = threading.Event()

    def watch() -> None:
        for _ in range(1200):
            if left.wait(0.1) or is_enough():
                break
        if not left.is_set():
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        left.set()
        thread.join()


def test_the_ages_come_down_when_rows_are_written(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_credentials(monkeypatch)
    monkeypatch.setattr(reporting, "reporting_ages", partial(reporting_ages, seconds=0.2))
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(reporting, "last_refined", lambda *_: long_ago)
    land(tmp_path / "landed", "a.json", "t1")
    sets = [f"source.files.path={tmp_path / 'landed'}", f"log.metrics_group={GROUP}", "trigger.interval=0.2 seconds"]
    settings = load_settings(None, sets, lake=str(tmp_path / "lake"), env={})
    with mock_aws():
        logs = boto3.client("logs", region_name=REGION)
        logs.create_log_group(logGroupName=GROUP)

        def ages() -> dict[str, float]:
            events = logs.filter_log_events(logGroupName=GROUP)["events"]
            found: dict[str, float] = json.loads(events[-1]["message"]) if events else {}
            return found

        with stopping_when(lambda: 0 < max(ages().values(), default=0) < 60):
            stream.run(spark, settings, once=False)
        assert max(ages().values()) < 60
        assert set(ages()) == {"bronze_age_seconds", "silver_age_seconds"}


def test_a_stream_that_starts_again_knows_when_it_last_refined(spark: SparkSession, tmp_path: Path) -> None:
    land(tmp_path / "landed", "a.json", "t1")
    settings = load_settings(None, [f"source.files.path={tmp_path / 'landed'}"], lake=str(tmp_path / "lake"), env={})
    begun = datetime.now(UTC)
    stream.run(spark, settings, once=True)
    ended = datetime.now(UTC)
    lake = Lake(settings.lake.uri)
    assert begun < reporting.last_refined(spark, lake) < ended
    stream.run(spark, settings, once=True)
    assert reporting.last_refined(spark, lake) < ended
