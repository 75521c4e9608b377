"""Judging: the outcome of each record of one kind in a batch, given the stamps of its key.

Each record has one outcome. Duplicate: an earlier record, in this batch or before, has the same key and rank (for kinds
that deduplicate by payload: the same key and payload). Stale: better records are known for every field. Accepted: all
others. Within a batch, records are judged as if they had arrived in the order of their ranks, so only earlier batches
make a record stale.

Most keys of a batch are new and come once: their records are passed on column by column. The others are judged key by
key, by `soundlake.core.judge_key`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from soundlake.core.decode import Records, key_of
from soundlake.core.judge_key import MEASURES, BatchRecord, Ruling, Stamp, rule
from soundlake.core.schema import arrow_schema, arrow_type
from soundlake.kinds.kind import Kind
from soundlake.tables import CHANGES, PLAYLIST_ITEMS, POPULARITY_HISTORY, RANK_TYPE, STAMPS
from soundlake.times import day_of

ACCEPTED, DUPLICATE, STALE, REJECTED = OUTCOMES = ("accepted", "duplicate", "stale", "rejected")
# What is known of keys: the stamps of these keys, in any order.
KNOWN = pa.schema(
    [
        ("key", pa.binary()),
        ("weight", pa.int32()),
        ("fetched_at", arrow_type("timestamp")),
        ("sha", pa.binary()),
        ("fields", pa.int64()),
        ("values_hash", pa.int64()),
    ]
)
STAMPS_SCHEMA = arrow_schema(STAMPS, leave_out=("batch",))
CHANGES_SCHEMA = arrow_schema(CHANGES, leave_out=("batch",))
_RANK = ("weight", "fetched_at", "sha")
Places = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Judged:
    """The outcome counts of one kind in a batch, and the rows that the batch appends.

    `rows` are of the kind's table, `stamps` and `changes` of silver/stamps and silver/changes without their batch.
    """

    kind: Kind
    counts: Mapping[str, int]
    rows: pa.Table
    stamps: pa.Table
    changes: pa.Table


def keys_to_look_up(records: Records) -> pa.Array:
    """The keys whose stamps are needed to judge these records; keys may repeat."""
    keys = records.marks["key"].combine_chunks()
    if not records.kind.snapshot_key:
        return keys
    return pa.concat_arrays([keys, pa.array(sorted(set(_snapshot_keys(records))), pa.binary())])


def judge(records: Records, known: pa.Table) -> Judged:
    """Judge the records of one kind by the stamps (KNOWN) of their keys; stamps of other keys are ignored."""
    kind, marks = records.kind, records.marks
    encoded = marks["key"].combine_chunks().dictionary_encode()
    codes = encoded.indices.to_numpy()
    of_known = pc.index_in(known["key"], encoded.dictionary).combine_chunks()
    stamps = _stamps_by_code(known, of_known)
    has_stamps = np.zeros(len(encoded.dictionary), bool)
    has_stamps[list(stamps)] = True
    is_plain = (np.bincount(codes, minlength=len(has_stamps))[codes] == 1) & ~has_stamps[codes]
    if kind.snapshot_key:
        is_plain &= ~_is_superseded(records, known)
    plain = np.flatnonzero(is_plain)
    rulings = _rule_by_key(records, np.flatnonzero(~is_plain), codes, stamps, known)
    accepted = len(plain) + sum(ruling.accepted for ruling in rulings)
    stale = sum(ruling.stale for ruling in rulings)
    counts = {ACCEPTED: accepted, DUPLICATE: len(marks) - accepted - stale, STALE: stale}
    rows = _log_rows(records, plain, rulings) if kind.is_log else _new_rows(records, plain, rulings)
    stamped = _joined(plain, [place for ruling in rulings for place in ruling.stamps])
    return Judged(kind, counts, _by_date(kind, rows), _stamp_rows(records, stamped), _changes(records, plain, rulings))


def _stamps_by_code(known: pa.Table, codes: pa.Array) -> dict[int, list[Stamp]]:
    is_wanted = codes.is_valid()
    found: dict[int, list[Stamp]] = {}
    wanted = known.filter(is_wanted)
    columns = [codes.filter(is_wanted).to_pylist(), _ranks(wanted), wanted["fields"].to_pylist()]
    for code, rank, fields, digest in zip(*columns, wanted["values_hash"].to_pylist(), strict=True):
        found.setdefault(code, []).append(Stamp(rank, fields, digest))
    return found


def _ranks(marks: pa.Table) -> list[tuple[int, int, bytes]]:
    fetched = marks["fetched_at"].cast(pa.int64()).to_pylist()
    return list(zip(marks["weight"].to_pylist(), fetched, marks["sha"].to_pylist(), strict=True))


def _rule_by_key(
    records: Records, places: Places, codes: Places, stamps: Mapping[int, list[Stamp]], known: pa.Table
) -> list[Ruling]:
    """The rulings of the keys whose records stand at `places`."""
    kind = records.kind
    ordered = places[np.argsort(codes[places], kind="stable")]
    marks = records.marks.take(pa.array(ordered))
    superseded = _is_superseded(records, known)[ordered].tolist() if kind.snapshot_key else [False] * len(ordered)
    measures = _measures(records, ordered)
    by_key: dict[int, list[BatchRecord]] = {}
    for code, place, rank, fields, digest, is_superseded, measured in zip(
        codes[ordered].tolist(),
        ordered.tolist(),
        _ranks(marks),
        marks["fields"].to_pylist(),
        marks["values_hash"].to_pylist(),
        superseded,
        measures,
        strict=True,
    ):
        by_key.setdefault(code, []).append(BatchRecord(rank, fields, digest, place, is_superseded, measured))
    return [rule(kind, group, stamps.get(code, [])) for code, group in by_key.items()]


def _measures(records: Records, places: Places) -> list[tuple[Any, ...]]:
    """For the record at each place, its value (or None) for each of MEASURES."""
    if not records.kind.history_columns:
        return [()] * len(places)
    taken = records.rows.take(pa.array(places))
    none = [None] * len(places)
    columns = [taken[name].to_pylist() if name in records.kind.history_columns else none for name in MEASURES]
    return list(zip(*columns, strict=True))


def _snapshot_keys(records: Records) -> list[bytes]:
    """For each record the key of its snapshot, under which the chosen fetch is stamped."""
    parts = [records.rows[name].cast(pa.string()).to_pylist() for name in records.kind.snapshot_key]
    return [key_of(records.kind.name, "\x1f".join(each)) for each in zip(*parts, strict=True)]


def _is_superseded(records: Records, known: pa.Table) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Whether a later fetch gave the record's snapshot; false without a fetched_at: such a fetch may still grow."""
    keys = _snapshot_keys(records)
    chosen: dict[bytes, int] = {}
    wanted = known.filter(pc.is_in(known["key"], pa.array(sorted(set(keys)), pa.binary())))
    for key, fetched_at in zip(
        wanted["key"].to_pylist(), wanted["fetched_at"].cast(pa.int64()).to_pylist(), strict=True
    ):
        chosen[key] = max(fetched_at, chosen.get(key, fetched_at))
    fetched = records.marks["fetched_at"].cast(pa.int64()).to_pylist()
    is_open = pc.starts_with(records.rows["fetch"], "arrived").to_pylist()
    return np.array(
        [not o and k in chosen and at < chosen[k] for k, at, o in zip(keys, fetched, is_open, strict=True)], bool
    )


