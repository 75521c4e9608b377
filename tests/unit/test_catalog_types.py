"""Types, from Spark's DDL and from Delta's log to Glue's names."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from soundlake.catalog.glue import public_tables
from soundlake.catalog.types import delta_type, glue_type, spark_type
from soundlake.errors import SoundlakeError


@pytest.mark.parametrize(
    ("ddl", "expected"),
    [
        ("string", "string"),
        ("INTEGER", "int"),
        ("long", "bigint"),
        ("short", "smallint"),
        ("byte", "tinyint"),
        ("real", "float"),
        ("timestamp", "timestamp"),
        ("decimal(10, 2)", "decimal(10,2)"),
        ("numeric(7)", "decimal(7,0)"),
        ("decimal", "decimal(10,0)"),
        ("array<array<double>>", "array<array<double>>"),
        ("map<string, struct<a: int, b: array<date>>>", "map<string,struct<a:int,b:array<date>>>"),
        ("struct<a int, decimal: decimal(3,1)>", "struct<a:int,decimal:decimal(3,1)>"),
    ],
)
def test_a_ddl_type_has_one_spelling(ddl: str, expected: str) -> None:
    assert spark_type(ddl) == expected


@pytest.mark.parametrize("ddl", ["", "strin", "array<int", "array<int>>", "map<int>", "struct<a:>", "int;", "variant"])
def test_what_is_no_type_of_glue_is_refused(ddl: str) -> None:
    with pytest.raises(SoundlakeError):
        spark_type(ddl)


def test_a_log_tells_the_same_types(tmp_path: Path) -> None:
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


def test_every_declared_column_has_a_type_in_glue() -> None:
    declared = [column.type for table in public_tables() for column in table.columns]
    assert [spark_type(type_) for type_ in declared] == declared
