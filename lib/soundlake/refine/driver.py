"""Small batches: read to the driver as Arrow, and judged there."""

from __future__ import annotations

from collections.abc import Set

import pyarrow as pa
from pyspark.sql import SparkSession

from soundlake.core.decode import decode
from soundlake.core.judge import REJECTED as REJECTED_OUTCOME
from soundlake.core.judge import Judged, judge, keys_to_look_up
from soundlake.frames import frame_of
from soundlake.refine.known import Known
from soundlake.refine.result import Result, add_up
from soundlake.tables import CHANGES, REJECTED, STAMPS, Table


def judge_here(
    spark: SparkSession, events: pa.Table, known: Known, batch: str, reported: Set[tuple[str, str]] = frozenset()
) -> Result:
    """Judge bronze rows by the stamps of their keys, without those that `batch` itself wrote.

    For `reported` see `decode`.
    """
    decoded = decode(events, reported=reported)
    judged = [judge(records, known.known(keys_to_look_up(records), batch)) for records in decoded.records]
    tables = appended(judged) | ({REJECTED: decoded.rejected} if len(decoded.rejected) else {})
    return Result(
        counts=add_up(
            [
                *[(one.kind.name, one.counts) for one in judged],
                *[(kind, {REJECTED_OUTCOME: count}) for kind, count in decoded.rejections.items()],
            ]
        ),
        rows={table: frame_of(spark, rows, _ddl(table, rows)) for table, rows in tables.items()},
        unknown_fields=decoded.unknown_fields,
    )


def appended(judged: list[Judged]) -> dict[Table, pa.Table]:
    """The rows to append, by table; tables without rows are left out."""
    rows = {one.kind.table: one.rows for one in judged}
    if judged:
        rows[STAMPS] = pa.concat_tables([one.stamps for one in judged])
        rows[CHANGES] = pa.concat_tables([one.changes for one in judged])
    return {table: found for table, found in rows.items() if len(found)}


def _ddl(table: Table, rows: pa.Table) -> str:
    return ", ".join(f"`{name}` {table.type_of(name)}" for name in rows.column_names)
