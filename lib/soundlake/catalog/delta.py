"""The tables of a lake as their Delta logs describe them, read without Spark."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import and_
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from pyarrow import fs

from soundlake.aws import open_session, translate_errors
from soundlake.catalog.types import delta_type
from soundlake.core.schema import arrow_type
from soundlake.errors import SoundlakeError
from soundlake.s3 import has_path_style, is_on_s3, on_s3, region_of
from soundlake.settings import Settings
from soundlake.tables import Table

# The reader features that Athena's engine 3 supports, by its documentation.
_READ_BY_ATHENA = {"columnMapping", "deletionVectors", "timestampNtz"}
_RETRIES = "max_retries"  # delta-rs's name of this option

Having = tuple[str, str | tuple[str, ...]]  # a column, and the text or one of the texts that it has


@dataclass(frozen=True)
class LoggedSchema:
    """An existing table: its columns' types in the log's order, and the log's features that Athena cannot read."""

    columns: dict[str, str]
    unreadable: tuple[str, ...] = ()

    def differs_from(self, table: Table) -> list[str]:
        """Return how the table differs from its declaration; missing columns are no difference."""
        declared = {column.name: column.type for column in table.columns}
        differences = [f"its Delta log has the feature {name}, which Athena does not read" for name in self.unreadable]
        for name, type_ in self.columns.items():
            if name not in declared:
                differences.append(f"column {name} is in the Delta table, but not declared")
            elif type_ != declared[name]:
                differences.append(f"column {name} is {type_} in the Delta table, but declared as {declared[name]}")
        return differences


def open_table(settings: Settings, table: Table) -> DeltaTable | None:
    """Open a table of the settings' lake; None where there is none. Raises SoundlakeError where it cannot be read."""
    return open_delta(settings, table.path)


def open_delta(settings: Settings, path: str) -> DeltaTable | None:
    """Open the table at a path of the settings' lake, as `open_table` does."""
    uri = f"{on_s3(settings.lake.uri)}/{path}"
    try:
        return DeltaTable(uri, storage_options=_storage_options(settings))
    except TableNotFoundError:
        return None
    except (DeltaError, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise SoundlakeError(f"{uri} cannot be read: {reason}") from None


def local_folder(table: DeltaTable) -> str:
    """The folder of a table on a local disk."""
    return unquote(urlsplit(table.table_uri).path)


def files_of(table: DeltaTable) -> fs.FileSystem:
    """Return the file system of an opened table's folder, for the paths in its log.

    On S3 this is pyarrow's. delta-rs's holds Python's GIL during each request, which stops the thread that renews the
    lake's lease.
    """
    uri = urlsplit(table.table_uri)
    if uri.scheme == "file":
        return fs.SubTreeFileSystem(local_folder(table), fs.LocalFileSystem())
    options = table._storage_options or {}  # there is no public attribute for it
    s3 = fs.S3FileSystem(
        access_key=options["AWS_ACCESS_KEY_ID"],
        secret_key=options["AWS_SECRET_ACCESS_KEY"],
        session_token=options.get("AWS_SESSION_TOKEN"),
        region=options.get("AWS_REGION"),
        endpoint_override=options.get("AWS_ENDPOINT_URL"),
        force_virtual_addressing=options.get("AWS_VIRTUAL_HOSTED_STYLE_REQUEST") != "false",
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=1 + int(options.get(_RETRIES, 2))),
    )
    return fs.SubTreeFileSystem(f"{uri.netloc}{unquote(uri.path)}", s3)


def read_rows(table: DeltaTable, columns: Sequence[str] | None = None, having: Iterable[Having] = ()) -> pa.Table:
    """Read a table, or some columns of the rows that have these values.

    pyarrow reads the files by itself: a process that lets delta-rs hand them over may abort at its end (code 134).
    """
    from pyarrow import dataset  # which imports pandas; --help is quick

    conditions = [
        dataset.field(name) == one if isinstance(one, str) else dataset.field(name).isin(one) for name, one in having
    ]
    rows = table.to_pyarrow_dataset(filesystem=files_of(table))
    return rows.to_table(columns=columns, filter=reduce(and_, conditions) if conditions else None)


def read_newest(table: DeltaTable, column: str) -> pa.Table:
    """Read the rows with the latest times of a column, to the second; older files are not opened."""
    from pyarrow import dataset

    actions, statistic = pa.table(table.get_add_actions(flatten=True)), f"max.{column}"
    latest = actions[statistic].to_pylist() if statistic in actions.column_names else [None]
    if not latest or None in latest:
        return read_rows(table)
    # The log cuts times off to milliseconds.
    since = dataset.field(column) >= max(latest) - timedelta(seconds=1)
    return table.to_pyarrow_dataset(filesystem=files_of(table)).to_table(filter=since)


def read_declared(
    opened: DeltaTable, table: Table, columns: Sequence[str] | None = None, having: Iterable[Having] = ()
) -> pa.Table:
    """Read a table as `read_rows` does; a column that was declared since it was written is null."""
    there = {field.name for field in opened.schema().fields}
    rows = read_rows(opened, columns if columns is None else [name for name in columns if name in there], having)
    for column in table.columns:
        if column.name not in there and (columns is None or column.name in columns):
            rows = rows.append_column(column.name, pa.nulls(rows.num_rows, arrow_type(column.type)))
    return rows


def read_schema(settings: Settings, table: Table) -> LoggedSchema | None:
    """Read the columns of a table; None where there is none. Raises SoundlakeError where it cannot be read."""
    opened = open_table(settings, table)
    if opened is None:
        return None
    try:
        fields: list[dict[str, Any]] = json.loads(opened.schema().to_json())["fields"]
        columns = {field["name"]: delta_type(field["type"]) for field in fields}
    except SoundlakeError as error:
        raise SoundlakeError(f"{table.path}: {error}") from None
    return LoggedSchema(columns, tuple(sorted(set(opened.protocol().reader_features or ()) - _READ_BY_ATHENA)))


def _storage_options(settings: Settings) -> dict[str, str]:
    """The reader's options for S3: the endpoint, and the credentials of boto3's chain, as its own chain differs."""
    if not is_on_s3(settings.lake.uri):
        return {}
    with translate_errors(settings.lake.uri):
        session = open_session()
        credentials = session.get_credentials()
    if credentials is None:
        raise SoundlakeError(f"{settings.lake.uri}: no AWS credentials: set AWS_PROFILE, or AWS_REGION and credentials")
    frozen = credentials.get_frozen_credentials()
    options = {
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        "AWS_SESSION_TOKEN": frozen.token,
        "AWS_REGION": settings.s3.region or session.region_name or region_of(settings),
        "AWS_ENDPOINT_URL": settings.s3.endpoint_url,
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false" if has_path_style(settings) else None,
        "AWS_REQUEST_PAYER": "true" if settings.s3.requester_pays else None,
        "AWS_ALLOW_HTTP": "true" if settings.s3.endpoint_url else None,
        _RETRIES: str(settings.s3.attempts - 1),
    }
    return {name: value for name, value in options.items() if value}