def _joined(plain: Places, more: list[int | None]) -> pa.Array:
    """Places as an array to take by; None gives nulls."""
    return pa.concat_arrays([pa.array(plain, pa.int64()), pa.array(more, pa.int64())])


def _new_rows(records: Records, plain: Places, rulings: list[Ruling]) -> pa.Table:
    """The rows of new keys: each group of columns from the record that is best in it."""
    kind = records.kind
    new = [ruling.row for ruling in rulings if ruling.row is not None]
    first = _joined(plain, [row.first for row in new])
    of_column = {
        column: _joined(plain, [row.groups[number] for row in new]) if new else first
        for number, group in enumerate(kind.groups)
        for column in group.columns
    }
    columns = {name: records.rows[name].take(of_column.get(name, first)) for name in records.rows.column_names}
    return _as_table(kind, columns, records.marks.take(first))


def _log_rows(records: Records, plain: Places, rulings: list[Ruling]) -> pa.Table:
    places = _joined(plain, [place for ruling in rulings for place in ruling.news])
    taken = records.rows.take(places)
    return _as_table(
        records.kind, dict(zip(taken.column_names, taken.columns, strict=True)), records.marks.take(places)
    )


def _as_table(kind: Kind, columns: dict[str, Any], marks: pa.Table) -> pa.Table:
    schema = arrow_schema(kind.table)
    own = {"fetched_at": marks["fetched_at"], "rank": _rank_column(marks)} | columns
    return pa.Table.from_arrays([own[name] for name in schema.names], schema=schema)


