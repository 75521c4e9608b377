"""Builders of records and frames, and the way of records through refine's pure steps, for tests."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from soundlake.kinds.kind import Kind
from soundlake.lake import nothing
from soundlake.refine.candidates import candidates
from soundlake.refine.envelope import says_kind
from soundlake.refine.known import known_state
from soundlake.refine.merge import changed_rows, fold, new_rows
from soundlake.refine.verdicts import judge, new_stamps
from soundlake.refine.work import planned_for
from soundlake.tables import EVENTS, STAMPS, Table

ARRIVAL = datetime(2026, 3, 2, 12, tzinfo=UTC)
FETCHED_AT = "2026-03-01T08:00:00Z"

Record = dict[str, Any] | str | bytes | None


@dataclass(frozen=True)
class Arrived:
    """A record that arrived at another time than ARRIVAL."""

    record: Record
    at: datetime


Records = Mapping[str, Record | Arrived]


def utc(text: str) -> datetime:
    """An ISO time as an aware datetime in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def stamp(hour: int = 0, day: int = 1) -> str:
    """A fetched_at in March 2026; later hours and days rank higher."""
    return f"2026-03-{day:02}T{hour:02}:00:00Z"


def envelope(
    kind: str,
    payload: object,
    fetched_at: object = FETCHED_AT,
    source: object = "spotify-api",
    market: object = None,
    **more: object,
) -> dict[str, Any]:
    return {"kind": kind, "fetched_at": fetched_at, "source": source, "market": market, "payload": payload} | more


def as_bytes(record: Record) -> bytes | None:
    if isinstance(record, dict):
        record = json.dumps(record, ensure_ascii=False)
    return record.encode() if isinstance(record, str) else record


def as_base64(record: Record) -> str | None:
    value = as_bytes(record)
    return None if value is None else b64encode(value).decode()


def events(spark: SparkSession, topic: str | None, records: Records) -> DataFrame:
    """Bronze rows of a topic of one kind (None: of several); the name of each record is its position."""
    rows = []
    for name, given in records.items():
        arrived = given if isinstance(given, Arrived) else Arrived(given, ARRIVAL)
        row = {
            "kind": topic,
            "key": "a key",
            "value": as_base64(arrived.record),
            "source": "files",
            "stream": "a stream",
            "partition": "a file",
            "position": name,
            "arrived_at": arrived.at.isoformat(),
            "ingested_at": (arrived.at + timedelta(minutes=1)).isoformat(),
            "ingest_date": arrived.at.date().isoformat(),
        }
        rows.append(row)
    return frame(spark, EVENTS, rows)


def frame(spark: SparkSession, table: Table, rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    """Rows with a table's columns, from values as JSON has them (bytes in base64).

    One literal: rows from Python would start a worker of Python in each job that reads them.
    """
    literal = F.from_json(F.lit(json.dumps(rows)), f"array<struct<{table.ddl}>>", {"mode": "FAILFAST"})
    return spark.range(1, numPartitions=1).select(F.inline(literal))


def found(spark: SparkSession, kind: Kind, records: Records) -> DataFrame:
    """The candidates of a kind from records on its topic."""
    opened = says_kind(events(spark, kind.name, records))
    with planned_for(spark, len(records)):
        return candidates(kind, opened.where(F.col("record_kind") == kind.name)).localCheckpoint()


def by_name(df: DataFrame, name: str = "position") -> dict[str, dict[str, Any]]:
    """The rows of a frame as dicts, with aware times, by the value of one column."""
    rows = [_plain(row) for row in df.collect()]
    assert len({row[name] for row in rows}) == len(rows), f"{name} is not unique"
    return {row[name]: row for row in rows}


def _plain(value: Any) -> Any:
    if isinstance(value, Row):
        return {name: _plain(inner) for name, inner in value.asDict().items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC)  # Spark gives local times
    return value


@dataclass(frozen=True)
class Read:
    """What became of some records when they were read, by name."""

    found: dict[str, dict[str, Any]]

    def reason(self, name: str) -> str | None:
        reason: str | None = self.found[name]["reason"]
        return reason

    def row(self, name: str) -> dict[str, Any]:
        """The values of a record that was not rejected."""
        assert self.reason(name) is None, self.found[name]["detail"]
        row: dict[str, Any] = self.found[name]["row"]
        return row

    def values(self, name: str, *columns: str) -> tuple[Any, ...]:
        row = self.row(name)
        return tuple(row[column] for column in columns)


def read(spark: SparkSession, kind: Kind, records: Records) -> Read:
    return Read(by_name(found(spark, kind, records)))


@dataclass(frozen=True)
class Fed:
    """What batches made: rows of the table by key, verdicts by name, stamps, and the `rewritten` keys of each batch."""

    rows: dict[str, dict[str, Any]]
    verdicts: dict[str, str]
    rewritten: list[set[str]]
    stamps: DataFrame


def verdicts_by_name(kind: Kind, candidates_: DataFrame, judged: DataFrame) -> dict[str, str]:
    """The verdict of each candidate, by its position: that of its record the first time, duplicate from then on."""

    def same(id_: str, rank: Row) -> tuple[Any, ...]:
        payload = (id_, rank["weight"], bytes(rank["sha"]))
        return payload if kind.repeats_by_payload else (*payload, rank["fetched_at"])

    first = {
        same(row["id"], record["rank"]): record["verdict"] for row in judged.collect() for record in row["records"]
    }
    verdicts = {}
    good = candidates_.where(F.col("reason").isNull()).select("id", "rank", "position").collect()
    for row in sorted(good, key=lambda row: (row["rank"]["fetched_at"], row["position"])):
        verdicts[row["position"]] = first.pop(same(row["id"], row["rank"]), "duplicate")
    counted = judged.agg(*[F.sum(name) for name in ("accepted", "duplicate", "stale")]).first()
    assert counted == tuple(list(verdicts.values()).count(name) or 0 for name in ("accepted", "duplicate", "stale"))
    return verdicts


def feed(spark: SparkSession, kind: Kind, *batches: Records) -> Fed:
    """Judge and merge batches one after the other, as refine does of few records; names are unique over all batches."""
    key = kind.table.key[0]
    rows, stamps = nothing(spark, kind.table), nothing(spark, STAMPS)
    verdicts: dict[str, str] = {}
    rewritten: list[set[str]] = []
    with planned_for(spark, 0):
        for number, records in enumerate(batches):
            candidates_ = found(spark, kind, records)
            ids = candidates_.where(F.col("id").isNotNull()).select("id").distinct()
            known = known_state(stamps, kind, ids, None, f"refine/{number}")
            folded = fold(kind, judge(kind, candidates_, known)).localCheckpoint()
            changed = changed_rows(kind, folded, rows).localCheckpoint()
            kept = rows.join(changed.select(key), on=key, how="left_anti")
            rows = kept.unionByName(changed).unionByName(new_rows(kind, folded)).localCheckpoint()
            news = new_stamps(folded, kind).withColumn("batch", F.lit(f"refine/{number}"))
            stamps = stamps.unionByName(news).localCheckpoint()
            verdicts |= verdicts_by_name(kind, candidates_, judge(kind, candidates_, known))
            rewritten.append({row[0] for row in changed.select(key).collect()})
    return Fed(by_name(rows, key), verdicts, rewritten, stamps)
