"""Schema evolution: a column that was added to a table's declaration is added to the table at the next start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from pyspark.sql import SparkSession

from soundlake.errors import SoundlakeError
from soundlake.lake import Lake
from soundlake.ops.leases import by_lease, writable
from soundlake.settings import Settings
from soundlake.tables import TABLES, Table

_TABLES_AT_ONCE = 4  # reading a table's log mostly waits


def evolve_all(spark: SparkSession, lake: Lake, tables: Iterable[Table] = TABLES) -> None:
    """Evolve every existing table to its declaration; see `evolve`."""
    with ThreadPoolExecutor(max_workers=_TABLES_AT_ONCE) as pool:
        list(pool.map(lambda table: evolve(spark, lake, table), tables))


def evolve_lake(
    spark: SparkSession, lake: Lake, settings: Settings, job: str, tables: Iterable[Table] = TABLES
) -> None:
    """The same for who holds the stream's lease; tables whose own job is at work are left to that."""
    for name, own in by_lease(tables).items():
        with writable(lake, settings, job, name) as allowed:
            if allowed is not None:
                evolve_all(spark, allowed, own)


def evolve(spark: SparkSession, lake: Lake, table: Table) -> None:
    """Add missing columns to a table and update its comments; does nothing where nothing differs.

    Each change is one consistent commit, so this may be stopped anywhere. Existing rows have nulls in a new column: a
    rebuild fills it. Raises SoundlakeError where a column has another type than declared.
    """
    if not lake.exists(spark, table):
        return
    for statement in _statements(spark, lake, table):
        lake.check()
        spark.sql(statement)


def _statements(spark: SparkSession, lake: Lake, table: Table) -> Iterator[str]:
    """The SQL that turns a table into what is declared."""
    name = f"delta.`{lake.path(table)}`"
    found, description = lake.columns(spark, table)
    declared = lake.declared_types(spark, table)
    other = [f"{n} ({found[n][0]}, not {declared[n]})" for n in declared if n in found and found[n][0] != declared[n]]
    if other:
        raise SoundlakeError(
            f"{table.path}: columns of another type than declared: {', '.join(other)}. "
            "Restore the table, or rebuild silver with the job rebuild; see docs/operations.md, Schema"
        )
    missing = [column for column in table.columns if column.name not in found]
    if missing:
        columns = ", ".join(f"`{one.name}` {one.type} COMMENT {_quoted(one.comment)}" for one in missing)
        yield f"ALTER TABLE {name} ADD COLUMNS ({columns})"
    for column in table.columns:
        if column.name in found and found[column.name][1] != column.comment:
            yield f"ALTER TABLE {name} ALTER COLUMN `{column.name}` COMMENT {_quoted(column.comment)}"
    if description is not None and description != table.comment:  # a table created by a write has none
        yield f"COMMENT ON TABLE {name} IS {_quoted(table.comment)}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
