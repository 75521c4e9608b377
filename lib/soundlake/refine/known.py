"""What is known of the keys of a batch, from `silver/stamps`.

A stamp says: a record of this rank filled these fields of this key. For each field the highest rank among the stamps
that fill it is the rank of the value in the table. Stamps are appended, never changed; maintain drops the dominated.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from soundlake.kinds.kind import Kind
from soundlake.tables import STAMPS

STAMP = ("rank", "fields", "values_hash")
STAMPS_TYPE = f"array<struct<{', '.join(f'{name}: {STAMPS.type_of(name)}' for name in STAMP)}>>"


def fills(fields: Column, bit: int) -> Column:
    """Whether a bit set contains a bit."""
    return fields.bitwiseAND(F.lit(bit)) != 0


def without(fields: Column, others: Column) -> Column:
    """The bits of one set that are not in another."""
    return fields.bitwiseAND(F.bitwise_not(others))


def all_fields(stamps: Column) -> Column:
    """The fields that any of an array of stamps filled."""
    return F.aggregate(stamps, F.lit(0).cast("bigint"), lambda fields, stamp: fields.bitwiseOR(stamp["fields"]))


def known_state(
    stamps: DataFrame, kind: Kind, ids: DataFrame, dates: tuple[date, date] | None, batch: str
) -> DataFrame:
    """One row for each of `ids` (column id) that is known.

    Out: id, `known` (array of its stamps: rank, fields, values_hash). Stamps of `batch` itself are left out, so that a
    retried batch judges as it did the first time. `dates` are the bounds of on_date, for kinds that have one.
    """
    rows = stamps.where((F.col("entity") == kind.name) & (F.col("batch") != batch))
    if dates:
        rows = rows.where(F.col("on_date").between(*dates))
    own = rows.join(ids, on="id", how="left_semi")
    return own.groupBy("id").agg(F.collect_list(F.struct(*STAMP)).alias("known"))
