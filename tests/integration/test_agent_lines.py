"""Lines that a Kinesis Agent sends: by Firehose into files or by the stream, the rows are the same."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from helpers.reading import rows, silver
from helpers.records import envelope
from helpers.services.kinesis import REGION, Emulator
from soundlake import stream
from soundlake.settings import load_settings
from soundlake.tables import REJECTED

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

RECORDS = [
    envelope("track", {"id": "t1", "name": "Ein Lied – 歌", "popularity": 40, "artists": [{"id": "a1", "name": "S"}]}),
    envelope("artist", {"id": "a1", "name": "Singer", "genres": ["pop"], "followers": {"total": 3}}),
    envelope("playlist", {"id": "p1", "name": "List", "followers": {"total": 1}}),
]
# The agent sends each line with the newline at its end.
LINES = [json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in RECORDS] + [b'{"cut": \n']


def test_a_line_by_firehose_and_by_the_stream_gives_equal_rows(
    spark: SparkSession, kinesis: Emulator, tmp_path: Path
) -> None:
    landed = tmp_path / "records" / "firehose" / "2026" / "03" / "01" / "08"
    landed.mkdir(parents=True)
    # Firehose puts records one after the other, and nothing between them.
    (landed / "delivery-1.ndjson.gz").write_bytes(gzip.compress(b"".join(LINES)))
    streamed = kinesis.new_stream()
    streamed.put([(str(number), line) for number, line in enumerate(LINES)])
    place = {"stream": streamed.name, "region": REGION, "endpoint_url": kinesis.endpoint_url}
    roads = {
        "files": [f"source.files.path={tmp_path / 'records'}"],
        "kinesis": [f"source.kinesis.{name}={value}" for name, value in place.items()],
    }
    for road, sets in roads.items():
        settings = load_settings(sets=sets, lake=str(tmp_path / road), env=os.environ, source=road)
        stream.run(spark, settings, once=True)
    by_file, by_stream = (tmp_path / road for road in roads)
    assert silver(by_file) == silver(by_stream)
    assert silver(by_file)["silver_tracks"]
    assert [row["reason"] for row in rows(by_file, REJECTED)] == [row["reason"] for row in rows(by_stream, REJECTED)]
