"""The lake's tables in a Glue that others wrote (moto), on its S3; the Delta tables are written by delta-rs."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from deltalake import DeltaTable, Field, write_deltalake
from deltalake.schema import PrimitiveType

from helpers.asking import TYPES
from helpers.aws_environment import KEYS, REGION, set_credentials
from helpers.services.moto import moto_server
from soundlake.catalog import glue as module
from soundlake.catalog.delta import LoggedSchema
from soundlake.catalog.drift import differences
from soundlake.catalog.glue import Registration, register
from soundlake.catalog.names import check_names, one_line
from soundlake.catalog.table_input import table_input
from soundlake.catalog.view_input import view_input
from soundlake.errors import SoundlakeError, UsageError
from soundlake.insights import load_insights
from soundlake.launch.arguments import parse
from soundlake.launch.command_line import as_argv, read_command_line
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.main import run_job
from soundlake.settings import Settings, load_settings
from soundlake.tables import (
    ARTISTS,
    BATCHES,
    EVENTS,
    PLAY_MATCHES,
    PLAYLISTS,
    PLAYS,
    STAMPS,
    TABLES,
    TRACK_CLUSTERS,
    TRACKS,
    Table,
)
from soundlake.views import LISTENING, MATCHED_LISTENING, VIEWS, View

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import DatabaseInputTypeDef, TableInputTypeDef

NUMBERS = count()  # a bucket and a database for each test


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    set_credentials(monkeypatch)


class World:
    """An S3, a Glue, and the settings that lead there."""

    def __init__(self, url: str, number: int) -> None:
        self.url = url
        self.bucket = f"bucket-{number}"
        self.database = f"soundlake_{number}"
        self.glue = boto3.client("glue", region_name=REGION, endpoint_url=url)
        s3 = boto3.client("s3", region_name=REGION, endpoint_url=url)
        s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})

    @property
    def sets(self) -> list[str]:
        return [
            *("catalog.type=glue", f"catalog.database={self.database}", f"catalog.endpoint_url={self.url}"),
            *(f"s3.endpoint_url={self.url}", f"lake.uri=s3a://{self.bucket}/lake"),
        ]

    @property
    def settings(self) -> Settings:
        return load_settings(sets=self.sets, env={})

    @property
    def options(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": self.url, "AWS_ALLOW_HTTP": "true", **KEYS, "AWS_REGION": REGION}

    def uri(self, table: Table) -> str:
        return f"s3://{self.bucket}/lake/{table.path}"

    def write(self, table: Table, without: tuple[str, ...] = (), **types: pa.DataType) -> None:
        """Make an empty Delta table of the declared columns, with other types where given."""
        columns = {c.name: TYPES[c.type] for c in table.columns if c.name not in without}
        schema = pa.schema(list({**columns, **types}.items()))
        write_deltalake(self.uri(table), schema.empty_table(), storage_options=self.options)

    def add_column(self, table: Table, name: str, type_: str) -> None:
        DeltaTable(self.uri(table), storage_options=self.options).alter.add_columns([Field(name, PrimitiveType(type_))])

    def registered(self, table: Table | View) -> dict[str, Any]:
        return dict(self.glue.get_table(DatabaseName=self.database, Name=table.view)["Table"])

    def names(self) -> set[str]:
        return {table["Name"] for table in self.glue.get_tables(DatabaseName=self.database)["TableList"]}

    def columns(self, table: Table) -> dict[str, str]:
        return {c["Name"]: c["Type"] for c in self.registered(table)["StorageDescriptor"]["Columns"]}

    def alter(self, table: Table, **changes: Any) -> None:
        """Change what is registered, as somebody else would."""
        kept = ("Name", "Description", "TableType", "PartitionKeys", "Parameters", "StorageDescriptor", "Owner")
        there = {key: value for key, value in self.registered(table).items() if key in kept}
        altered: Any = {**there, **changes}
        self.glue.update_table(DatabaseName=self.database, TableInput=altered)

    def states(self, *tables: Table, check: bool = False) -> dict[str, str]:
        return {one.name: one.state for one in register(self.settings, tables or None, check=check)}

    def outcome(self, table: Table, *, check: bool = False) -> Registration:
        (outcome,) = [one for one in register(self.settings, [table], check=check) if one.name == table.view]
        return outcome

    def job(self, *argv: str) -> object:
        try:
            run_job("register_tables", register_tables_job(), [*argv, *(f"--set={one}" for one in self.sets)])
        except SystemExit as ended:
            return ended.code
        return 0


def register_tables_job() -> Any:
    spec = spec_from_file_location("register_tables", REGISTRY["register_tables"].file)
    assert spec is not None
    assert spec.loader is not None
    loaded = module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded.run


@pytest.fixture
def world(aws: str) -> World:
    return World(aws, next(NUMBERS))


def test_a_table_is_registered_as_athena_wants_delta(world: World) -> None:
    world.write(TRACKS)
    register(world.settings)
    there = world.registered(TRACKS)
    location = f"s3://{world.bucket}/lake/silver/tracks/"
    storage = there["StorageDescriptor"]
    assert there["TableType"] == "EXTERNAL_TABLE"
    assert there.get("PartitionKeys", []) == []
    wanted = {
        "EXTERNAL": "TRUE",
        "table_type": "delta",
        "spark.sql.sources.provider": "delta",
        "classification": "delta",
    }
    assert there["Parameters"].items() >= wanted.items()
    assert storage["Location"] == location
    assert storage["InputFormat"] == "org.apache.hadoop.mapred.SequenceFileInputFormat"
    assert storage["OutputFormat"] == "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat"
    assert storage["SerdeInfo"] == {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        "Parameters": {"serialization.format": "1", "path": location},
    }


def test_columns_have_their_types_and_comments(world: World) -> None:
    world.write(TRACKS)
    register(world.settings)
    columns = world.registered(TRACKS)["StorageDescriptor"]["Columns"]
    assert [(c["Name"], c["Type"], c["Comment"]) for c in columns] == [
        (c.name, c.type, c.comment) for c in TRACKS.columns
    ]


def test_comment_key_and_foreign_keys_are_told(world: World) -> None:
    world.write(TRACKS)
    register(world.settings)
    there = world.registered(TRACKS)
    assert there["Description"] == TRACKS.comment
    told = {name: value for name, value in there["Parameters"].items() if name.startswith("soundlake.")}
    assert told == {
        "soundlake.key": "track_id",
        "soundlake.references.artist_id": "silver_artists.artist_id",
        "soundlake.references.album_id": "silver_albums.album_id",
    }


def test_columns_of_partitions_are_columns_and_no_partition_keys(world: World) -> None:
    schema = pa.schema([(c.name, TYPES[c.type]) for c in EVENTS.columns])
    uri = world.uri(EVENTS)
    write_deltalake(uri, schema.empty_table(), storage_options=world.options, partition_by=["ingest_date"])
    register(world.settings)
    assert world.columns(EVENTS)["ingest_date"] == "date"
    assert world.registered(EVENTS).get("PartitionKeys", []) == []


def test_nested_types_are_told_whole(world: World) -> None:
    counts = pa.struct([(name, pa.int64()) for name in ("read", "accepted", "duplicate", "stale", "rejected")])
    texts = [(name, pa.string()) for name in ("stream", "partition", "after", "before")]
    gaps = pa.list_(pa.struct([*texts, ("records", pa.int64())]))
    world.write(BATCHES, without=("by_kind", "gaps"), by_kind=pa.map_(pa.string(), counts), gaps=gaps)
    register(world.settings)
    assert world.columns(BATCHES) == {column.name: column.type for column in BATCHES.columns}


def test_marts_are_registered_with_their_question(world: World) -> None:
    (mart,) = [insight.table for insight in load_insights() if insight.name == "top_albums"]
    world.write(mart)
    assert world.states()[mart.view] == "created"
    assert world.registered(mart)["Description"] == mart.comment
    assert world.columns(mart) == {column.name: column.type for column in mart.columns}


def test_internal_tables_are_not_registered(world: World) -> None:
    world.write(TRACKS)
    write_deltalake(world.uri(STAMPS), pa.table({"id": ["x"]}), storage_options=world.options)
    assert STAMPS.view not in world.states()
    assert world.states(STAMPS) == {}
    assert world.names() == {TRACKS.view}


def test_only_tables_that_are_there_are_registered(world: World) -> None:
    world.write(TRACKS)
    states = world.states()
    assert states.pop(f"database {world.database}") == "created"
    public = {t.view for t in TABLES if not t.internal} | {insight.table.view for insight in load_insights()}
    public |= {view.view for view in VIEWS}
    assert states == {name: "created" if name == TRACKS.view else "missing" for name in public}
    assert world.names() == {TRACKS.view}


def test_a_view_is_registered_with_its_table_as_athena_keeps_views(world: World) -> None:
    world.write(PLAYS)
    assert world.states(PLAYS)[LISTENING.view] == "created"
    there = world.registered(LISTENING)
    assert (there["TableType"], there["Parameters"]["presto_view"]) == ("VIRTUAL_VIEW", "true")
    assert (there["Parameters"]["comment"], there.get("Description")) == ("Presto View", None)
    encoded = re.fullmatch(r"/\* Presto View: (\S+) \*/", there["ViewOriginalText"])
    assert encoded
    told = json.loads(b64decode(encoded[1]))
    assert (told["originalSql"], told["schema"]) == (LISTENING.sql(), world.database)
    assert tuple(column["name"] for column in told["columns"]) == LISTENING.column_names
    assert tuple(column["Name"] for column in there["StorageDescriptor"]["Columns"]) == LISTENING.column_names


def test_a_view_of_a_table_from_before_a_column_was_declared_has_it_null(world: World) -> None:
    world.write(PLAYS, without=("isrc",))
    register(world.settings)
    assert "CAST(NULL AS varchar) AS isrc" in shown_by(world, LISTENING)
    world.add_column(PLAYS, "isrc", "string")
    assert world.states()[LISTENING.view] == "updated"
    assert shown_by(world, LISTENING) == LISTENING.sql()


def test_a_view_that_is_as_it_should_be_is_left_alone_and_another_is_put_right(world: World) -> None:
    world.write(PLAYS)
    register(world.settings)
    assert world.states()[LISTENING.view] == "unchanged"
    world.glue.update_table(
        DatabaseName=world.database, TableInput=view_input(LISTENING, "another", LISTENING, LISTENING.column_names)
    )
    assert world.states(check=True)[LISTENING.view] == "updated"
    assert world.states()[LISTENING.view] == "updated"
    assert world.states()[LISTENING.view] == "unchanged"


def shown_by(world: World, view: View) -> str:
    """The SELECT of a registered view."""
    encoded = world.registered(view)["ViewOriginalText"].split()[3]
    sql: str = json.loads(b64decode(encoded))["originalSql"]
    return sql


def test_a_view_reads_a_second_table_as_soon_as_that_is_registered(world: World) -> None:
    world.write(PLAYS)
    register(world.settings)
    assert shown_by(world, MATCHED_LISTENING) == LISTENING.sql()
    world.write(PLAY_MATCHES)
    assert world.states(check=True)[MATCHED_LISTENING.view] == "updated"
    assert world.states()[MATCHED_LISTENING.view] == "updated"
    assert shown_by(world, MATCHED_LISTENING) == MATCHED_LISTENING.sql()
    assert world.states(PLAYS)[MATCHED_LISTENING.view] == "unchanged"


def test_a_table_that_stands_in_the_place_of_a_view_stays(world: World) -> None:
    world.write(PLAYS)
    world.glue.create_database(DatabaseInput={"Name": world.database})
    table: TableInputTypeDef = {"Name": LISTENING.view, "TableType": "EXTERNAL_TABLE"}
    world.glue.create_table(DatabaseName=world.database, TableInput=table)
    assert world.states()[LISTENING.view] == "refused"
    assert world.registered(LISTENING)["TableType"] == "EXTERNAL_TABLE"


def test_registering_again_changes_nothing(world: World) -> None:
    world.write(TRACKS)
    world.write(ARTISTS)
    register(world.settings)
    before = [world.registered(table) for table in (TRACKS, ARTISTS)]
    assert set(world.states().values()) == {"unchanged", "missing"}
    assert [world.registered(table) for table in (TRACKS, ARTISTS)] == before


def test_columns_that_the_table_has_not_yet_are_left_out_and_follow_later(world: World) -> None:
    world.write(ARTISTS, without=("genre_source",))
    register(world.settings, [ARTISTS])
    assert "genre_source" not in world.columns(ARTISTS)
    world.add_column(ARTISTS, "genre_source", "string")
    outcome = world.outcome(ARTISTS)
    assert (outcome.state, outcome.details) == ("updated", ("column genre_source string is not registered",))
    assert list(world.columns(ARTISTS)) == list(ARTISTS.column_names)


def test_a_table_of_other_types_is_refused_and_stays_as_it_is(world: World) -> None:
    world.write(TRACKS)
    register(world.settings, [TRACKS])
    before = world.registered(TRACKS)
    schema = pa.schema([("track_id", pa.int64())])
    uri = world.uri(TRACKS)
    write_deltalake(uri, schema.empty_table(), mode="overwrite", schema_mode="overwrite", storage_options=world.options)
    outcome = world.outcome(TRACKS)
    assert outcome.state == "refused"
    assert outcome.details == ("column track_id is bigint in the Delta table, but declared as string",)
    assert world.registered(TRACKS) == before


def test_a_table_with_columns_that_nobody_declared_is_refused(world: World) -> None:
    world.write(ARTISTS, shoe_size=pa.int32())
    outcome = world.outcome(ARTISTS)
    assert outcome.state == "refused"
    assert outcome.details == ("column shoe_size is in the Delta table, but not declared",)


def test_a_log_that_athena_does_not_read_is_named() -> None:
    found = LoggedSchema({"playlist_id": "string"}, ("typeWidening",))
    assert found.differs_from(PLAYLISTS) == ["its Delta log has the feature typeWidening, which Athena does not read"]


def test_what_a_spark_has_registered_is_put_right(world: World) -> None:
    """Spark's saveAsTable leaves one column `col array<string>` behind."""
    world.write(TRACKS)
    register(world.settings, [TRACKS])
    storage = world.registered(TRACKS)["StorageDescriptor"]
    storage |= {"Columns": [{"Name": "col", "Type": "array<string>"}], "SerdeInfo": {"Parameters": {}}}
    world.alter(TRACKS, StorageDescriptor=storage)
    assert world.outcome(TRACKS).state == "updated"
    assert world.outcome(TRACKS).state == "unchanged"
    assert world.columns(TRACKS) == {column.name: column.type for column in TRACKS.columns}