def _by_date(kind: Kind, rows: pa.Table) -> pa.Table:
    return rows.sort_by(kind.pruning_column) if kind.pruning_column else rows


def _rank_column(marks: pa.Table) -> pa.Array:
    columns = [marks[name].combine_chunks() for name in _RANK]
    return pa.StructArray.from_arrays(columns, fields=list(arrow_type(RANK_TYPE)))


def _stamp_rows(records: Records, places: pa.Array) -> pa.Table:
    marks = records.marks.take(places)
    entity = pa.repeat(pa.scalar(records.kind.name), len(marks))
    own = {"entity": entity, "rank": _rank_column(marks)}
    names = STAMPS_SCHEMA.names
    return pa.Table.from_arrays([own[n] if n in own else marks[n] for n in names], schema=STAMPS_SCHEMA)


def _changes(records: Records, plain: Places, rulings: list[Ruling]) -> pa.Table:
    kind = records.kind
    changed = [change for ruling in rulings for change in ruling.changes]
    rows = records.rows.take(pa.array([place for place, _ in changed], pa.int64())).to_pylist()
    found = _change_rows(
        kind.table.name,
        records,
        [(p, fields, orjson.dumps(row)) for (p, fields), row in zip(changed, rows, strict=True)],
    )
    if kind.history_columns:
        ordinals = [int(place) for place in plain]
        observed = list(zip(ordinals, _measures(records, plain), strict=True))
        observed += [seen for ruling in rulings for seen in ruling.observed]
        said = [
            (place, *_observation(measured)) for place, measured in observed if any(m is not None for m in measured)
        ]
        found = pa.concat_tables([found, _change_rows(POPULARITY_HISTORY.name, records, said)])
    if kind.snapshot_key:
        news = _joined(plain, [place for ruling in rulings for place in ruling.news])
        found = pa.concat_tables([found, _touched_snapshots(records, kind.snapshot_key, news)])
    return found


def _observation(measured: tuple[Any, ...]) -> tuple[int, bytes]:
    """The bits, and the JSON object, of the measures that were observed."""
    row = {name: value for name, value in zip(MEASURES, measured, strict=True) if value is not None}
    return sum(1 << place for place, name in enumerate(MEASURES) if name in row), orjson.dumps(row)


def _change_rows(target: str, records: Records, changes: list[tuple[int, int, bytes]]) -> pa.Table:
    marks = records.marks.take(pa.array([place for place, _, _ in changes], pa.int64()))
    is_history = target == POPULARITY_HISTORY.name
    days = [day_of(micros) for micros in marks["fetched_at"].cast(pa.int64()).to_pylist()] if is_history else None
    columns = {
        "target": pa.repeat(pa.scalar(target), len(marks)),
        "entity": pa.repeat(pa.scalar(records.kind.name), len(marks)),
        "id": marks["id"],
        "on_date": marks["on_date"] if days is None else pa.array(days, pa.date32()),
        "rank": _rank_column(marks),
        "fields": pa.array([fields for _, fields, _ in changes], pa.int64()),
        "row": pa.array([row.decode() for _, _, row in changes], pa.string()),
    }
    return pa.Table.from_arrays([columns[name] for name in CHANGES_SCHEMA.names], schema=CHANGES_SCHEMA)


def _touched_snapshots(records: Records, key: tuple[str, str], places: pa.Array) -> pa.Table:
    """One change for each snapshot that the records at `places` belong to: it has to be chosen again."""
    id_, day = key
    touched = records.rows.select([id_, day]).take(places).group_by([id_, day]).aggregate([])
    columns = {
        "target": pa.repeat(pa.scalar(PLAYLIST_ITEMS.name), len(touched)),
        "entity": pa.repeat(pa.scalar(records.kind.name), len(touched)),
        "id": touched[id_],
        "on_date": touched[day],
        "fields": pa.repeat(pa.scalar(0, pa.int64()), len(touched)),
    }
    none = {f.name: pa.nulls(len(touched), f.type) for f in CHANGES_SCHEMA if f.name not in columns}
    return pa.Table.from_arrays([(columns | none)[name] for name in CHANGES_SCHEMA.names], schema=CHANGES_SCHEMA)
