"""What all tests share: one Spark session, as the launcher would open it on this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from soundlake.launch.local import spark_environment
from soundlake.session import open_session

sys.path.insert(0, str(Path(__file__).parent))  # the builders of tests/records.py


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    folder = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in spark_environment(cores=2).items():
            environment.setenv(name, value)
        session = open_session(
            "tests", {"spark.sql.shuffle.partitions": "2", "spark.sql.warehouse.dir": str(folder / "warehouse")}
        )
    yield session
    session.stop()
