"""Registering beside a stream: Glue (moto) behind a proxy that can be made to fail, tables written by delta-rs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from itertools import count

import boto3
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from helpers.services.faulty_proxy import Proxy, faulty_proxy
from helpers.services.kinesis import CREDENTIALS
from helpers.services.moto import moto_server
from soundlake.aws import open_client
from soundlake.catalog import glue
from soundlake.catalog.registrar import Registrar
from soundlake.catalog.report import registered
from soundlake.settings import Settings, load_settings
from soundlake.tables import ARTISTS, TRACKS, Table

NUMBERS = count()


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture
def proxy(aws: str) -> Iterator[Proxy]:
    with faulty_proxy(aws) as proxy:
        yield proxy


class World:
    """A lake, its Glue, and what the registrar logged."""

    def __init__(self, aws: str, proxy: Proxy, caplog: pytest.LogCaptureFixture) -> None:
        self.aws, self.proxy = aws, proxy
        self.bucket = f"registered-{next(NUMBERS)}"
        self.schemas: dict[Table, str] = {}
        self._caplog = caplog
        boto3.client("s3", endpoint_url=aws, region_name="us-east-1").create_bucket(Bucket=self.bucket)

    @property
    def logged(self) -> list[str]:
        return [record.message for record in self._caplog.records if record.name == "soundlake.catalog.registrar"]

    @property
    def settings(self) -> Settings:
        sets = ["catalog.type=glue", f"catalog.database={self.bucket.replace('-', '_')}"]
        sets += [f"catalog.endpoint_url={self.proxy.url}", f"s3.endpoint_url={self.aws}"]
        return load_settings(lake=f"s3://{self.bucket}/lake", sets=sets, env={})

    def write(self, table: Table, *columns: str) -> None:
        options = {"AWS_ENDPOINT_URL": self.aws, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1", **CREDENTIALS}
        rows = pa.table({name: ["a"] for name in columns})
        uri = f"s3://{self.bucket}/lake/{table.path}"
        write_deltalake(uri, rows, mode="append", schema_mode="merge", storage_options=options)
        self.schemas[table] = ",".join(columns)

    def registrar(self) -> Registrar:
        return Registrar(self.settings, lambda: self.schemas)

    def columns(self, table: Table) -> list[str]:
        client = boto3.client("glue", endpoint_url=self.aws, region_name="us-east-1")
        found = client.get_tables(DatabaseName=self.settings.catalog.database)["TableList"]
        return [c["Name"] for one in found if one["Name"] == table.view for c in one["StorageDescriptor"]["Columns"]]


@pytest.fixture
def world(aws: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> World:
    for name, value in {**CREDENTIALS, "AWS_DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(glue, "open_client", partial(open_client, attempts=1))
    caplog.set_level(logging.INFO, "soundlake")
    return World(aws, proxy, caplog)


def test_tables_are_registered_when_they_appear_and_when_their_schema_changes(world: World) -> None:
    with world.registrar() as registrar:
        world.write(TRACKS, "track_id")
        registrar.look()
        assert world.columns(TRACKS) == ["track_id"]
        world.write(TRACKS, "track_id", "track_name")
        world.write(ARTISTS, "artist_id")
        registrar.look()
        assert world.columns(TRACKS) == ["track_id", "track_name"]
        assert world.columns(ARTISTS) == ["artist_id"]
    assert world.logged == [
        f'registered in Glue tables="database {world.settings.catalog.database}, silver_tracks"',
        'registered in Glue tables="silver_tracks, silver_artists"',
    ]


def test_where_nothing_changed_glue_is_not_asked(world: World) -> None:
    world.write(TRACKS, "track_id")
    with world.registrar() as registrar:
        registrar.look()
        asked = len(world.proxy.passed)
        registrar.look()
    assert len(world.proxy.passed) == asked


def test_a_glue_that_is_down_is_logged_once_and_made_up_for_when_it_is_back(world: World) -> None:
    world.write(TRACKS, "track_id")
    world.proxy.fail("POST", "/", "before", times=1000, status=500)
    with world.registrar() as registrar:
        for _ in range(3):
            registrar.look()
        assert registrar.failures == 3
        (line,) = world.logged
        assert line.startswith('tables not registered; the next batch tries again reason="Glue')
        world.proxy.heal()
        registrar.look()
    assert world.columns(TRACKS) == ["track_id"]
    assert len(world.logged) == 2
    assert world.logged[1].startswith("Glue works again tables=")


def test_what_no_batch_made_up_for_is_tried_at_the_end_and_logged(world: World) -> None:
    world.write(TRACKS, "track_id")
    world.proxy.fail("POST", "/", "before", times=1000, status=500)
    with world.registrar() as registrar:
        registrar.notice()
    assert registrar.failures >= 1
    assert world.logged[-1].startswith("tables not registered; run register_tables failures=")


def test_the_last_batch_before_the_end_is_looked_at(world: World) -> None:
    with world.registrar() as registrar:
        world.write(TRACKS, "track_id")
    assert registrar.registered == 2
    assert world.columns(TRACKS) == ["track_id"]


def test_an_unexpected_error_does_not_reach_the_stream(world: World) -> None:
    def broken() -> dict[Table, str]:
        raise ZeroDivisionError

    with Registrar(world.settings, broken) as registrar:
        registrar.notice()
    assert "ZeroDivisionError" in world.logged[0]


def test_a_batch_job_registers_all_tables_and_says_which(world: World) -> None:
    world.write(TRACKS, "track_id")
    assert "Glue: silver_tracks created" in list(registered(world.settings))
    assert list(registered(world.settings)) == []
