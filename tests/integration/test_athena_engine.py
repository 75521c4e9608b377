"""The lake on S3, registered in Glue, read by Trino, the engine of Athena's family.

The real job streams, trains, builds and exports; Trino sees what Glue knows, and nothing else. Counts and sums are
those of another reader, delta-rs; the answers to insights are those of Spark.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pkgutil import iter_modules
from typing import Any

import boto3
import duckdb
import pytest
from deltalake import DeltaTable
from pandas.testing import assert_frame_equal
from pyspark.sql import SparkSession
from streamlit.testing.v1 import AppTest

from helpers.on_s3 import new_bucket, settings_on
from helpers.pages import draw, well
from helpers.sampling import small_sample
from helpers.services.athena_on_trino import athena_on_trino
from helpers.services.faulty_proxy import faulty_proxy
from helpers.services.object_store import ObjectStore
from helpers.services.trino import Trino
from soundlake import stream
from soundlake.aws import open_client
from soundlake.catalog import glue
from soundlake.catalog.exported import LANDING, register_landing
from soundlake.catalog.glue import public_tables, register
from soundlake.catalog.layouts import LAYOUTS
from soundlake.catalog.query import sql_of
from soundlake.clusters import job as clusters
from soundlake.dashboard import views
from soundlake.exports import KEPT, export
from soundlake.insights import Insight, builder, load_insights
from soundlake.lake import Lake
from soundlake.settings import Settings, load_settings
from soundlake.tables import BATCHES, PLAYS, TABLES, TRACKS, Table
from soundlake.views import LISTENING

pytestmark = pytest.mark.slow

DATABASE = "spotify"


@dataclass(frozen=True)
class World:
    """A lake in a bucket, its settings, and Trino over it; what was registered while Glue was down."""

    settings: Settings
    store: ObjectStore
    trino: Trino
    glue_was_down_for: int
    exported: list[str]

    def ask(self, sql: str) -> list[dict[str, Any]]:
        return self.trino.ask(sql, DATABASE).dicts()

    def value(self, sql: str) -> Any:
        ((value,),) = self.trino.ask(sql, DATABASE).rows
        return value

    def delta(self, table: Table) -> DeltaTable:
        return DeltaTable(f"{self.settings.lake.uri}/{table.path}", storage_options=self.store.storage_options)


@pytest.fixture(scope="module")
def world(
    spark: SparkSession, object_store: ObjectStore, aws: str, trino: Trino, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    bucket, landing = new_bucket(object_store), new_bucket(object_store)
    records, _ = small_sample(tmp_path_factory.mktemp("records"))
    s3 = object_store.client()
    for file in sorted(records.rglob("*.ndjson")):
        s3.put_object(Bucket=landing, Key=f"raw/{file.relative_to(records)}", Body=file.read_bytes())
    with faulty_proxy(aws) as proxy, pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patched.setattr(glue, "open_client", partial(open_client, attempts=1))
        settings = settings_on(
            spark,
            object_store.url,
            bucket,
            f"source.files.path=s3://{landing}/raw",
            "catalog.type=glue",
            f"catalog.database={DATABASE}",
            f"catalog.endpoint_url={proxy.url}",
            "train.k=4",
            "train.sources=*",
        )
        settings_on(spark, object_store.url, landing)
        lake = Lake(settings.lake.uri)
        proxy.fail("POST", "/", "before", times=10_000, status=500)
        stream.run(spark, settings, once=True)
        was_down_for = len(proxy.failed)
        proxy.heal()
        stream.run(spark, settings, once=True)  # nothing is new, and Glue is back
        clusters.train(spark, lake, settings)
        builder.build(spark, lake, settings)
        for table in TABLES:
            lake.create(spark, table)  # those too that the sample leaves out
        register(settings)
        register_landing(settings)
        exported = [str(done) for done in export(spark, lake, settings)]
        yield World(settings, object_store, trino, was_down_for, exported)


def test_a_glue_that_was_down_did_not_stop_the_stream_and_knows_all_tables_since(world: World) -> None:
    assert world.glue_was_down_for > 0
    assert world.delta(BATCHES).count() > 0
    there = {row["Table"] for row in world.ask("SHOW TABLES")}
    assert {table.view for table in public_tables()} <= there


def test_every_table_has_all_its_columns_with_true_types(world: World) -> None:
    types = {"string": "varchar", "int": "integer", "binary": "varbinary", "timestamp": "timestamp(3) with time zone"}
    for table in public_tables():
        shown = {row["Column"]: row["Type"] for row in world.ask(f"SHOW COLUMNS FROM {table.view}")}
        flat = {c.name: types.get(c.type, c.type) for c in table.columns if c.type.isalpha()}
        assert {name: shown.get(name) for name in flat} == flat, table.view
        assert list(shown) == list(table.column_names), table.view


def test_counts_and_sums_are_those_of_another_reader(world: World) -> None:
    for table in public_tables():
        rows = world.delta(table).to_pyarrow_table()
        numbers = [c.name for c in table.columns if c.type in ("int", "bigint")]
        sums = ", ".join([f"sum(CAST({name} AS decimal(38, 0)))" for name in numbers])
        (told,) = world.trino.ask(f"SELECT count(*){', ' + sums if sums else ''} FROM {table.view}", DATABASE).rows
        expected = [rows.num_rows]
        for name in numbers:
            values = [value for value in rows[name].to_pylist() if value is not None]
            expected.append(sum(values) if values else None)
        assert [None if value is None else int(value) for value in told] == expected, table.view


def test_dates_are_dates_and_timestamps_are_timestamps(world: World) -> None:
    rows = world.delta(PLAYS).to_pyarrow_table(columns=["played_at", "played_date"])
    days = [day for day in rows["played_date"].to_pylist() if day is not None]
    last = max(moment for moment in rows["played_at"].to_pylist() if moment is not None)
    (told,) = world.ask(
        "SELECT min(played_date) AS first, max(played_date) AS last, date_diff('day', min(played_date), "
        "max(played_date)) AS days, to_unixtime(max(played_at)) AS moment FROM silver_plays"
    )
    assert (told["first"], told["last"]) == (min(days).isoformat(), max(days).isoformat())
    assert told["days"] == (max(days) - min(days)).days
    assert told["moment"] == pytest.approx(last.timestamp(), abs=0.001)


def test_the_listenings_are_those_that_another_engine_finds(world: World) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register(PLAYS.view, world.delta(PLAYS).to_pyarrow_table())
        expected = connection.sql(f"SELECT play_id FROM ({LISTENING.sql()})").fetchall()
    assert len(expected) > 0
    told = world.ask(f"SELECT play_id FROM {LISTENING.view}")
    assert sorted(row["play_id"] for row in told) == sorted(row[0] for row in expected)


@pytest.mark.parametrize("insight", load_insights(), ids=lambda insight: insight.name)
def test_an_insight_gives_the_same_rows_on_trino_as_on_spark(world: World, insight: Insight) -> None:
    answer = world.trino.ask(sql_of(world.settings, insight.name), DATABASE)
    assert [name for name, _ in answer.columns] == list(insight.table.column_names)
    spark_rows = world.delta(insight.table).to_pyarrow_table().to_pylist()
    told = sorted((_keyed(row, insight) for row in answer.dicts()), key=repr)
    expected = sorted((_keyed(row, insight) for row in spark_rows), key=repr)
    assert [key for key, _ in told] == [key for key, _ in expected]
    for (key, mine), (_, theirs) in zip(told, expected, strict=True):
        for name in mine:
            assert _same(mine[name], theirs[name]), f"{insight.name} {key} {name}: {mine[name]!r}, {theirs[name]!r}"


def _keyed(row: dict[str, Any], insight: Insight) -> tuple[tuple[str, ...], dict[str, Any]]:
    plain = {name: _plain(value) for name, value in row.items()}
    return tuple(str(plain[name]) for name in insight.key), plain


def _plain(value: Any) -> Any:
    """A value as Trino writes it in JSON."""
    match value:
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03} UTC"
        case date():
            return value.isoformat()
        case list():
            return [_plain(item) for item in value]
        case _:
            return value


def _same(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, float) and isinstance(theirs, float):
        return math.isclose(mine, theirs, rel_tol=1e-9, abs_tol=1e-9)
    return bool(mine == theirs)


# Live shows what happens now, Overview the sizes of tables, for which Athena is not asked.
VIEWS = {view.name for view in iter_modules(views.__path__) if view.name[0] != "_"} - {"live", "overview"}


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_a_page_shows_on_trino_what_it_shows_on_the_lake(world: World, athena: str, view: str) -> None:
    here = draw(view, world.settings.lake.uri, f"s3.endpoint_url={world.store.url}")
    sets = ("catalog.type=glue", f"catalog.database={DATABASE}", f"athena.endpoint_url={athena}")
    there = draw(view, world.settings.lake.uri, *sets)
    for question in here.button_group[0].options if here.button_group else [None]:
        for page in (here, there):
            if question is not None:
                page.button_group[0].set_value(question)
                well(page.run())
        assert shown(there) == shown(here), question
        assert not shown(there)["error"], question
        for mine, theirs in zip(there.dataframe, here.dataframe, strict=True):
            assert_frame_equal(mine.value, theirs.value, check_dtype=False, check_exact=False, obj=f"{question}")


def shown(page: AppTest) -> dict[str, list[object]]:
    """What a page says, beside its tables."""
    kinds = {"error": page.error, "warning": page.warning, "info": page.info, "metric": page.metric}
    return {kind: [one.value for one in told] for kind, told in kinds.items()}


@pytest.fixture(scope="module")
def athena(trino: Trino) -> Iterator[str]:
    """The URL of an Athena that runs its queries on Trino."""
    with athena_on_trino(trino) as url:
        yield url


def test_an_export_is_read_by_its_folders_and_holds_what_the_table_holds(world: World) -> None:
    for table in public_tables():
        if table.layer in ("silver", "gold"):
            count = world.value(f"SELECT count(*) FROM {table.view}_parquet")
            assert count == world.delta(table).count(), table.view
    day = world.value("SELECT max(played_date) FROM silver_plays")
    one = world.value(f"SELECT count(*) FROM silver_plays_parquet WHERE played_date = DATE '{day}'")
    assert one == world.value(f"SELECT count(*) FROM silver_plays WHERE played_date = DATE '{day}'") > 0


def test_every_export_has_folders(world: World) -> None:
    for view, layout in LAYOUTS.items():
        folders = world.value(f"SELECT count(DISTINCT {layout.name}) FROM {view}_parquet")
        assert folders > 0, view


def test_a_new_version_of_an_export_takes_the_place_of_the_old_at_once(world: World, spark: SparkSession) -> None:
    settings = load_settings(
        sets=[
            f"s3.endpoint_url={world.store.url}",
            "catalog.type=glue",
            f"catalog.database={DATABASE}",
            f"catalog.endpoint_url={world.settings.catalog.endpoint_url}",
            "export.tables=silver_tracks",
        ],
        lake=world.settings.lake.uri,
        env={},
    )
    before = _location(settings, f"{TRACKS.view}_parquet")
    for _ in range(3):
        list(export(spark, Lake(settings.lake.uri), settings))
    after = _location(settings, f"{TRACKS.view}_parquet")
    assert after > before
    bucket = settings.lake.uri.split("/")[2]
    versions = {key.split("/")[3] for key in world.store.keys(bucket, f"lake/exports/{TRACKS.view}/")}
    assert len(versions) == KEPT
    assert after.rstrip("/").rpartition("/")[2] == max(versions)
    assert world.value("SELECT count(*) FROM silver_tracks_parquet") == world.delta(TRACKS).count()


def _location(settings: Settings, name: str) -> str:
    client = boto3.client("glue", endpoint_url=settings.catalog.endpoint_url, region_name="us-east-1")
    location: str = client.get_table(DatabaseName=DATABASE, Name=name)["Table"]["StorageDescriptor"]["Location"]
    return location


def test_raw_records_are_queried_where_they_landed(world: World) -> None:
    asked = f"SELECT count(*) AS lines, count(json_extract_scalar(line, '$.payload.id')) AS ids FROM {LANDING}"
    (told,) = world.ask(f"{asked} WHERE folder = 'tracks'")
    landing = world.settings.source.files.path.split("/")[2]  # type: ignore[union-attr]
    s3 = world.store.client()
    keys = world.store.keys(landing, "raw/tracks/")
    lines = [line for key in keys for line in s3.get_object(Bucket=landing, Key=key)["Body"].read().splitlines()]
    assert told["lines"] == len(lines) > 0
    assert told["ids"] > 0


def test_the_sample_has_something_to_say_in_most_insights(world: World) -> None:
    empty = [insight.name for insight in load_insights() if world.delta(insight.table).count() == 0]
    assert len(empty) <= len(load_insights()) // 3, empty
