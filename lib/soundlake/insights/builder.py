"""Building the insights: each query becomes one Delta table. What did not change is not computed again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

from pyspark.sql import DataFrame, SparkSession

from soundlake.errors import SoundlakeError, UsageError
from soundlake.insights.build_record import BuildRecord, read_build_record, write_with_record
from soundlake.insights.insight import Incremental, Insight, all_tables, load_insights, render, with_needed
from soundlake.insights.partitions import Sources, changed
from soundlake.insights.play_matches import write_play_matches
from soundlake.lake import Lake, view_of
from soundlake.session import workers
from soundlake.settings import Settings
from soundlake.tables import PLAY_MATCHES
from soundlake.views import VIEWS

INSIGHTS_AT_ONCE = 3  # planning and committing one leaves cores idle


@dataclass(frozen=True)
class Built:
    """An insight that was built: how many rows its table has now, and what had to be computed for it.

    `computed` of its `partitions` were computed: of an incremental insight those whose source had changed, else all or
    none.
    """

    name: str
    rows: int
    computed: int = 1
    partitions: int = 1

    def __str__(self) -> str:
        rows = f"gold/{self.name}: {self.rows:,} rows"
        if self.computed >= self.partitions:
            return rows
        part = f"{self.computed} of {self.partitions} partitions computed" if self.computed else "unchanged"
        return f"{rows}, {part}"


def build(spark: SparkSession, lake: Lake, settings: Settings, only: Iterable[str] | None = None) -> list[Built]:
    """Build all insights, or `only` those named and what they read; returns them in their order, see load_insights.

    Before them gold/play_matches is brought up to date: with all insights, and wherever it is there.

    Each table changes in one commit, which also records what it was made from: readers see the whole old table or the
    whole new one, and a run that dies leaves nothing half done. A table whose query and inputs have not changed is left
    alone; of an incremental one only the partitions whose source changed are replaced. All insights of a run see the
    same version of a table. Raises UsageError for an unknown name.
    """
    chosen = _chosen(only)
    matched = write_play_matches(spark, lake) if only is None or lake.exists(spark, PLAY_MATCHES) else None
    builder = _Builder(spark, lake, settings)
    waiting = {insight.table.view: insight for insight in chosen}
    built: dict[str, Built] = {}
    running: dict[Future[Built], str] = {}
    with workers(spark, INSIGHTS_AT_ONCE) as pool:
        while waiting or running:
            unbuilt = waiting.keys() | running.values()
            for insight in [one for one in waiting.values() if not one.reads & unbuilt]:
                del waiting[insight.table.view]
                running[pool.submit(builder.build, insight)] = insight.table.view
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                built[running.pop(future)] = future.result()
    matches = [] if matched is None else [Built(PLAY_MATCHES.name, matched)]
    return matches + [built[insight.table.view] for insight in chosen]


class _Builder:
    """One run: its sessions, and the versions of the tables that it reads."""

    def __init__(self, spark: SparkSession, lake: Lake, settings: Settings) -> None:
        insights = load_insights()
        self._lake, self._settings = lake, settings
        self._tables = {table.view: table for table in all_tables()}
        self._views = {view.view: view for view in VIEWS}
        # Views and the time zone of sessions of its own: the caller's stay as they are.
        self._session = self._open(spark)
        self._sources = Sources(self._session, insights, {**self._tables, **self._views})
        self._versions: dict[str, int | None] = {}
        self._one_at_a_time = Lock()

    def build(self, insight: Insight) -> Built:
        """Bring the table of one insight up to date; those it reads have to be built."""
        inputs = {view: self._view(view) for view in sorted(insight.reads)}
        digest = self._digest(insight)
        before = read_build_record(self._session, self._lake, insight.table)
        if before is not None and before.query_digest != digest:
            before = None
        if before is not None and before.inputs == inputs:
            return self._built(insight, 0, max(len(before.partitions), 1))
        if insight.incremental is None:
            write_with_record(
                self._answer(insight, self._session), self._lake, insight.table, BuildRecord(digest, inputs)
            )
            return self._built(insight, 1, 1)
        expression = self._render(insight.incremental.expression)
        record = BuildRecord(digest, inputs, self._sources.fingerprints(insight.incremental, expression))
        if before is None:
            write_with_record(self._answer(insight, self._session), self._lake, insight.table, record)
            return self._built(insight, len(record.partitions), len(record.partitions))
        due = changed(before.partitions, record.partitions)
        if due:
            answer = self._answer(insight, self._session_of(insight.incremental, expression, due)).coalesce(1)
            write_with_record(
                answer, self._lake, insight.table, record, f"`{insight.incremental.column}` IN ({_dates(due)})"
            )
        return self._built(insight, len(due), len(before.partitions.keys() | record.partitions.keys()))

    def _open(self, spark: SparkSession) -> SparkSession:
        session = spark.newSession()
        session.conf.set("spark.sql.session.timeZone", "UTC")
        return session

    def _session_of(self, incremental: Incremental, expression: str, due: Iterable[str]) -> SparkSession:
        """A session whose view of the source has the rows of some partitions only."""
        session = self._open(self._session)
        rows = self._read(session, incremental.source).where(f"{expression} IN ({_dates(due)})")
        rows.createOrReplaceTempView(incremental.source)
        return session

    def _view(self, view: str) -> str | None:
        """Make the view of a table as it is now, unless this run has it; returns which table and version it shows."""
        if view in self._views:
            shown = [self._view(table.view) for table in self._views[view].tables]
            self._read(self._session, view).createOrReplaceTempView(view)
            return ", ".join(one for one in shown if one is not None) or None
        with self._one_at_a_time:
            if view not in self._tables:
                raise SoundlakeError(f"an insight reads {view}, which is no table of the lake")
            table = self._tables[view]
            if view not in self._versions:
                there = self._lake.exists(self._session, table)
                self._versions[view] = self._lake.version(self._session, table) if there else None
                self._read(self._session, view).createOrReplaceTempView(view)
            version = self._versions[view]
            return None if version is None else f"{self._lake.identity(self._session, table)}@{version}"

    def _read(self, session: SparkSession, view: str) -> DataFrame:
        if view in self._views:
            return view_of(self._views[view], *(self._read(session, one.view) for one in self._views[view].tables))
        return self._lake.read(session, self._tables[view], self._versions[view])

    def _digest(self, insight: Insight) -> str:
        """A digest of all the SQL that answers an insight."""
        views = [self._views[name].sql() for name in sorted(insight.reads & self._views.keys())]
        return sha256("\n".join([self._render(insight.sql), *views]).encode()).hexdigest()

    def _render(self, text: str) -> str:
        return render(text, self._settings.insights.as_of, self._settings.insights.time_zone, "spark")

    def _answer(self, insight: Insight, session: SparkSession) -> DataFrame:
        answer = session.sql(self._render(insight.sql))
        declared = list(insight.table.column_names)
        if answer.columns != declared:
            raise SoundlakeError(
                f"insights/{insight.name}.sql declares the columns {declared}, but gives {answer.columns}"
            )
        return answer

    def _built(self, insight: Insight, computed: int, partitions: int) -> Built:
        return Built(insight.name, self._lake.read(self._session, insight.table).count(), computed, partitions)


def _chosen(only: Iterable[str] | None) -> Sequence[Insight]:
    insights = load_insights()
    if only is None:
        return insights
    names, known = list(only), [insight.name for insight in insights]
    if unknown := [name for name in names if name not in known]:
        raise UsageError(*[f"{name}: no such insight; there are {', '.join(sorted(known))}" for name in unknown])
    return with_needed(insights, names)


def _dates(partitions: Iterable[str]) -> str:
    return ", ".join(f"DATE '{partition}'" for partition in sorted(partitions))
