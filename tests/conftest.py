"""What all tests share: one Spark session, as the launcher would open it on this machine, and one of each service.

A service starts when the first test asks for it, and ends with the run.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from moto import mock_aws
from pyspark.sql import SparkSession

from helpers.aws_calls import none_without_permission
from helpers.demo import demo
from helpers.services.extracting import Extracting
from helpers.services.kafka import Broker, kafka_broker
from helpers.services.kinesis import CREDENTIALS, Emulator, kinesis_emulator
from helpers.services.moto import moto_server
from helpers.services.object_store import ObjectStore
from helpers.services.object_store import object_store as run_object_store
from helpers.services.spotify import FakeSpotify
from helpers.services.trino import Trino, trino_server
from helpers.sharing import shared_folder
from soundlake.launch.jars import fetch_s3
from soundlake.launch.local import spark_environment
from soundlake.launch.steps import Steps
from soundlake.launch.versions import installed_spark_line
from soundlake.session import open_session

# A shell starts what it runs in the background with Ctrl-C ignored, and children inherit that: the tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Other processes share the machine: a slow example is no fault. What fails is printed so that it can be run again.
settings.register_profile("soundlake", deadline=None, print_blob=True)
settings.register_profile("fast", parent=settings.get_profile("soundlake"), max_examples=10)  # for `make test-fast`
settings.load_profile("soundlake")


# What a run has once. Tests that use one of these stay together in one process; the others run beside them.
ONCE = {"spark", "kafka", "kinesis", "object_store", "trino"}
# Fixtures that start something, or go through boto3 and moto, which take a second to load.
HEAVY = ONCE | {"demo_lake", "aws", "bucket", "emulated_aws", "endpoint", "fake"}

_SECONDS_FOR_THE_DEMO = 1800  # the first test that uses its lake waits for it: 300 s on a quiet machine


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in a hook of its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell pytest-xdist what belongs together, and `make test-fast` what to leave out."""
    for item in items:
        if HEAVY & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.heavy)
        # Tests of faults start Sparks of their own: one at a time.
        if ONCE & set(getattr(item, "fixturenames", ())) or item.path.parent.name == "faults":
            item.add_marker(pytest.mark.xdist_group("spark"))
        elif "demo_lake" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("demo"))
            item.add_marker(pytest.mark.timeout(_SECONDS_FOR_THE_DEMO))


# Most plans in tests run once, on a few rows: interpreting expressions is quicker than compiling them. Tests of the
# other line, and the jobs that tests start, compile them.
INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}


@pytest.fixture(scope="session")
def refused() -> Iterator[list[str]]:
    """The AWS calls of jobs that no role of the stack allows."""
    with none_without_permission() as calls:
        yield calls


@pytest.fixture(autouse=True)
def permitted(refused: list[str]) -> Iterator[None]:
    """In any test and thread, jobs make only AWS calls that their role in the stack allows."""
    yield
    calls = refused[:]
    refused.clear()
    assert calls == []


@pytest.fixture(scope="session")
def spark(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    folder = tmp_path_factory.mktemp("spark")
    if run := os.environ.get("PYTEST_XDIST_TESTRUNUID"):
        # Fails where another process of this run has a Spark already.
        (tmp_path_factory.getbasetemp().parent / f"spark-of-{run}").touch(exist_ok=False)
    # 650 MB of jars: only for a run that has tests on S3.
    wants_s3 = any("object_store" in getattr(item, "fixturenames", ()) for item in request.session.items)
    if wants_s3:
        fetch_s3(installed_spark_line(), Steps(folder / "setup.log"))
    with pytest.MonkeyPatch.context() as environment:
        if all(item.path.parent.name == "unit" for item in request.session.items):
            # They run each plan once: HotSpot's second compiler only takes time.
            environment.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")
        for name, value in {**spark_environment(cores=2, with_s3=wants_s3), **CREDENTIALS}.items():
            environment.setenv(name, value)
        how = INTERPRETED if installed_spark_line().is_default else {}
        folders = {"spark.sql.warehouse.dir": str(folder / "warehouse")}
        session = open_session("tests", extra={"spark.sql.shuffle.partitions": "2", **folders, **how})
    yield session
    session.stop()


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    with run_object_store() as store, pytest.MonkeyPatch.context() as environment:
        for name, value in CREDENTIALS.items():
            environment.setenv(name, value)
        environment.delenv("AWS_PROFILE", raising=False)
        yield store


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    """The URL of moto, which stands for Glue; its S3 has no part in this."""
    with moto_server() as url:
        yield url


@pytest.fixture
def emulated_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An AWS inside this process, in which nothing is there yet, with credentials and a region."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "emulated")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield


@pytest.fixture
def extracting(fake: FakeSpotify, tmp_path: Path) -> Extracting:
    """Runs against the `fake` of a module, in a folder of the test's own."""
    return Extracting(fake, tmp_path)


@pytest.fixture
def playlist(fake: FakeSpotify) -> str:
    """All tracks of the `fake`, in order."""
    return fake.catalog.add_playlist(1, list(fake.catalog.tracks.values()))


@pytest.fixture(scope="session")
def trino(object_store: ObjectStore, aws: str) -> Iterator[Trino]:
    object_store.make_bucket("warehouse")
    with trino_server(object_store.url, aws, "warehouse") as server:
        yield server


@pytest.fixture(scope="session")
def demo_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake of the demo, which runs once for all; or the one of SOUNDLAKE_DEMO_LAKE, to try tests on it."""
    if ready := os.environ.get("SOUNDLAKE_DEMO_LAKE"):
        return Path(ready)
    with shared_folder(tmp_path_factory, "demo") as folder:
        lake = folder / "lake"
        if not (printed := folder / "printed").exists():
            printed.write_text(demo(lake))
    return lake


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
