"""Large batches: decoded and judged by Spark's workers, with one shuffle by key in between.

The shuffle moves packed tables: a worker decodes ten thousand records at once and emits a few large values, one per
kind and bucket of keys, which Spark never turns into rows. Another worker unpacks a bucket, judges it, and packs again.
The result is persisted with its lineage, so that a lost worker does no harm, and each table is written from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.core.decode import Records, decode
from soundlake.core.judge import KNOWN, judge, keys_to_look_up
from soundlake.core.judge import REJECTED as REJECTED_OUTCOME
from soundlake.core.packing import buckets_of, from_bytes, pack, to_bytes, unpack
from soundlake.core.schema_drift import FirstSeen
from soundlake.kinds import KINDS
from soundlake.refine.driver import appended
from soundlake.refine.known import Known
from soundlake.refine.result import Result, add_up, first_of_all
from soundlake.tables import REJECTED, TABLES, Table

# Several: the buckets of a task are judged one after the other, which bounds the records in memory.
BUCKETS_A_TASK = 8
_EVERY_BUCKET = -1
_PARTS = "bucket int, part string, name string, data binary"
_PARTS_SCHEMA = pa.schema([("bucket", pa.int32()), ("part", pa.string()), ("name", pa.string()), ("data", pa.binary())])
# The parts: records of a kind, rows of a table, keys to look up, known stamps, and counts.
_RECORDS, _ROWS, _KEYS, _KNOWN, _SUMMARY = "records", "rows", "keys", "known", "summary"
Part = tuple[int, str, str, bytes]


@contextmanager
def judge_on_workers(
    spark: SparkSession, events: DataFrame, known: Known, batch: str, reported: Set[tuple[str, str]] = frozenset()
) -> Iterator[Result]:
    """Judge bronze rows; see `judge_here`. The frames of the result are valid within the context."""
    tasks = int(spark.conf.get("spark.sql.shuffle.partitions") or 1)
    buckets = BUCKETS_A_TASK * tasks
    decoded = _kept(events.mapInArrow(partial(_decode, buckets, frozenset(reported)), _PARTS))
    judged = None
    try:
        collected = decoded.where(F.col("part").isin(_KEYS, _SUMMARY)).select("part", "name", "data").collect()
        stamps = _known_parts([bytes(row["data"]) for row in collected if row["part"] == _KEYS], known, batch, buckets)
        of_bucket = decoded.where(F.col("part") == _RECORDS).unionByName(_frame(spark, stamps))
        judged = _kept(of_bucket.repartition(tasks, "bucket").sortWithinPartitions("bucket").mapInArrow(_judge, _PARTS))
        counted = judged.where(F.col("part") == _SUMMARY).select("data").collect()
        summaries = [
            json.loads(bytes(row["data"])) for row in (*[r for r in collected if r["part"] == _SUMMARY], *counted)
        ]
        tables = {table.path: table for table in TABLES}
        rows = {
            tables[path]: _rows(judged, tables[path]) for path in sorted({p for s in summaries for p in s["tables"]})
        }
        if REJECTED in rows:
            rows[REJECTED] = _rows(decoded, REJECTED)
        yield Result(
            counts=add_up((kind, counts) for summary in summaries for kind, counts in summary["counts"].items()),
            rows=rows,
            unknown_fields=first_of_all(_first_seen(summary) for summary in summaries),
        )
    finally:
        for frame in (decoded, judged):
            if frame is not None:
                frame.unpersist()


def _kept(df: DataFrame) -> DataFrame:
    # With its lineage: what a lost worker held is recomputed.
    return df.persist(StorageLevel.MEMORY_AND_DISK)


def _frame(spark: SparkSession, parts: Iterable[Part]) -> DataFrame:
    return spark.createDataFrame([(b, part, name, bytearray(data)) for b, part, name, data in parts], _PARTS)


def _known_parts(keys: list[bytes], known: Known, batch: str, buckets: int) -> list[Part]:
    """What is known of the keys, by bucket; stamps of snapshots go to every bucket."""
    wanted = pa.concat_tables([from_bytes(data) for data in keys]) if keys else None
    if wanted is None or not len(wanted):
        return []
    found = known.known(wanted["key"].combine_chunks(), batch)
    if not len(found):
        return []
    of_stamp = buckets_of(found["key"], buckets)
    shared = wanted.filter(wanted["is_shared"])["key"]
    is_shared = pc.is_in(found["key"], shared.combine_chunks())
    parts = [(b, _KNOWN, "", to_bytes(found.filter(pa.array(of_stamp == b)))) for b in np.unique(of_stamp).tolist()]
    if pc.any(is_shared).as_py():
        parts += [(bucket, _KNOWN, "", to_bytes(found.filter(is_shared))) for bucket in range(buckets)]
    return parts


def _rows(parts: DataFrame, table: Table) -> DataFrame:
    """The rows of one table in the parts."""
    left_out = {"batch", "rejected_at"}
    ddl = ", ".join(f"`{c.name}` {c.type}" for c in table.columns if c.name not in left_out)
    own = parts.where((F.col("part") == _ROWS) & (F.col("name") == table.path)).select("data")
    return own.mapInArrow(_unpack_rows, ddl)


def _unpack_rows(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for data in batch.column("data"):
            yield from from_bytes(data.as_buffer()).to_batches()


def _first_seen(summary: dict[str, Any]) -> dict[tuple[str, str], FirstSeen]:
    return {(kind, field): FirstSeen(*seen) for kind, field, seen in summary["unknown_fields"]}


def _batch(parts: list[Part]) -> pa.RecordBatch:
    columns = zip(*parts, strict=True)
    return pa.record_batch(
        [pa.array(c, f.type) for c, f in zip(columns, _PARTS_SCHEMA, strict=True)], schema=_PARTS_SCHEMA
    )


def _summary(**values: Any) -> Part:
    whole = {"counts": {}, "tables": [], "unknown_fields": []} | values
    return (_EVERY_BUCKET, _SUMMARY, "", json.dumps(whole).encode())


def _decode(
    buckets: int, reported: Set[tuple[str, str]], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """On a worker: bronze rows to packed records, rejected rows, keys, and a summary."""
    for batch in batches:
        decoded = decode(pa.Table.from_batches([batch]), reported=reported)
        parts: list[Part] = []
        for records in decoded.records:
            parts += [(bucket, _RECORDS, records.kind.name, data) for bucket, data in pack(records, buckets)]
            parts.append((_EVERY_BUCKET, _KEYS, "", to_bytes(_keys(records))))
        if len(decoded.rejected):
            parts.append((_EVERY_BUCKET, _ROWS, REJECTED.path, to_bytes(decoded.rejected)))
        counts = {kind: {REJECTED_OUTCOME: count} for kind, count in decoded.rejections.items()}
        unknown = [(kind, field, tuple(seen)) for (kind, field), seen in decoded.unknown_fields.items()]
        tables = [REJECTED.path] if len(decoded.rejected) else []
        parts.append(_summary(counts=counts, tables=tables, unknown_fields=unknown))
        yield _batch(parts)


def _keys(records: Records) -> pa.Table:
    keys = keys_to_look_up(records)
    is_shared = [place >= len(records.marks) for place in range(len(keys))]
    return pa.table({"key": keys, "is_shared": pa.array(is_shared, pa.bool_())})


def _judge(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """On a worker: packed records and what is known, bucket after bucket, to packed rows and summaries."""
    for _, parts in groupby(_parts(batches), key=lambda part: part[0]):
        packed: dict[str, list[Any]] = {}
        known = [KNOWN.empty_table()]
        for _, part, name, data in parts:
            if part == _KNOWN:
                known.append(from_bytes(data).select(KNOWN.names))
            else:
                packed.setdefault(name, []).append(data)
        stamps = pa.concat_tables(known).combine_chunks()
        judged = [judge(unpack(KINDS[name], data), stamps) for name, data in sorted(packed.items())]
        tables = appended(judged)
        made: list[Part] = [(_EVERY_BUCKET, _ROWS, table.path, to_bytes(rows)) for table, rows in tables.items()]
        made.append(_summary(counts={one.kind.name: one.counts for one in judged}, tables=[t.path for t in tables]))
        yield _batch(made)


def _parts(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, str, str, pa.Buffer]]:
    for batch in batches:
        names = batch.column("name").to_pylist()
        for row in range(batch.num_rows):
            yield (
                batch.column("bucket")[row].as_py(),
                batch.column("part")[row].as_py(),
                names[row],
                batch.column("data")[row].as_buffer(),
            )
