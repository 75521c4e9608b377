"""What all tests share: one Spark session, as the launcher would open it on this machine, and one of each service.

A service starts when the first test asks for it, and ends with the run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from soundlake.launch.local import spark_environment
from soundlake.session import open_session

sys.path.insert(0, str(Path(__file__).parent))  # the builders of tests/records.py, tests/services

from services.kafka import Broker, kafka_broker
from services.kinesis import CREDENTIALS, Emulator, kinesis_emulator


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    folder = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {**spark_environment(cores=2), **CREDENTIALS}.items():
            environment.setenv(name, value)
        session = open_session(
            "tests", {"spark.sql.shuffle.partitions": "2", "spark.sql.warehouse.dir": str(folder / "warehouse")}
        )
    yield session
    session.stop()


@pytest.fixture(scope="session")
def kafka() -> Iterator[Broker]:
    with kafka_broker() as broker:
        yield broker


@pytest.fixture(scope="session")
def kinesis() -> Iterator[Emulator]:
    with kinesis_emulator() as emulator, pytest.MonkeyPatch.context() as environment:
        for name, value in CREDENTIALS.items():
            environment.setenv(name, value)
        yield emulator
