"""The class archive that the set-up makes is one that Spark's Java takes."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from soundlake.launch import local


def test_java_has_mapped_the_archived_classes(spark: SparkSession) -> None:
    gateway = spark.sparkContext._gateway
    assert gateway
    assert str(local.CLASSES) in Path(f"/proc/{gateway.proc.pid}/maps").read_text()
