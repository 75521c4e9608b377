"""Commits to a Delta log on S3 by one of Delta's log stores, without Spark."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

from py4j.protocol import Py4JJavaError
from pyspark.java_gateway import launch_gateway

from helpers.services.kinesis import CREDENTIALS
from soundlake.launch.local import spark_environment
from soundlake.launch.log_store import compile_into
from soundlake.launch.steps import Steps
from soundlake.launch.versions import installed_spark_line
from soundlake.s3 import LOG_STORE, spark_conf
from soundlake.settings import load_settings

DELTAS_OWN = "io.delta.storage.S3SingleDriverLogStore"
STORES = (DELTAS_OWN, LOG_STORE)


def compiled(folder: Path) -> Path:
    """The classes of Soundlake's log store, compiled below a folder."""
    classes = folder / "classes"
    compile_into(classes, installed_spark_line(), Steps(folder / "log"), os.environ)
    return classes


def commit_key(number: int) -> str:
    """The key of a commit in the bucket."""
    return f"lake/_delta_log/{number:020d}.json"


def actions(writer: str) -> str:
    """The one action of a commit."""
    return json.dumps({"commitInfo": {"writer": writer}})


class LogWriter:
    """A log store in a JVM of its own, for a bucket of an S3 server. `close` ends the JVM."""

    def __init__(self, store: str, classes: Path, url: str, bucket: str, conf: Mapping[str, str] | None = None) -> None:
        environment = {**spark_environment(cores=1, with_s3=True), **CREDENTIALS}
        told = environment["PYSPARK_SUBMIT_ARGS"]
        environment["PYSPARK_SUBMIT_ARGS"] = told.replace("extraClassPath=", f"extraClassPath={classes}:")
        with patch.dict(os.environ, environment):
            self._gateway: Any = launch_gateway()  # type: ignore[no-untyped-call]
        self._jvm = self._gateway.jvm
        sets = [f"s3.endpoint_url={url}", "s3.region=us-east-1", "s3.attempts=3"]
        settings = load_settings(sets=sets, lake=f"s3://{bucket}/lake", env={})
        self._conf = self._jvm.org.apache.hadoop.conf.Configuration()
        for name, value in {**spark_conf(settings), **(conf or {})}.items():
            self._conf.set(name.removeprefix("spark.hadoop."), value)
        self._bucket = bucket
        package, _, name = store.rpartition(".")
        self._store = getattr(getattr(self._jvm, package), name)(self._conf)

    def commit(self, number: int, writer: str) -> bool:
        """Write a commit; returns whether the log store reports it as written."""
        lines = self._jvm.java.util.ArrayList()
        lines.add(actions(writer))
        path = self._jvm.org.apache.hadoop.fs.Path(f"s3a://{self._bucket}/{commit_key(number)}")
        try:
            self._store.write(path, lines.iterator(), False, self._conf)
        except Py4JJavaError as error:
            if "FileAlreadyExistsException" in str(error.java_exception):
                return False
            raise
        return True

    def close(self) -> None:
        """End the JVM."""
        self._gateway.shutdown()
        self._gateway.proc.stdin.close()
        self._gateway.proc.wait(30)
