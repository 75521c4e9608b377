"""Which partitions of a source changed: a fingerprint of the rows of each partition, such as a day.

A fingerprint is taken of the rows themselves and not of files or commits. So it does not matter how a day changed (a
late record, a correction, a deletion, a rebuild), nor that files were rewritten without any change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from threading import Lock

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.insights.insight import Incremental, Insight
from soundlake.tables import Table
from soundlake.views import View

Fingerprints = dict[str, str]


class Sources:
    """Fingerprints of the sources of incremental insights, each taken once, when it is first asked for."""

    def __init__(self, session: SparkSession, insights: Iterable[Insight], tables: Mapping[str, Table | View]) -> None:
        self._session = session
        self._columns = _columns_used(insights, tables)
        self._locks = {way: Lock() for way in self._columns}
        self._taken: dict[tuple[str, str], Fingerprints] = {}

    def fingerprints(self, incremental: Incremental, expression: str) -> Fingerprints:
        """The fingerprint of each partition of the source, whose view has to be there; `expression` as rendered."""
        way = (incremental.source, incremental.expression)
        with self._locks[way]:
            if way not in self._taken:
                rows = self._session.table(incremental.source)
                self._taken[way] = take(rows, F.expr(expression), self._columns[way])
            return self._taken[way]


def take(rows: DataFrame, partition: Column, columns: list[str]) -> Fingerprints:
    """The fingerprint of each partition, by its value as text: number of rows and two sums over the rows' hashes."""
    # Hash functions pass over nulls: without the flags, (null, a) and (a, null) would be the same.
    row_hash = F.xxhash64(*[F.col(name) for name in columns], *[F.col(name).isNull() for name in columns])
    hashed = rows.select(partition.cast("string").alias("partition_value"), row_hash.alias("row_hash"))
    sums = (
        hashed.where("partition_value IS NOT NULL")
        .groupBy("partition_value")
        .agg(
            F.count("*").alias("rows"),
            F.bit_xor("row_hash").alias("xor"),
            F.sum(F.shiftrightunsigned("row_hash", 32)).alias("total"),
        )
    )
    return {
        row["partition_value"]: f"{row['rows']:x}.{row['xor'] % 2**64:x}.{row['total']:x}" for row in sums.collect()
    }


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> set[str]:
    """The partitions that are not what they were: changed, new or gone."""
    return {partition for partition in before.keys() | now.keys() if before.get(partition) != now.get(partition)}


def _columns_used(insights: Iterable[Insight], tables: Mapping[str, Table | View]) -> dict[tuple[str, str], list[str]]:
    """The columns that matter of each source and partitioning: those that a query with this partitioning names."""
    words: dict[tuple[str, str], set[str]] = {}
    for insight in insights:
        if incremental := insight.incremental:
            named = set(re.findall(r"\w+", f"{insight.code} {incremental.expression}"))
            words.setdefault((incremental.source, incremental.expression), set()).update(named)
    return {way: [name for name in tables[way[0]].column_names if name in names] for way, names in words.items()}
