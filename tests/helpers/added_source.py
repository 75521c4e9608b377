"""A source that nobody has, as CONTRIBUTING.md adds one: the rows of a Delta table to which another system appends."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.errors import SoundlakeError
from soundlake.sources import Gap, Once, Recovered
from soundlake.storage import Storage

NAME = "table"


@dataclass(frozen=True)
class TableSource:
    """The table at `path` (columns number, key, value, written_at), each row a record of one kind."""

    path: str
    kind: str

    @property
    def once(self) -> Once:
        """Spark knows at the start of a run where the table ends."""
        return Once.AVAILABLE_NOW

    def check_start(self, spark: SparkSession, resume: str | None) -> tuple[Gap, ...]:
        """See Source: the table is there. Its rows do not expire."""
        if not Storage(spark).exists(f"{self.path}/_delta_log"):
            raise SoundlakeError(f"there is no table at {self.path}: set the path of one that is there")
        return ()

    def read_stream(self, spark: SparkSession) -> DataFrame:
        """See Source. The position of a record is its number."""
        rows = spark.readStream.format("delta").option("maxFilesPerTrigger", 3).load(self.path)
        return rows.select(
            F.lit(self.kind).alias("kind"),
            "key",
            "value",
            F.lit(NAME).alias("source"),
            F.lit(self.path).alias("stream"),
            F.lit("0").alias("partition"),
            F.col("number").cast("string").alias("position"),
            F.col("written_at").alias("arrived_at"),
        )

    def is_drained(self, reached: str) -> bool:
        """See Source."""
        raise NotImplementedError("Spark's trigger availableNow knows")

    def recover_checkpoint(self, spark: SparkSession, held: DataFrame, scratch: str) -> Recovered:
        """See Source: a new query would begin at the first row."""
        raise SoundlakeError("a lost checkpoint of a table cannot be recovered: stream into a new lake")

    def explain(self, error: str) -> str | None:
        """See Source: Spark's own messages need no explanation."""
        return None
