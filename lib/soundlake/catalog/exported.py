"""Tables of plain files in Glue, by partition projection and without crawlers: Parquet exports, the landing folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from soundlake.aws import translate_errors
from soundlake.catalog.glue import Registration, RegistrationState, create_database, find_table, open_glue
from soundlake.catalog.layouts import Layout
from soundlake.catalog.names import LONGEST_DESCRIPTION, one_line
from soundlake.catalog.table_input import OURS, column_input, relations
from soundlake.s3 import is_on_s3, on_s3
from soundlake.settings import Settings
from soundlake.settings.bucket import open_s3, split_uri
from soundlake.tables import Table

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import ColumnTypeDef, TableInputTypeDef

_FORMAT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquet{}Format"
_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
LANDING = "landing_records"
_NO_DAY = "1970-01-01"


@dataclass(frozen=True)
class Exported:
    """A written version of a table: its path and folders.

    `values`: the first and last day, the first and last bucket, or all words.
    """

    table: Table
    place: str
    layout: Layout | None
    values: tuple[str, ...] = ()


def parquet_input(exported: Exported) -> TableInputTypeDef:
    """Return the TableInput of an export."""
    table, layout = exported.table, exported.layout
    location = f"{on_s3(exported.place)}/"
    keys = [] if layout is None else [layout.name]
    columns: list[ColumnTypeDef] = [
        column_input(column.name, column.type, column.comment) for column in table.columns if column.name not in keys
    ]
    partition: list[ColumnTypeDef] = [] if layout is None else [{"Name": layout.name, "Type": layout.type}]
    return {
        "Name": f"{table.view}_parquet",
        "Description": one_line(f"Parquet export of {table.view}. {table.comment}", LONGEST_DESCRIPTION),
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": partition,
        "Parameters": {
            "EXTERNAL": "TRUE",
            "classification": "parquet",
            f"{OURS}version": location.rstrip("/").rpartition("/")[2],
            **relations(table),
            **_projection(layout, exported.values, location),
        },
        "StorageDescriptor": {
            "Columns": columns,
            "Location": location,
            "InputFormat": _FORMAT.format("Input"),
            "OutputFormat": _FORMAT.format("Output"),
            "SerdeInfo": {"SerializationLibrary": _SERDE, "Parameters": {"serialization.format": "1"}},
        },
    }


def _projection(layout: Layout | None, values: tuple[str, ...], location: str) -> dict[str, str]:
    if layout is None:
        return {}
    of = f"projection.{layout.name}"
    match layout.kind:
        case "date":
            folders = {f"{of}.type": "date", f"{of}.format": "yyyy-MM-dd", f"{of}.range": _days(values)}
        case "bucket":
            folders = {f"{of}.type": "integer", f"{of}.range": ",".join(values)}
        case "key":
            folders = {f"{of}.type": "enum", f"{of}.values": ",".join(values) or "none"}
    template = f"{location}{layout.name}=${{{layout.name}}}/"
    return {"projection.enabled": "true", **folders, "storage.location.template": template}


def _days(values: tuple[str, ...]) -> str:
    """A range of days. Trino takes no range of one day: then it ends with the next day, which has no folder."""
    first, last = (date.fromisoformat(day) for day in values or (_NO_DAY, _NO_DAY))
    return f"{first},{last if last > first else first + timedelta(days=1)}"


def move_to(settings: Settings, exported: Exported) -> RegistrationState:
    """Create the Glue table of an export, or move it to this version, atomically in one request."""
    return put(settings, parquet_input(exported))


def put(settings: Settings, wanted: TableInputTypeDef, *, check: bool = False) -> RegistrationState:
    """Create or update a table in one request; with `check` only return what would be done."""
    with translate_errors(f"Glue, database {settings.catalog.database}"):
        glue, database = open_glue(settings), settings.catalog.database
        existing = find_table(glue, database, wanted["Name"])
        if existing is not None and _holds(existing, wanted):
            return "unchanged"
        if not check and existing is None:
            create_database(glue, database)
            glue.create_table(DatabaseName=database, TableInput=wanted)
        elif not check:
            glue.update_table(DatabaseName=database, TableInput=wanted, SkipArchive=True)
        return "created" if existing is None else "updated"


def _holds(existing: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there already."""
    if isinstance(wanted, dict):
        return isinstance(existing, dict) and all(_holds(existing.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        there = existing or []
        return len(there) == len(wanted) and all(map(_holds, there, wanted))
    return bool(existing == wanted)


def landing_input(settings: Settings, folders: list[str]) -> TableInputTypeDef:
    """Return the TableInput of the landing folder: a row for each line of the files in its `folders`."""
    location = f"{on_s3(settings.source.files.path or '')}/"
    comment = "Raw records as they landed, a row for each line: not judged, not deduplicated; see json_extract_scalar"
    return {
        "Name": LANDING,
        "Description": comment,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": "folder", "Type": "string", "Comment": "the folder, which says the kind"}],
        "Parameters": {
            "EXTERNAL": "TRUE",
            "projection.enabled": "true",
            "projection.folder.type": "enum",
            "projection.folder.values": ",".join(folders),
            "storage.location.template": f"{location}${{folder}}/",
        },
        "StorageDescriptor": {
            "Columns": [{"Name": "line", "Type": "string", "Comment": "the line, of a gzip file too"}],
            "Location": location,
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                "Parameters": {"field.delim": "\x01", "serialization.format": "\x01"},
            },
        },
    }


def register_landing(settings: Settings, *, check: bool = False) -> Registration | None:
    """Register the folder of raw records; None where records do not come from files on S3.

    Its folders are those whose names stand for a kind; there must be at least one. Raises SoundlakeError as `register`
    does.
    """
    path = settings.source.files.path
    if settings.source.type != "files" or path is None or not is_on_s3(path):
        return None
    topics = settings.source.topics.model_dump()
    names = {name for kind, topic in topics.items() for name in (topic, kind, topic.rpartition(".")[2])}
    bucket, prefix = split_uri(path)
    with translate_errors(path):
        pages = (
            open_s3(settings)
            .get_paginator("list_objects_v2")
            .paginate(Bucket=bucket, Prefix=f"{prefix}/" if prefix else "", Delimiter="/")
        )
        there = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]
    folders = sorted(names.intersection(name.rstrip("/").rpartition("/")[2] for name in there))
    if not folders:
        return Registration(LANDING, "missing")
    state = put(settings, landing_input(settings, folders), check=check)
    return Registration(LANDING, state, () if state == "unchanged" else (f"folders {', '.join(folders)}",))