def test_what_others_wrote_on_a_table_is_kept(world: World) -> None:
    world.write(TRACKS)
    register(world.settings, [TRACKS])
    world.alter(TRACKS, Owner="analysts", Parameters={"theirs": "kept", "soundlake.references.gone": "x.y"})
    assert world.outcome(TRACKS).state == "updated"
    there = world.registered(TRACKS)
    assert (there["Owner"], there["Parameters"]["theirs"]) == ("analysts", "kept")
    assert "soundlake.references.gone" not in there["Parameters"]
    assert world.outcome(TRACKS).state == "unchanged"


def test_a_view_of_the_same_name_is_not_overwritten(world: World) -> None:
    world.glue.create_database(DatabaseInput={"Name": world.database})
    view: TableInputTypeDef = {"Name": TRACKS.view, "TableType": "VIRTUAL_VIEW", "ViewOriginalText": "SELECT 1"}
    world.glue.create_table(DatabaseName=world.database, TableInput=view)
    world.write(TRACKS)
    assert world.outcome(TRACKS).state == "refused"
    assert world.registered(TRACKS)["TableType"] == "VIRTUAL_VIEW"


def test_a_registered_table_that_is_no_longer_in_the_lake_is_told_but_not_dropped(world: World) -> None:
    world.write(TRACKS)
    register(world.settings, [TRACKS])
    boto3.resource("s3", region_name=REGION, endpoint_url=world.url).Bucket(world.bucket).objects.delete()
    assert world.outcome(TRACKS).state == "gone"
    assert TRACKS.view in world.names()


