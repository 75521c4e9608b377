"""Building the insights: each query becomes one Delta table, replaced as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession

from soundlake.errors import SoundlakeError, UsageError
from soundlake.insights.insight import Insight, load_insights, render, with_needed
from soundlake.lake import Lake, conform, properties
from soundlake.settings import Settings
from soundlake.tables import TABLES, Table

INSIGHTS_AT_ONCE = 2  # planning one leaves cores idle


@dataclass(frozen=True)
class Built:
    """An insight that was built, and how many rows its table has now."""

    name: str
    rows: int

    def __str__(self) -> str:
        return f"gold/{self.name}: {self.rows:,} rows"


def build(spark: SparkSession, lake: Lake, settings: Settings, only: Iterable[str] | None = None) -> list[Built]:
    """Build all insights, or `only` those named and what they read; returns them in the order they were built.

    Each table is replaced in one commit: readers see the old one or the new one, whole. When the process dies between
    two of them, the next run builds all again. Raises UsageError for an unknown name.
    """
    insights = _chosen(only)
    # Views and the time zone of a session of its own: the caller's stay as they are.
    session = spark.newSession()
    session.conf.set("spark.sql.session.timeZone", settings.insights.time_zone)
    tables = {table.view: table for table in (*TABLES, *(insight.table for insight in insights))}
    built: dict[str, Built] = {}
    with ThreadPoolExecutor(max_workers=INSIGHTS_AT_ONCE) as pool:
        while waiting := [insight for insight in insights if insight.name not in built]:
            unbuilt = {insight.table.view for insight in waiting}
            ready = [insight for insight in waiting if not insight.reads & unbuilt]
            for view in sorted({view for insight in ready for view in insight.reads}):
                lake.read(session, _known(tables, view)).createOrReplaceTempView(view)
            made = [pool.submit(_build, session, lake, insight, settings) for insight in ready]
            built |= {one.result().name: one.result() for one in made}
    return list(built.values())


def _build(session: SparkSession, lake: Lake, insight: Insight, settings: Settings) -> Built:
    (
        _answer(session, insight, settings)
        .write.format("delta")
        .mode("overwrite")
        .option("overwriteSchema", "true")
        .options(**properties(insight.table))
        .save(lake.path(insight.table))
    )
    return Built(insight.name, lake.read(session, insight.table).count())


def _chosen(only: Iterable[str] | None) -> list[Insight]:
    insights = load_insights()
    if only is None:
        return insights
    names, known = list(only), [insight.name for insight in insights]
    if unknown := [name for name in names if name not in known]:
        raise UsageError(*[f"{name}: no such insight; there are {', '.join(sorted(known))}" for name in unknown])
    return with_needed(insights, names)


def _known(tables: dict[str, Table], view: str) -> Table:
    if view not in tables:
        raise SoundlakeError(f"an insight reads {view}, which is no table of the lake")
    return tables[view]


def _answer(session: SparkSession, insight: Insight, settings: Settings) -> DataFrame:
    answer = session.sql(render(insight.sql, settings.insights.as_of))
    declared = list(insight.table.column_names)
    if answer.columns != declared:
        raise SoundlakeError(f"insights/{insight.name}.sql declares the columns {declared}, but gives {answer.columns}")
    return conform(answer, insight.table)
