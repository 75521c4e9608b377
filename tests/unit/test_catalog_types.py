"""Types, from Delta's log to Glue's names."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, Schema, write_deltalake

from soundlake.catalog.glue import public_tables
from soundlake.catalog.types import delta_type, glue_type
from soundlake.core.schema import arrow_schema
from soundlake.errors import SoundlakeError
from soundlake.tables import Table


@pytest.mark.parametrize("logged", ["variant", "interval day to second", "decimal", {"type": "udt"}])
def test_what_is_no_type_of_glue_is_refused(logged: object) -> None:
    with pytest.raises(SoundlakeError, match="Glue has no type for"):
        delta_type(logged)


def test_a_log_tells_types_as_they_are_declared(tmp_path: Path) -> None:
    values = {
        "b": pa.array([None], pa.bool_()),
        "i": pa.array([None], pa.int32()),
        "l": pa.array([None], pa.int64()),
        "f": pa.array([None], pa.float32()),
        "d": pa.array([None], pa.float64()),
        "m": pa.array([None], pa.decimal128(10, 2)),
        "day": pa.array([None], pa.date32()),
        "at": pa.array([None], pa.timestamp("us", tz="UTC")),
        "bytes": pa.array([None], pa.binary()),
        "list": pa.array([None], pa.list_(pa.struct([("k", pa.int32()), ("v", pa.string())]))),
        "map": pa.array([None], pa.map_(pa.string(), pa.list_(pa.float64()))),
    }
    write_deltalake(tmp_path, pa.table(values))
    fields = json.loads(DeltaTable(tmp_path).schema().to_json())["fields"]
    assert {field["name"]: delta_type(field["type"]) for field in fields} == {
        "b": "boolean",
        "i": "int",
        "l": "bigint",
        "f": "float",
        "d": "double",
        "m": "decimal(10,2)",
        "day": "date",
        "at": "timestamp",
        "bytes": "binary",
        "list": "array<struct<k:int,v:string>>",
        "map": "map<string,array<double>>",
    }


def test_times_without_a_zone_are_other_types_but_have_one_name_in_glue() -> None:
    assert delta_type("timestamp_ntz") != delta_type("timestamp")
    assert glue_type("array<timestamp_ntz>") == "array<timestamp>"


@pytest.mark.parametrize("table", public_tables(), ids=lambda table: table.view)
def test_a_table_that_is_written_as_declared_has_its_declared_types_in_the_log(table: Table) -> None:
    fields = json.loads(Schema.from_arrow(arrow_schema(table)).to_json())["fields"]
    assert {field["name"]: delta_type(field["type"]) for field in fields} == {
        column.name: column.type for column in table.columns
    }
