"""A stream that is told to stop while more is waiting finishes its batches, begins no other, and loses nothing."""

from __future__ import annotations

import json
import logging
import os
import signal
from collections import Counter
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest
from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, SparkSession

from helpers.reading import rows
from helpers.records import envelope
from soundlake import stream
from soundlake.gate import Gate, is_kept_out, without_traces
from soundlake.settings import load_settings
from soundlake.tables import BATCHES, EVENTS, TRACKS

FILES, IN_EACH, PATIENCE_SECONDS = 12, 5, 120


def land(folder: Path) -> Counter[str]:
    """Files of tracks; returns the ids in them."""
    (folder / "tracks").mkdir(parents=True)
    ids = [f"t{number}" for number in range(FILES * IN_EACH)]
    for first in range(0, len(ids), IN_EACH):
        lines = [json.dumps(envelope("track", {"id": one})) for one in ids[first : first + IN_EACH]]
        (folder / "tracks" / f"{first}.ndjson").write_text("\n".join(lines))
    return Counter(ids)


def test_a_batch_is_finished_the_next_is_kept_out_and_a_new_start_takes_it(
    spark: SparkSession, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    land(tmp_path / "landed")
    records = spark.readStream.schema("value string").option("maxFilesPerTrigger", 1).text(f"{tmp_path}/landed/tracks")
    taken: dict[int, int] = {}
    begun, may_end = Event(), Event()

    def start(gate: Gate) -> None:
        def write(batch: DataFrame, number: int) -> None:
            gate.check()
            begun.set()
            assert may_end.wait(PATIENCE_SECONDS)
            taken[number] = batch.count()

        checkpoint = f"{tmp_path}/checkpoint"
        query = records.writeStream.option("checkpointLocation", checkpoint).foreachBatch(write)
        running = query.trigger(availableNow=True).start()
        try:
            assert begun.wait(PATIENCE_SECONDS)
            if gate is closing:
                gate.close()
            may_end.set()
            running.awaitTermination(PATIENCE_SECONDS)
        finally:
            running.stop()

    closing = Gate()
    with without_traces(spark), pytest.raises(StreamingQueryException) as ended:
        start(closing)
    assert is_kept_out(ended.value)
    assert taken == {0: IN_EACH}
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    start(Gate())
    assert taken == dict.fromkeys(range(FILES), IN_EACH)


def test_sigterm_in_a_backlog_leaves_the_rest_to_the_next_start(spark: SparkSession, tmp_path: Path) -> None:
    sent = land(tmp_path / "landed")
    lake = tmp_path / "lake"
    sets = [f"source.files.path={tmp_path / 'landed'}", "source.files.max_files_per_trigger=1"]
    settings = load_settings(lake=str(lake), sets=sets, env={})

    def stop() -> None:
        deadline = monotonic() + PATIENCE_SECONDS
        pause = Event()
        while not rows(lake, BATCHES) and monotonic() < deadline:
            pause.wait(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    stopper = Thread(target=stop)
    stopper.start()
    assert stream.run(spark, settings, once=False)
    stopper.join()
    first = len(rows(lake, EVENTS))
    assert first < sent.total()
    assert stream.run(spark, settings, once=True)
    assert len(rows(lake, EVENTS)) == sent.total()
    assert Counter(row["track_id"] for row in rows(lake, TRACKS)) == sent
    assert sum(batch["read"] for batch in rows(lake, BATCHES) if batch["query"] == "refine") == sent.total()
