"""From the bronze rows of one kind to candidates: typed values with a rank, or a reason to reject."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, reduce
from operator import add, or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from soundlake.kinds.kind import Envelope, Kind, Rule
from soundlake.kinds.payload import (
    OTHER_TOKENS,
    Payload,
    ddl,
    is_suspicious,
    only_value,
    parse_values,
    payload_of,
    probes,
    text_only,
    without_wrong_texts,
    wrong_texts,
)
from soundlake.kinds.values import any_instant, instant
from soundlake.refine.envelope import detail_of, flaw_of_unparsed
from soundlake.tables import ORIGIN

ORIGIN_NAMES = tuple(column.name for column in ORIGIN)
_CARRIED = (*ORIGIN_NAMES, "arrived_at", "key", "value", "record_kind")
_DERIVED, _VALUE = "derived_", "value_"  # prefixes of columns on their way


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
    """The selects that lead from bronze rows to candidates, each using by name what those before it made.

    They are kept: making a column costs a call to the JVM, and a small batch is mostly such calls. They hand on plain
    columns, no structs: Spark copies the making of a struct into each use of its fields, and would parse a record
    hundreds of times.
    """
    return _read(kind), _opened(kind), _suspected(kind), _probed(kind), _cleaned(kind), *_judgeable(kind)


def _carried(*names: str) -> list[Column]:
    return [F.col(name) for name in (*_CARRIED, *names)]


def _text() -> Column:
    return F.col("value").cast("string")


def _read(kind: Kind) -> list[Column]:
    inner = ddl(kind.payload)
    schema = f"kind: string, fetched_at: string, source: string, market: string, payload: struct<{inner}>, {inner}"
    return [*_carried(), parse_values(_text(), schema).alias("parsed")]


def _opened(kind: Kind) -> list[Column]:
    record = only_value(F.col("parsed"))
    is_envelope = F.coalesce(record["payload"].isNotNull(), F.lit(False))
    return [
        *_carried(),
        F.when(record.isNull(), flaw_of_unparsed(_text())).alias("flaw"),
        payload_of(record, kind.payload).alias("payload"),
        is_envelope.alias("is_envelope"),
        F.when(is_envelope, record["fetched_at"]).alias("fetched_at"),
        *[F.when(is_envelope, text_only(record[name])).alias(name) for name in ("source", "market")],
    ]


_OPENED = ("flaw", "payload", "is_envelope", "fetched_at", "source", "market")
_PROBES = tuple(f"probe_{number}" for number in range(len(OTHER_TOKENS)))


def _suspected(kind: Kind) -> list[Column]:
    return [*_carried(*_OPENED), is_suspicious(F.col("payload"), kind.payload).alias("is_suspicious")]


def _probed(kind: Kind) -> list[Column]:
    found = [F.when(F.col("is_suspicious"), probe) for probe in probes(_text(), kind.payload)]
    return [*_carried(*_OPENED, "is_suspicious"), *[p.alias(n) for n, p in zip(_PROBES, found, strict=True)]]


def _cleaned(kind: Kind) -> list[Column]:
    wrong = wrong_texts([F.col(name) for name in _PROBES], F.col("is_envelope"), kind.payload)
    return [
        *_carried(*_OPENED),
        F.when(F.col("is_suspicious"), wrong).otherwise(F.array().cast("array<string>")).alias("wrong"),
    ]


def _judgeable(kind: Kind) -> Iterator[list[Column]]:
    payload = Payload(F.col("payload"), F.col("wrong"), _DERIVED)
    stamp = F.col("fetched_at")
    yield [
        *_carried("flaw", "wrong", "source", "market"),
        without_wrong_texts(payload.parsed, payload.wrong, kind.payload).alias("payload"),
        instant(stamp).alias("stamp"),
        any_instant(stamp).alias("claimed_stamp"),
    ]
    derived = kind.derive(payload) if kind.derive else {}
    yield [
        *_carried("flaw", "wrong", "source", "market", "payload", "stamp", "claimed_stamp"),
        *[column.alias(_DERIVED + name) for name, column in derived.items()],
    ]
    envelope = Envelope(
        fetched_at=F.coalesce("stamp", "arrived_at"),
        is_stamped=F.col("stamp").isNotNull(),
        source=F.col("source"),
        market=F.col("market"),
        arrived_at=F.col("arrived_at"),
    )
    values = kind.values(payload, envelope)
    yield [
        *_checked(kind, payload, envelope),
        *[column.cast(kind.table.type_of(name)).alias(_VALUE + name) for name, column in values.items()],
    ]
    yield _ranked(kind, list(values))


def _checked(kind: Kind, payload: Payload, envelope: Envelope) -> list[Column]:
    in_future = F.col("claimed_stamp") > F.col("arrived_at") + F.expr("INTERVAL 1 DAY")
    rules = [
        Rule("fetched_in_future", "fetched_at lies more than a day after arrival", in_future),
        *kind.rules(payload, envelope),
    ]
    broken = [F.when(rule.broken, F.array(F.lit(rule.reason), F.lit(rule.detail))) for rule in rules]
    flaw = F.when(F.col("flaw").isNotNull(), F.array(F.col("flaw"), detail_of("flaw")))
    weight = kind.weight(payload) if kind.weight else F.lit(0)
    return [
        *_carried(),
        F.coalesce(flaw, *broken).alias("rejection"),
        weight.cast("int").alias("weight"),
        envelope.fetched_at.alias("fetched_at"),
        _digest(envelope).alias("sha"),
    ]


def _digest(envelope: Envelope) -> Column:
    """The SHA-256 of the canonical payload; what else the row is made of follows it.

    Records of one rank must be the same in every value, else their order would decide which of them stands.
    """
    around = [F.coalesce(text, F.lit("")).cast("binary") for text in (envelope.source, envelope.market)]
    return F.concat(F.unhex(F.sha2(F.to_json("payload"), 256)), *around)


def _ranked(kind: Kind, values: list[str]) -> list[Column]:
    is_rejected = F.col("rejection").isNotNull()
    columns = [
        *[F.col(name) for name in _CARRIED if name not in ("key", "value")],
        *[F.when(is_rejected, F.col(name)).alias(name) for name in ("key", "value")],
        F.col("rejection")[0].alias("reason"),
        F.col("rejection")[1].alias("detail"),
        F.struct("weight", "fetched_at", "sha").alias("rank"),
        F.struct(*[F.col(_VALUE + name).alias(name) for name in values]).alias("row"),
    ]
    if not kind.is_keyed:
        return columns
    filled = [F.when(_is_filled(group), kind.bit(group)).otherwise(0).cast("bigint") for group in kind.fields]
    stable = [F.col("fetched_at" if name == "fetched_at" else _VALUE + name) for name in kind.stable]
    return [
        *columns,
        F.when(~is_rejected, _key_text(kind)).alias("id"),
        (F.col(_VALUE + kind.dated) if kind.dated else F.lit(None).cast("date")).alias("on_date"),
        reduce(add, filled, F.lit(1).cast("bigint")).alias("fields"),
        F.xxhash64(*stable).alias("values_hash"),
    ]


def _is_filled(group: tuple[str, ...]) -> Column:
    return reduce(or_, [F.col(_VALUE + name).isNotNull() for name in group])


def _key_text(kind: Kind) -> Column:
    """The key of a row as one text."""
    key = [F.col(_VALUE + name) for name in kind.table.key]
    if len(key) == 1:
        return key[0]
    return F.concat_ws("\u001f", *[F.coalesce(part.cast("string"), F.lit("\u0000")) for part in key])
