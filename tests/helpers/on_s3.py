"""A lake in a bucket of its own, and the settings that say so, for the session that all tests share."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from pyspark.sql import SparkSession

from helpers.services.object_store import ObjectStore
from soundlake.s3 import spark_conf
from soundlake.settings import Settings, load_settings

LAYERS = ("bronze", "silver", "gold", "ops")


def new_bucket(store: ObjectStore) -> str:
    """Make a bucket, and return its name."""
    name = f"soundlake-{uuid4().hex[:12]}"
    store.make_bucket(name)
    return name


def put_lake(store: ObjectStore, bucket: str, lake: Path) -> None:
    """Copy a lake from the disk to where `settings_on` says that it is; checkpoints stay behind."""
    client = store.client()
    for file in lake.rglob("*"):
        key = file.relative_to(lake)
        if file.is_file() and key.parts[0] in LAYERS:
            client.upload_file(str(file), bucket, f"lake/{key}")


def settings_on(spark: SparkSession, url: str, bucket: str, *more: str, scheme: str = "s3") -> Settings:
    """Settings of a lake in a bucket behind this URL.

    A job opens its session with them; here the session is there already, and is told for this bucket alone.
    """
    sets = (f"s3.endpoint_url={url}", "s3.region=us-east-1", "trigger.interval=100 milliseconds", *more)
    settings = load_settings(sets=list(sets), lake=f"{scheme}://{bucket}/lake", env={})
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()
    for name, value in spark_conf(settings).items():
        hadoop.set(name.replace("spark.hadoop.fs.s3a.", f"fs.s3a.bucket.{bucket}."), value)
    return settings
