"""What a source is to the rest of Soundlake."""

from __future__ import annotations

from typing import Protocol

from pyspark.sql import DataFrame, SparkSession


class Source(Protocol):
    """A place that records come from. It frames them and says where each stands; it never interprets them."""

    def read_stream(self, spark: SparkSession) -> DataFrame:
        """Return the stream of records: the columns of bronze/events but for those that ingest adds."""
        ...
