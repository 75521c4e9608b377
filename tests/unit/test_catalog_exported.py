"""What Glue knows of plain files: Parquet exports by folder and version, and the folder where records land."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from soundlake.catalog.exported import LANDING, Exported, move_to, register_landing
from soundlake.catalog.layouts import Layout, layout_of
from soundlake.settings import Settings, load_settings
from soundlake.tables import PLAYLISTS, PLAYS, Table

pytestmark = [pytest.mark.heavy, pytest.mark.usefixtures("emulated_aws")]


@pytest.fixture
def settings() -> Settings:
    sets = ["catalog.type=glue", "catalog.database=lake", "source.type=files", "source.files.path=s3://bucket/raw"]
    return load_settings(lake="s3://bucket/lake", sets=sets, env={})


def known(name: str) -> dict[str, Any]:
    """A table as another client of Glue sees it."""
    return dict(boto3.client("glue").get_table(DatabaseName="lake", Name=name)["Table"])


def move(settings: Settings, table: Table, version: str, *values: str, layout: Layout | None = None) -> str:
    place = f"s3a://bucket/lake/exports/{table.view}/{version}"
    return move_to(settings, Exported(table, place, layout, values))


def test_an_export_moves_to_its_new_version_in_one_request(settings: Settings) -> None:
    assert [move(settings, PLAYLISTS, version) for version in ("v1", "v1", "v2")] == ["created", "unchanged", "updated"]
    table = known("silver_playlists_parquet")
    assert table["StorageDescriptor"]["Location"] == "s3://bucket/lake/exports/silver_playlists/v2/"
    assert table["Parameters"]["soundlake.version"] == "v2"
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == [c.name for c in PLAYLISTS.columns]


def test_folders_of_days_are_a_range_and_no_column_of_the_files(settings: Settings) -> None:
    layout = layout_of(PLAYS)
    assert layout is not None
    move(settings, PLAYS, "v1", "2026-01-30", "2026-02-02", layout=layout)
    table = known("silver_plays_parquet")
    assert table["PartitionKeys"] == [{"Name": layout.name, "Type": "date"}]
    assert table["Parameters"][f"projection.{layout.name}.range"] == "2026-01-30,2026-02-02"
    assert layout.name not in [column["Name"] for column in table["StorageDescriptor"]["Columns"]]


def test_a_single_day_ends_with_the_next_one_as_trino_asks(settings: Settings) -> None:
    layout = layout_of(PLAYS)
    assert layout is not None
    move(settings, PLAYS, "v1", "2026-01-31", "2026-01-31", layout=layout)
    assert known("silver_plays_parquet")["Parameters"][f"projection.{layout.name}.range"] == "2026-01-31,2026-02-01"


@pytest.mark.parametrize(
    ("layout", "values", "told"),
    [
        (Layout("bucket", "user_id"), ("0", "15"), {"type": "integer", "range": "0,15"}),
        (Layout("key", "kind"), ("a", "b"), {"type": "enum", "values": "a,b"}),
        (Layout("key", "kind"), (), {"type": "enum", "values": "none"}),
    ],
)
def test_other_folders_are_told_by_their_values(
    layout: Layout, values: tuple[str, ...], told: dict[str, str], settings: Settings
) -> None:
    move(settings, PLAYLISTS, "v1", *values, layout=layout)
    parameters = known("silver_playlists_parquet")["Parameters"]
    of = f"projection.{layout.name}."
    assert {name.removeprefix(of): value for name, value in parameters.items() if name.startswith(of)} == told


def landed(*keys: str) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for key in keys:
        s3.put_object(Bucket="bucket", Key=key, Body=b"{}")


def test_the_landing_folder_has_the_folders_of_kinds_that_are_there(settings: Settings) -> None:
    landed("raw/tracks/a.ndjson", "raw/plays/b.ndjson", "raw/notes/c.txt")
    found = register_landing(settings)
    assert found is not None
    assert (found.state, found.details) == ("created", ("folders plays, tracks",))
    assert known(LANDING)["Parameters"]["projection.folder.values"] == "plays,tracks"


def test_a_landing_folder_without_records_is_missing(settings: Settings) -> None:
    landed("raw/notes/c.txt")
    found = register_landing(settings)
    assert found is not None
    assert found.state == "missing"


def test_a_check_changes_nothing(settings: Settings) -> None:
    landed("raw/tracks/a.ndjson")
    found = register_landing(settings, check=True)
    assert found is not None
    assert found.state == "created"
    assert boto3.client("glue").get_databases()["DatabaseList"] == []


@pytest.mark.parametrize("source", ["source.type=kafka", "source.files.path=./records"])
def test_records_that_do_not_land_on_s3_have_no_table(source: str) -> None:
    sets = ["source.type=files", "source.files.path=s3://bucket/raw", source]
    if source == "source.type=kafka":
        sets.append("source.kafka.bootstrap_servers=localhost:9092")
    assert register_landing(load_settings(lake="s3://bucket/lake", sets=sets, env={})) is None
