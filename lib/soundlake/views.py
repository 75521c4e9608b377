"""Views over the tables of the lake, declared once: Spark, DuckDB and Athena's engine run the same SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from soundlake.tables import PLAY_MATCHES, PLAYS, Column, Table

BELIEVED = 0.7  # the least confidence of a match that is counted, see docs/decisions/0014


@dataclass(frozen=True, eq=False)
class View:
    """A query that has a name, in SQL the same as a table's; nothing of it is stored.

    It has the columns and the key of `source`, the table whose rows it shows. `query` names a table in braces, such as
    `{silver_plays}`; `{columns}` stands for the columns, each as `p.name` or as `computed` says. Rows with different
    values of `apart_by` do not affect each other: the view of one value needs the tables' rows of that value only.
    `beside` is another table that the query reads; where it is not there, the view shows what `without` does.
    """

    layer: str
    name: str
    comment: str
    source: Table
    query: str
    apart_by: str
    computed: Mapping[str, str] = field(default_factory=dict)
    beside: Table | None = None
    without: View | None = None

    @property
    def view(self) -> str:
        """The view's name in SQL and in the Glue catalog."""
        return f"{self.layer}_{self.name}"

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables that the query reads, `source` first."""
        return (self.source,) if self.beside is None else (self.source, self.beside)

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

    def sql(self, only: Collection[str] | None = None, **named: str) -> str:
        """The view's SELECT, of all columns or of those in `only`.

        `named` are other names for the tables than their own, by these.
        """
        names = [name for name in self.column_names if only is None or name in only]
        columns = ", ".join(self.computed.get(name, f"p.{name}") for name in names)
        tables = {table.view: named.get(table.view, table.view) for table in self.tables}
        return self.query.format(columns=columns, **tables)


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
    FROM {silver_plays}
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

MATCHED_LISTENING = View(
    "gold",
    "matched_listening",
    "silver_listening by tracks: a play that says no track id has that of its match, where gold_play_matches has one. "
    "All else is as it was heard.",
    PLAYS,
    f"""\
SELECT {{columns}}
FROM (
{LISTENING.query.replace("{columns}", "p.*").rstrip()}
) AS p
LEFT JOIN {{gold_play_matches}} AS m ON m.play_id = p.play_id AND m.confidence >= {BELIEVED}
""",  # noqa: S608 - all of it is ours
    apart_by="user_id",
    computed={"track_id": "coalesce(p.track_id, m.track_id) AS track_id"},
    beside=PLAY_MATCHES,
    without=LISTENING,
)

VIEWS: tuple[View, ...] = (LISTENING, MATCHED_LISTENING)
