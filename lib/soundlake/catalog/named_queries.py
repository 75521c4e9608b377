"""The insights as named queries of an Athena workgroup, for its console."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from soundlake.aws import translate_errors
from soundlake.catalog.athena import open_athena
from soundlake.insights import Insight, load_insights, render
from soundlake.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

_AT_ONCE = 50  # the most that Athena describes in one call
_LONGEST_DESCRIPTION = 1024


def deploy(settings: Settings) -> list[tuple[str, str]]:
    """Create or update a named query for each insight in the workgroup and database of the settings.

    Returns names and `created`, `updated` or `unchanged`. Queries of other names stay as they are. Raises
    SoundlakeError where Athena refuses.
    """
    with translate_errors(f"Athena, workgroup {settings.athena.workgroup}"):
        athena = open_athena(settings)
        there = {
            query["Name"]: query
            for query in _named_queries(athena, settings.athena.workgroup)
            if query["Database"] == settings.catalog.database
        }
        return [
            (insight.name, _deploy(athena, settings, insight, there.get(insight.name))) for insight in load_insights()
        ]


def _deploy(athena: AthenaClient, settings: Settings, insight: Insight, existing: Any) -> str:
    sql = render(insight.sql, settings.insights.as_of, settings.insights.time_zone, "trino")
    description = f"{insight.title}. {insight.question}"[:_LONGEST_DESCRIPTION]
    if existing is None:
        athena.create_named_query(
            Name=insight.name,
            Description=description,
            Database=settings.catalog.database,
            QueryString=sql,
            WorkGroup=settings.athena.workgroup,
        )
        return "created"
    if (existing["QueryString"], existing.get("Description")) == (sql, description):
        return "unchanged"
    athena.update_named_query(
        NamedQueryId=existing["NamedQueryId"], Name=insight.name, Description=description, QueryString=sql
    )
    return "updated"


def _named_queries(athena: AthenaClient, workgroup: str) -> Iterator[Any]:
    pages = athena.get_paginator("list_named_queries").paginate(WorkGroup=workgroup)
    ids = [query for page in pages for query in page["NamedQueryIds"]]
    for start in range(0, len(ids), _AT_ONCE):
        yield from athena.batch_get_named_query(NamedQueryIds=ids[start : start + _AT_ONCE])["NamedQueries"]
