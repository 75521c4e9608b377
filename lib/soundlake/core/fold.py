"""Folding: combining the pending changes of a key into one row.

Each change names the groups of columns in which its record beats everything known before its batch. Of several changes
of a group the best one wins, by grade and then by rank, as among records. So folding is commutative, associative and
idempotent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from soundlake.core.judge_key import MEASURES
from soundlake.core.schema import arrow_schema, arrow_type
from soundlake.kinds.kind import Kind
from soundlake.tables import POPULARITY_HISTORY
from soundlake.times import any_instant, calendar_date

# The columns of silver/changes that are folded.
READ = ("entity", "id", "on_date", "rank", "fields", "row")
HISTORY_SCHEMA = arrow_schema(POPULARITY_HISTORY)
_NONE = -1
Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]


def folded_schema(kind: Kind) -> pa.Schema:
    """The columns that `fold` gives: those of the kind's table, fetched_at in any case, and `fields`."""
    schema = arrow_schema(kind.table)
    if "fetched_at" not in schema.names:
        schema = schema.append(pa.field("fetched_at", arrow_type("timestamp")))
    return schema.append(pa.field("fields", pa.int64()))


def fold(kind: Kind, changes: pa.Table) -> pa.Table:
    """Combine the changes (columns READ) of each id into one row, ordered by id.

    Out (see folded_schema): the key; `fields`, the union of their bits; fetched_at, the latest one; and for each group
    of columns the values of the best change, null where no bit of the group is set.
    """
    ids, codes = _encoded(changes["id"])
    order, fields = _order(changes["rank"]), changes["fields"].to_numpy()
    newest = _best(codes, np.zeros(len(codes), np.int64), order, len(ids))
    best = [_best(codes, _grades(fields, bits), order, len(ids)) for bits in kind.bits]
    rows = _parsed(changes["row"], [newest, *best])
    of_column = dict.fromkeys(kind.table.key, newest)
    for group, places in zip(kind.groups, best, strict=True):
        of_column.update(dict.fromkeys(group.columns, places))
    filled = np.zeros(len(ids), np.int64)
    np.bitwise_or.at(filled, codes, fields)
    own = {"fields": pa.array(filled), "fetched_at": _latest(codes, changes["rank"], len(ids))}
    schema = folded_schema(kind)
    columns = [
        own[field.name] if field.name in own else _values(rows, of_column[field.name], field.name, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def fold_history(changes: pa.Table) -> pa.Table:
    """One row of silver/popularity_history for each thing and day: the highest-ranked observation of each measure."""
    entities, of_entity = _encoded(changes["entity"])
    ids, of_id = _encoded(changes["id"])
    days = changes["on_date"].cast(pa.int32()).to_numpy().astype(np.int64)
    things, codes = np.unique(np.stack([of_entity, of_id, days], axis=1), axis=0, return_inverse=True)
    order, fields = _order(changes["rank"]), changes["fields"].to_numpy()
    best = [_best(codes, _grades(fields, (1 << place,)), order, len(things)) for place in range(len(MEASURES))]
    rows = _parsed(changes["row"], best)
    columns = {
        "entity": entities.take(pa.array(things[:, 0])),
        "id": ids.take(pa.array(things[:, 1])),
        "observed_on": pa.array(things[:, 2].astype(np.int32)).cast(pa.date32()),
    }
    for name, places in zip(MEASURES, best, strict=True):
        columns[name] = _values(rows, places, name, HISTORY_SCHEMA.field(name).type)
        columns[f"{name}_rank"] = changes["rank"].take(pa.array(places, mask=places == _NONE))
    return pa.Table.from_arrays([columns[name] for name in HISTORY_SCHEMA.names], schema=HISTORY_SCHEMA)


def fold_parts(folding: Callable[[pa.Table], pa.Table], parts: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Fold changes that come in parts, sorted by id."""
    rest: pa.Table | None = None
    for part in parts:
        changes = pa.Table.from_batches([part])
        changes = changes if rest is None else pa.concat_tables([rest, changes])
        if not len(changes):
            continue
        # The last id may continue in the next part.
        is_last = pc.equal(changes["id"], changes["id"][-1])
        rest = changes.filter(is_last)
        yield from folding(changes.filter(pc.invert(is_last))).to_batches()
    if rest is not None:
        yield from folding(rest).to_batches()


def _encoded(texts: pa.ChunkedArray) -> tuple[pa.Array, Numbers]:
    """The different texts in their order, and for each text its place among them."""
    different = pc.unique(texts).sort()
    codes: Numbers = pc.index_in(texts, different).to_numpy().astype(np.int64)
    return different, codes


def _order(ranks: pa.ChunkedArray) -> Numbers:
    """For each rank its place in the order of ranks."""
    names = [field.name for field in ranks.type]
    table = pa.Table.from_arrays(ranks.flatten(), names=names)
    by_rank = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in names]).to_numpy()
    order = np.empty(len(by_rank), np.int64)
    order[by_rank] = np.arange(len(by_rank))
    return order


def _grades(fields: Numbers, bits: tuple[int, ...]) -> Numbers:
    """For each set of fields its grade in a group of these bits; _NONE where it does not fill it."""
    grades = np.full(len(fields), _NONE, np.int64)
    for grade, bit in enumerate(bits):
        grades[fields & bit != 0] = grade
    return grades


def _best(codes: Numbers, grades: Numbers, order: Numbers, count: int) -> Numbers:
    """For each code the place with the highest grade, then the highest rank; _NONE where no change has a grade."""
    filled = np.flatnonzero(grades != _NONE)
    rising = filled[np.lexsort((order[filled], grades[filled]))]
    best = np.full(count, _NONE, np.int64)
    best[codes[rising]] = rising  # of several with one code the last one wins
    return best


def _latest(codes: Numbers, ranks: pa.ChunkedArray, count: int) -> pa.Array:
    """For each code the latest fetched_at of its ranks."""
    times = pc.struct_field(ranks, "fetched_at").cast(pa.int64()).to_numpy()
    latest = np.full(count, np.iinfo(np.int64).min, np.int64)
    np.maximum.at(latest, codes, times)
    return pa.array(latest).cast(arrow_type("timestamp"))


def _parsed(texts: pa.ChunkedArray, places: list[Numbers]) -> dict[int, dict[str, Any]]:
    """The JSON objects at places, each once, by place."""
    wanted = np.unique(np.concatenate(places))
    wanted = wanted[wanted != _NONE]
    return {
        place: orjson.loads(text)
        for place, text in zip(wanted.tolist(), texts.take(pa.array(wanted)).to_pylist(), strict=True)
    }


def _values(rows: Mapping[int, Mapping[str, Any]], places: Numbers, name: str, type_: pa.DataType) -> pa.Array:
    """A column of values from the objects at places."""
    values = [None if place == _NONE else rows[place].get(name) for place in places.tolist()]
    if pa.types.is_timestamp(type_):
        values = [None if value is None else any_instant(value) for value in values]
    elif pa.types.is_date(type_):
        values = [calendar_date(value) for value in values]
    return pa.array(values, type_)