def test_a_database_that_is_there_stays_as_its_maker_made_it(world: World) -> None:
    about = {"team": "music"}
    given: DatabaseInputTypeDef = {"Name": world.database, "Description": "by the stack", "Parameters": about}
    world.glue.create_database(DatabaseInput=given)
    world.write(TRACKS)
    assert f"database {world.database}" not in world.states()
    assert world.glue.get_database(Name=world.database)["Database"].items() >= given.items()


def test_check_changes_nothing(world: World) -> None:
    world.write(TRACKS)
    assert world.states(TRACKS, check=True) == {f"database {world.database}": "created", TRACKS.view: "created"}
    with pytest.raises(ClientError, match="EntityNotFound"):
        world.glue.get_database(Name=world.database)


def test_check_exits_1_on_drift_and_says_what_differs(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write(TRACKS)
    world.write(ARTISTS)
    assert world.job() == 0
    assert world.job("--check") == 0
    storage = world.registered(TRACKS)["StorageDescriptor"]
    storage["Columns"][10]["Type"] = "bigint"
    world.alter(TRACKS, StorageDescriptor=storage)
    capsys.readouterr()
    assert world.job("--check") == 1
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[lines.index("silver_tracks: to be updated") + 1] == (
        "  column popularity is registered as bigint, not int"
    )
    assert err == "soundlake: the catalog is not what the lake is: silver_tracks: run register_tables\n"
    assert world.columns(TRACKS)["popularity"] == "bigint"


def test_the_job_reports_each_table_and_the_counts(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write(TRACKS)
    assert world.job() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"database {world.database}: created", "bronze_events: missing"]
    assert "silver_tracks: created" in lines
    assert lines[-1].startswith("2 created, ")


def test_a_refused_table_lets_the_others_through_and_exits_1(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write(ARTISTS, shoe_size=pa.int32())
    world.write(TRACKS)
    assert world.job() == 1
    assert capsys.readouterr().err == "soundlake: not all could be registered: silver_artists: see above\n"
    assert world.names() == {TRACKS.view}


def test_a_lake_without_tables_is_no_reason_to_register_nothing_in_silence(world: World) -> None:
    with pytest.raises(SoundlakeError, match=f"there are no tables in s3a://{world.bucket}/lake"):
        register(world.settings)


def test_a_bucket_that_is_not_there_is_one_clear_error(world: World) -> None:
    settings = load_settings(sets=world.sets, lake="s3://no-such-bucket/lake", env={})
    with pytest.raises(SoundlakeError, match="s3://no-such-bucket/lake"):
        register(settings)


def test_a_lake_on_a_disk_cannot_be_registered(world: World) -> None:
    with pytest.raises(UsageError, match=r"lake\.uri: \./lake is not on S3"):
        register(load_settings(sets=world.sets, lake="./lake", env={}))


def test_without_glue_nothing_is_registered(world: World) -> None:
    with pytest.raises(UsageError, match=r"catalog\.type: none"):
        register(load_settings(sets=[*world.sets, "catalog.type=none"], env={}))


def test_missing_credentials_are_one_clear_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nonexistent")
    with pytest.raises(SoundlakeError, match="no AWS credentials"):
        register(world.settings)


def test_names_that_glue_would_fold_are_refused() -> None:
    column = replace(TRACKS.columns[0], name="trackId")
    with pytest.raises(UsageError) as caught:
        check_names("Sound.Lake", [replace(TRACKS, columns=(column,))])
    assert [problem.partition(" is")[0] for problem in caught.value.problems] == [
        "catalog.database: 'Sound.Lake'",
        "silver/tracks: 'trackId'",
    ]


def test_every_declared_name_is_one_of_glue() -> None:
    check_names("soundlake", module.public_tables())


def test_comments_are_one_line_of_at_most_the_bytes_that_glue_takes() -> None:
    assert one_line("a\nb", 255) == "a b"
    assert one_line("é" * 127, 255) == "é" * 127
    assert one_line("é" * 128, 255) == "é" * 126 + "…"
    column = replace(TRACKS.columns[0], comment="long " * 100)
    wanted = table_input(replace(TRACKS, columns=(column,)), {"track_id": "string"}, "s3://x/")
    assert len(wanted["StorageDescriptor"]["Columns"][0]["Comment"].encode()) == 255


def test_every_difference_is_named() -> None:
    wanted: Any = table_input(TRACK_CLUSTERS, {"track_id": "string", "cluster": "int"}, "s3://new/")
    there: Any = table_input(TRACK_CLUSTERS, {"cluster": "bigint", "track_id": "string"}, "s3://old/")
    there["StorageDescriptor"]["Columns"].append({"Name": "k", "Type": "int"})
    there["PartitionKeys"] = [{"Name": "day", "Type": "date"}]
    there["Parameters"]["table_type"] = "iceberg"
    assert differences(there, wanted) == [
        "column cluster is registered as bigint, not int",
        "column k is registered, but not in the Delta table",
        "Location is 's3://old/', not 's3://new/'",
        "path is 's3://old/', not 's3://new/'",
        "has partition keys: day",
        "parameter table_type is 'iceberg', not 'delta'",
    ]


class Interrupted:
    """A Glue in which something happens before the first of some calls."""

    def __init__(self, glue: Any, call: str, happen: Any) -> None:
        self._glue, self._call, self._happen = glue, call, [happen]

    def __getattr__(self, name: str) -> Any:
        if name == self._call and self._happen:
            self._happen.pop()()
        return getattr(self._glue, name)


def test_a_table_that_another_has_created_meanwhile_is_brought_up_to_date(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another() -> None:
        world.glue.create_table(DatabaseName=world.database, TableInput={"Name": TRACKS.view})

    world.write(TRACKS)
    glue = Interrupted(world.glue, "create_table", another)
    monkeypatch.setattr(module, "open_glue", lambda settings: glue)
    assert world.outcome(TRACKS).state == "updated"
    assert world.columns(TRACKS) == {column.name: column.type for column in TRACKS.columns}


def test_a_table_that_another_has_dropped_meanwhile_is_created(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write(TRACKS)
    register(world.settings, [TRACKS])
    world.alter(TRACKS, Description="another")

    def another() -> None:
        world.glue.delete_table(DatabaseName=world.database, Name=TRACKS.view)

    glue = Interrupted(world.glue, "update_table", another)
    monkeypatch.setattr(module, "open_glue", lambda settings: glue)
    assert world.outcome(TRACKS).state == "created"
    assert TRACKS.view in world.names()


def test_a_database_that_another_has_created_meanwhile_is_used(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def another() -> None:
        world.glue.create_database(DatabaseInput={"Name": world.database})

    world.write(TRACKS)
    glue = Interrupted(world.glue, "create_database", another)
    monkeypatch.setattr(module, "open_glue", lambda settings: glue)
    assert world.outcome(TRACKS).state == "created"


def refusing(times: int, code: str) -> Any:
    error = ClientError({"Error": {"Code": code, "Message": "not now"}}, "CreateTable")
    left = [error] * times

    def happen() -> None:
        if left:
            raise left.pop()

    return happen


class Refusing:
    """A Glue that refuses to create tables so many times."""

    def __init__(self, glue: Any, times: int, code: str) -> None:
        self._glue, self._refuse = glue, refusing(times, code)

    def __getattr__(self, name: str) -> Any:
        if name == "create_table":
            self._refuse()
        return getattr(self._glue, name)


def test_two_that_register_at_once_get_out_of_each_other_s_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write(TRACKS)
    glue = Refusing(world.glue, 2, "ConcurrentModificationException")
    monkeypatch.setattr(module, "open_glue", lambda settings: glue)
    assert world.outcome(TRACKS).state == "created"


def test_trying_again_has_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write(TRACKS)
    glue = Refusing(world.glue, 99, "ConcurrentModificationException")
    monkeypatch.setattr(module, "open_glue", lambda settings: glue)
    with pytest.raises(SoundlakeError, match=f"Glue, database {world.database}: .*not now"):
        world.outcome(TRACKS)


def test_what_is_forbidden_is_not_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write(TRACKS)
    glue = Refusing(world.glue, 1, "AccessDeniedException")
    monkeypatch.setattr(module, "open_glue", lambda settings: glue)
    with pytest.raises(SoundlakeError, match="AccessDeniedException"):
        world.outcome(TRACKS)


def test_check_is_an_option_of_register_tables_only(tmp_path: Path) -> None:
    (tmp_path / "bronze").mkdir()
    job, options = read_command_line(["register_tables", "--check", "--lake", str(tmp_path)])
    assert as_argv(options) == [f"--lake={tmp_path}", "--check"]
    assert parse(job.name, as_argv(options), {}).check
    with pytest.raises(UsageError, match="--check is no option of stream"):
        read_command_line(["stream", "--check"])
