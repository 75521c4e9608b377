"""Queries through Athena: start, wait, fetch pages, cancel."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from soundlake.aws import open_client, translate_errors
from soundlake.catalog.athena_rows import as_table
from soundlake.catalog.missing import why_empty
from soundlake.catalog.query_result import QueryResult
from soundlake.errors import MissingTableError, SoundlakeError
from soundlake.s3 import on_s3
from soundlake.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef

# https://aws.amazon.com/athena/pricing/: a query that scans less is counted as if it had scanned 10 MB.
LEAST_BYTES = 10 * 2**20
TB = 2**40
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 3.0
_PAGE = 1000  # the most that Athena gives at once


def open_athena(settings: Settings) -> AthenaClient:
    """Return a client of Athena, or of athena.endpoint_url."""
    client: AthenaClient = open_client("athena", endpoint_url=settings.athena.endpoint_url)
    return client


def run(settings: Settings, sql: str, limit: int | None) -> QueryResult:
    """Run a SELECT in the workgroup and database of the settings; returns at most `limit` rows.

    Anything that interrupts this, such as Ctrl-C, cancels the query. Raises MissingTableError
    where the catalog lacks a table, SoundlakeError where it fails.
    """
    with translate_errors(f"Athena, workgroup {settings.athena.workgroup}"):
        athena = open_athena(settings)
        query = athena.start_query_execution(**_request(settings, sql))["QueryExecutionId"]
        try:
            done = _await(athena, query)
        except BaseException:
            _cancel(athena, query)
            raise
        state = done["Status"]["State"]
        if state != "SUCCEEDED":
            reason = done["Status"].get("StateChangeReason", "no reason was given")
            raise _failure(f"Athena: the query {query} {state.lower()}: {reason}", reason)
        columns, rows = _results(athena, query)
        taken = list(rows if limit is None else islice(rows, limit + 1))
    has_more = limit is not None and len(taken) > limit
    return QueryResult(as_table(columns, taken[:limit]), has_more, f"query {query}: {_cost(settings, done)}")


def _request(settings: Settings, sql: str) -> Any:
    request: dict[str, Any] = {
        "QueryString": sql,
        "QueryExecutionContext": {"Database": settings.catalog.database, "Catalog": "AwsDataCatalog"},
        "WorkGroup": settings.athena.workgroup,
    }
    if settings.athena.output_location is not None:
        location = f"{on_s3(settings.athena.output_location)}/"
        request["ResultConfiguration"] = {"OutputLocation": location}
    return request


def _await(athena: AthenaClient, query: str) -> QueryExecutionTypeDef:
    wait = _FIRST_WAIT
    while True:
        execution = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return execution
        time.sleep(wait)
        wait = min(_LONGEST_WAIT, wait * 1.5)


def _cancel(athena: AthenaClient, query: str) -> None:
    try:
        athena.stop_query_execution(QueryExecutionId=query)
    except (BotoCoreError, ClientError) as error:
        raise SoundlakeError(f"the query {query} could not be cancelled and may go on at your cost: {error}") from None


def _results(athena: AthenaClient, query: str) -> tuple[list[Any], Iterator[list[str | None]]]:
    pages = iter(
        athena.get_paginator("get_query_results").paginate(QueryExecutionId=query, PaginationConfig={"PageSize": _PAGE})
    )
    first = next(pages)
    columns = list(first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"])

    def rows() -> Iterator[list[str | None]]:
        header: list[str | None] | None = [column["Name"] for column in columns]
        for page in chain([first], pages):
            for row in page["ResultSet"]["Rows"]:
                values = [datum.get("VarCharValue") for datum in row["Data"]]
                if values != header:
                    yield values
                header = None

    return columns, rows()


def _failure(message: str, reason: str) -> SoundlakeError:
    if "TABLE_NOT_FOUND" not in reason and "SCHEMA_NOT_FOUND" not in reason:
        return SoundlakeError(message)
    named = re.findall(r"\b(?:bronze|silver|gold|ops)_\w+", reason)
    told = [f"{message} (register_tables puts the lake's tables into the catalog)"]
    return MissingTableError("\n".join(told + [why_empty(name) for name in dict.fromkeys(named)]), *named)


def _cost(settings: Settings, done: QueryExecutionTypeDef) -> str:
    statistics = done.get("Statistics", {})
    scanned = statistics.get("DataScannedInBytes", 0)
    dollars = max(scanned, LEAST_BYTES) / TB * settings.athena.usd_per_tb
    seconds = statistics.get("TotalExecutionTimeInMillis", 0) / 1000
    price = f"at ${settings.athena.usd_per_tb:g} a TB"
    return f"scanned {in_words(scanned)} in {seconds:.1f} s, about ${dollars:.6f} {price}"


def in_words(size: int) -> str:
    """A number of bytes as people read it."""
    amount = float(size)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TB"
