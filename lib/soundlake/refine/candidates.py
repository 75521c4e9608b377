"""From the bronze rows of one kind to candidates: typed values with a rank, or a reason to reject."""

from __future__ import annotations

from functools import cache, reduce
from operator import add

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from soundlake.kinds.kind import Envelope, Kind, Rule
from soundlake.kinds.payload import Payload, ddl, parse_strictly, payload_of, without_wrong_texts, wrong_texts
from soundlake.kinds.values import any_instant, instant
from soundlake.refine.envelope import detail_of, flaw_of_unparsed
from soundlake.tables import ORIGIN

ORIGIN_NAMES = tuple(column.name for column in ORIGIN)
_CARRIED = (*ORIGIN_NAMES, "arrived_at", "key", "value", "record_kind")


def candidates(kind: Kind, events: DataFrame) -> DataFrame:
    """Parse and check the records of one kind.

    In: rows of says_kind whose record_kind is this kind. Out: where each stands (stream, partition, position,
    arrived_at, record_kind); `key`, `value`, `reason` and `detail` of those to reject (null for good ones); and for
    good ones `id` (the key as one text), `on_date`, `rank` (weight, fetched_at, sha), `fields` (bit set of what it
    fills), `values_hash` (of the stable values) and `row` (the columns that the kind's values give). Candidates of
    kinds whose table has no key of its own (playlist items) go without id, on_date, fields and values_hash.
    """
    for step in _steps(kind):
        events = events.select(*step)
    return events


@cache
def _steps(kind: Kind) -> tuple[list[Column], ...]:
    """The selects that lead from bronze rows to candidates.

    They are kept: making a column costs a call to the JVM, and a small batch is mostly such calls. What one step
    computes the next can use many times without computing it again.
    """
    return _parsed(kind), _cleaned(kind), _derived(kind), _checked(kind), _ranked(kind)


def _carried(*names: str) -> list[Column]:
    return [F.col(name) for name in (*_CARRIED, *names)]


def _parsed(kind: Kind) -> list[Column]:
    inner = ddl(kind.payload)
    schema = f"kind: string, fetched_at: string, source: string, market: string, payload: struct<{inner}>, {inner}"
    return [*_carried(), parse_strictly(F.col("value").cast("string"), schema).alias("record")]


def _cleaned(kind: Kind) -> list[Column]:
    return [*_carried("record"), wrong_texts(F.col("value").cast("string"), F.col("record"), kind.payload).alias("wrong")]


def _derived(kind: Kind) -> list[Column]:
    record, wrong = F.col("record"), F.col("wrong")
    payload = without_wrong_texts(payload_of(record, kind.payload), wrong, kind.payload)
    derived = kind.derive(Payload(payload, wrong)) if kind.derive else {}
    is_envelope = record["payload"].isNotNull()
    envelope = {
        "stamp": instant(record["fetched_at"]),
        "claimed": any_instant(record["fetched_at"]),
        "source": record["source"],
        "market": record["market"],
    }
    return [
        *_carried("wrong"),
        F.when(record.isNull(), flaw_of_unparsed(F.col("value").cast("string"))).alias("flaw"),
        payload.alias("payload"),
        F.struct(*[F.when(is_envelope, column).alias(name) for name, column in envelope.items()]).alias("envelope"),
        F.struct(*[column.alias(name) for name, column in derived.items()]).alias("derived"),
    ]


def _checked(kind: Kind) -> list[Column]:
    payload = Payload(F.col("payload"), F.col("wrong"), F.col("derived"))
    stamp = F.col("envelope.stamp")
    envelope = Envelope(
        fetched_at=F.coalesce(stamp, F.col("arrived_at")),
        is_stamped=stamp.isNotNull(),
        source=F.col("envelope.source"),
        market=F.col("envelope.market"),
        arrived_at=F.col("arrived_at"),
    )
    in_future = F.col("envelope.claimed") > F.col("arrived_at") + F.expr("INTERVAL 1 DAY")
    rules = [
        Rule("fetched_in_future", "fetched_at lies more than a day after arrival", in_future),
        *kind.rules(payload, envelope),
    ]
    flaw = F.when(F.col("flaw").isNotNull(), F.struct(F.col("flaw").alias("reason"), detail_of("flaw").alias("detail")))
    values = kind.values(payload, envelope)
    weight = kind.weight(payload) if kind.weight else F.lit(0)
    rank = {
        "weight": weight.cast("int"),
        "fetched_at": envelope.fetched_at,
        "sha": F.unhex(F.sha2(F.to_json("payload"), 256)),
    }
    return [
        *_carried(),
        F.coalesce(flaw, *[_broken(rule) for rule in rules]).alias("rejection"),
        F.struct(*[column.alias(name) for name, column in rank.items()]).alias("rank"),
        F.struct(*[c.cast(kind.table.type_of(name)).alias(name) for name, c in values.items()]).alias("row"),
    ]


def _broken(rule: Rule) -> Column:
    return F.when(rule.broken, F.struct(F.lit(rule.reason).alias("reason"), F.lit(rule.detail).alias("detail")))


def _ranked(kind: Kind) -> list[Column]:
    row = F.col("row")
    is_rejected = F.col("rejection").isNotNull()
    columns = [
        *[F.col(name) for name in _CARRIED if name not in ("key", "value")],
        *[F.when(is_rejected, F.col(name)).alias(name) for name in ("key", "value")],
        F.col("rejection.reason").alias("reason"),
        F.col("rejection.detail").alias("detail"),
        F.col("rank"),
        row,
    ]
    if not kind.is_keyed:
        return columns
    filled = [F.when(_is_filled(row, group), kind.bit(group)).otherwise(0).cast("bigint") for group in kind.fields]
    stable = [F.col("rank.fetched_at") if name == "fetched_at" else row[name] for name in kind.stable]
    return [
        *columns,
        F.when(~is_rejected, key_text(kind, row)).alias("id"),
        (row[kind.dated] if kind.dated else F.lit(None).cast("date")).alias("on_date"),
        reduce(add, filled, F.lit(1).cast("bigint")).alias("fields"),
        F.xxhash64(*stable).alias("values_hash"),
    ]


def _is_filled(row: Column, group: tuple[str, ...]) -> Column:
    return ~reduce(lambda a, b: a & b, [row[name].isNull() for name in group])


def key_text(kind: Kind, row: Column) -> Column:
    """The key of a row as one text."""
    if len(kind.table.key) == 1:
        return row[kind.table.key[0]]
    parts = [F.coalesce(row[name].cast("string"), F.lit("\u0000")) for name in kind.table.key]
    return F.concat_ws("\u001f", *parts)
