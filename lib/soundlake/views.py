"""Views over the tables of the lake, declared once: Spark, DuckDB and Athena's engine run the same SQL."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from soundlake.tables import PLAYS, Column, Table


@dataclass(frozen=True, eq=False)
class View:
    """A query that has a name, in SQL the same as a table's; nothing of it is stored.

    It has the columns and the key of `source`, the one table that it reads. In `query`, `{source}` stands for that
    table and `{columns}` for the columns, each as `p.name`. Rows with different values of `apart_by` do not affect each
    other, so that the view of one value needs the source's rows of that value only.
    """

    layer: str
    name: str
    comment: str
    source: Table
    query: str
    apart_by: str

    @property
    def view(self) -> str:
        """The view's name in SQL and in the Glue catalog."""
        return f"{self.layer}_{self.name}"

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row."""
        return self.source.key

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in order."""
        return self.source.columns

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return self.source.column_names

    def sql(self, source: str | None = None, only: Collection[str] | None = None) -> str:
        """The view's SELECT, of all columns or of those in `only`, over `source` or else over the source's own name."""
        columns = ", ".join(f"p.{name}" for name in self.column_names if only is None or name in only)
        return self.query.format(source=source or self.source.view, columns=columns)


# The fields of a record tell which kind it was: polls say neither how long nor how something was played, the extended
# export says both, and the basic export knows no URI. A play that came by several roads has the fields of the best.
LISTENING = View(
    "silver",
    "listening",
    "The plays that count, each listening once: of each user and UTC day those of the extended export, else those "
    "polled from the API, else those of the basic export; and what was polled after the user's newest exported play.",
    PLAYS,
    """\
WITH plays AS (
    SELECT
        *,
        CASE
            WHEN coalesce(reason_start, reason_end, platform) IS NOT NULL THEN 3
            WHEN coalesce(skipped, shuffle) IS NOT NULL THEN 3
            WHEN ms_played IS NULL THEN 2
            WHEN content_uri IS NOT NULL THEN 3
            ELSE 1
        END AS road
    FROM {source}
),
days AS (
    SELECT
        user_id,
        played_date,
        max(road) AS best_road,
        max(CASE WHEN road = 3 THEN played_at END) AS last_exported_at
    FROM plays
    GROUP BY user_id, played_date
),
coverage AS (
    SELECT
        user_id,
        played_date,
        best_road,
        max(last_exported_at) OVER (PARTITION BY user_id) AS exported_until
    FROM days
)
SELECT {columns}
FROM plays AS p
JOIN coverage AS c ON c.user_id = p.user_id AND c.played_date = p.played_date
WHERE p.road = c.best_road OR (p.road = 2 AND p.played_at > c.exported_until)
""",
    apart_by="user_id",
)

VIEWS: tuple[View, ...] = (LISTENING,)
