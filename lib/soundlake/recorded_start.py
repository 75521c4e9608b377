"""A short run of Spark with a batch and a stream of Delta tables, in which Java records the classes that it loads."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from pyspark import SparkContext
from pyspark.sql import DataFrame

from soundlake.launch.local import spark_environment
from soundlake.session import open_session


def main() -> None:
    """Write the class archive into the file that the command line names."""
    os.environ |= spark_environment(recorded_in=Path(sys.argv[1]))
    with TemporaryDirectory(prefix="soundlake-") as folder, open_session("set-up", extra=_inside(folder)) as spark:
        scratch = Path(folder).as_uri()  # whatever file system Hadoop takes by default
        print("writing a table", flush=True)
        spark.range(100).selectExpr("id % 7 AS key", "id").write.format("delta").save(f"{scratch}/batch")

        def append(batch: DataFrame, _: int) -> None:
            batch.groupBy("key").count().write.format("delta").mode("append").save(f"{scratch}/stream")

        rows = spark.readStream.format("delta").load(f"{scratch}/batch").writeStream.foreachBatch(append)
        print("running a stream", flush=True)
        rows.option("checkpointLocation", f"{scratch}/checkpoint").trigger(availableNow=True).start().awaitTermination()
    print("writing the classes", flush=True)
    _end_java()


def _inside(folder: str) -> dict[str, str]:
    return {"spark.sql.warehouse.dir": f"{folder}/warehouse"}


def _end_java() -> None:
    """End the JVM, and wait for it: it writes the archive at its end. Exits with 1 where it could not."""
    gateway = SparkContext._gateway
    assert gateway
    gateway.shutdown()
    gateway.proc.stdin.close()
    if gateway.proc.wait() != 0:
        sys.exit(1)


if __name__ == "__main__":
    main()
