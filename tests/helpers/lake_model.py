"""A lake in memory: the core's own functions, and the writes of refine in their plainest form. Needs no Spark."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from helpers.building import Records
from helpers.decoding import events_table
from helpers.folding import apply_to
from soundlake.core.decode import decode
from soundlake.core.fold import fold, fold_history
from soundlake.core.judge import KNOWN, REJECTED, judge, keys_to_look_up
from soundlake.core.packing import from_bytes
from soundlake.kinds import KINDS
from soundlake.kinds.kind import Kind
from soundlake.refine.cluster import _batch, _decode, _judge, _known_parts
from soundlake.refine.driver import appended
from soundlake.tables import CHANGES, PLAYLIST_ITEMS, POPULARITY_HISTORY, STAMPS
from soundlake.tables import REJECTED as REJECTED_TABLE

Row = dict[str, Any]
Counts = dict[str, dict[str, int]]
_SPARK_BATCH = 7  # records in an Arrow batch, few, so that a worker gets several
_BUCKETS = 3


@dataclass
class LakeModel:
    """Tables as dictionaries. `judge` is the road that batches take: `here`, or `on_workers`."""

    road: Callable[[LakeModel, pa.Table, str], tuple[dict[str, pa.Table], Counts]]
    tables: dict[str, dict[Any, Row]] = field(default_factory=dict)
    stamps: list[tuple[str, pa.Table]] = field(default_factory=list)
    changes: list[pa.Table] = field(default_factory=list)
    fetches: list[Row] = field(default_factory=list)
    counts: list[Counts] = field(default_factory=list)

    def refine(self, records: Records, topic: str | None = None) -> None:
        """Take a batch."""
        batch = f"refine/{len(self.counts)}"
        rows, counts = self.road(self, events_table(topic, records), batch)
        self.counts.append(counts)
        for kind in KINDS.values():
            found = rows.get(kind.table.path)
            if found is None:
                continue
            if kind.is_log:
                self.fetches += found.to_pylist()
                continue
            own = self.tables.setdefault(kind.table.path, {})
            for row in found.to_pylist():
                key = tuple(row[name] for name in kind.table.key)
                assert key not in own, f"{kind.name} {key} is appended twice"
                own[key] = row
        if STAMPS.path in rows:
            self.stamps.append((batch, rows[STAMPS.path]))
        if CHANGES.path in rows:
            self.changes.append(rows[CHANGES.path])
        if REJECTED_TABLE.path in rows:
            for row in rows[REJECTED_TABLE.path].to_pylist():
                self.tables.setdefault(REJECTED_TABLE.path, {})[row["position"]] = row

    def catch_up(self, batch: str) -> None:
        """Nothing to do: what it knows is what it holds."""

    def known(self, keys: pa.Array, batch: str) -> pa.Table:
        """The stamps of keys, as the index gives them."""
        found = [_as_known(stamps) for name, stamps in self.stamps if name != batch]
        table = pa.concat_tables([KNOWN.empty_table(), *found])
        return table.filter(pc.is_in(table["key"], keys)).combine_chunks()

    def apply(self) -> None:
        """Apply all changes that wait."""
        waiting = pa.concat_tables(self.changes) if self.changes else None
        self.changes.clear()
        if waiting is None:
            return
        for kind in KINDS.values():
            own = waiting.filter(pc.and_(pc.equal(waiting["target"], kind.table.name), pc.is_valid(waiting["row"])))
            if len(own):
                self._fold(kind, own)
        observed = waiting.filter(pc.equal(waiting["target"], POPULARITY_HISTORY.name))
        if len(observed):
            self._observe(fold_history(observed))

    def _fold(self, kind: Kind, changes: pa.Table) -> None:
        own = self.tables[kind.table.path]
        for folded in fold(kind, changes).to_pylist():
            key = tuple(folded[name] for name in kind.table.key)
            own[key] = apply_to(kind, own[key], folded)

    def _observe(self, observed: pa.Table) -> None:
        own = self.tables.setdefault(POPULARITY_HISTORY.path, {})
        for row in observed.to_pylist():
            there = own.setdefault(tuple(row[name] for name in POPULARITY_HISTORY.key), row)
            for name in ("popularity", "followers"):
                rank, other = row[f"{name}_rank"], there[f"{name}_rank"]
                if rank is not None and (other is None or tuple(rank.values()) > tuple(other.values())):
                    there |= {name: row[name], f"{name}_rank": rank}

    def silver(self) -> dict[str, Any]:
        """What readers see, but for the columns that may lag; call it when all is applied."""
        seen: dict[str, Any] = {}
        for kind in KINDS.values():
            lagging = {*kind.volatile}
            rows = self.tables.get(kind.table.path, {})
            seen[kind.table.path] = {k: {n: v for n, v in row.items() if n not in lagging} for k, row in rows.items()}
        seen[POPULARITY_HISTORY.path] = self.tables.get(POPULARITY_HISTORY.path, {})
        seen[PLAYLIST_ITEMS.path] = _snapshots(self.fetches)
        return seen


def _as_known(stamps: pa.Table) -> pa.Table:
    ranks = dict(zip(("weight", "fetched_at", "sha"), stamps["rank"].combine_chunks().flatten(), strict=True))
    return pa.Table.from_arrays([ranks[n] if n in ranks else stamps[n] for n in KNOWN.names], schema=KNOWN)


def here(lake: LakeModel, events: pa.Table, batch: str) -> tuple[dict[str, pa.Table], Counts]:
    """The road of small batches."""
    decoded = decode(events)
    judged = [judge(records, lake.known(keys_to_look_up(records), batch)) for records in decoded.records]
    rows = {table.path: found for table, found in appended(judged).items()}
    if len(decoded.rejected):
        rows[REJECTED_TABLE.path] = decoded.rejected
    counts: Counts = {}
    for kind, of_kind in [(one.kind.name, one.counts) for one in judged]:
        counts[kind] = {name: count for name, count in of_kind.items() if count}
    for kind, count in decoded.rejections.items():
        counts.setdefault(kind, {})[REJECTED] = count
    return rows, counts


def on_workers(lake: LakeModel, events: pa.Table, batch: str) -> tuple[dict[str, pa.Table], Counts]:
    """The road of large batches, as Spark's workers go it."""
    decoded = _parts(_decode(_BUCKETS, frozenset(), iter(events.to_batches(max_chunksize=_SPARK_BATCH))))
    keys = [data for _, part, _, data in decoded if part == "keys"]
    shuffled = [part for part in decoded if part[1] == "records"] + _known_parts(keys, lake, batch, _BUCKETS)
    shuffled.sort(key=lambda part: part[0])
    judged = _parts(_judge(iter([_batch(shuffled)]))) if shuffled else []
    rows: dict[str, list[pa.Table]] = {}
    counts: Counts = {}
    for _, part, name, data in [*decoded, *judged]:
        if part == "rows":
            rows.setdefault(name, []).append(from_bytes(data))
        elif part == "summary":
            for kind, of_kind in json.loads(data)["counts"].items():
                for outcome, count in of_kind.items():
                    if count:
                        own = counts.setdefault(kind, {})
                        own[outcome] = own.get(outcome, 0) + count
    return {path: pa.concat_tables(tables) for path, tables in rows.items()}, counts


def _parts(batches: Iterable[pa.RecordBatch]) -> list[tuple[int, str, str, bytes]]:
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


def _snapshots(fetches: Iterable[Mapping[str, Any]]) -> dict[Any, Any]:
    """The day's last complete fetch of each playlist, worked out as the contract has it."""
    days: dict[Any, dict[str, list[Mapping[str, Any]]]] = {}
    for entry in fetches:
        day = days.setdefault((entry["playlist_id"], entry["snapshot_date"]), {})
        day.setdefault(entry["fetch"], []).append(entry)
    found = {}
    for day_key, by_fetch in days.items():
        complete = []
        for name, entries in by_fetch.items():
            places = {entry["position"] for entry in entries if not entry["is_empty_marker"]}
            totals = [entry["total"] for entry in entries if entry["total"] is not None]
            if not totals or len(places) >= max(totals):
                complete.append((max(entry["fetched_at"] for entry in entries), name))
        if not complete:
            continue
        best: dict[int, Mapping[str, Any]] = {}
        for entry in by_fetch[max(complete)[1]]:
            there = best.get(entry["position"])
            if there is None or tuple(entry["rank"].values()) > tuple(there["rank"].values()):
                best[entry["position"]] = entry
        found[day_key] = {
            place: {name: entry[name] for name in PLAYLIST_ITEMS.column_names}
            for place, entry in best.items()
            if not entry["is_empty_marker"]
        }
    return {day: rows for day, rows in found.items() if rows}


@dataclass(frozen=True)
class Fed:
    """What batches of one kind made: its rows by key, the keys that each batch `rewrote`, and the stamps."""

    rows: dict[Any, Row]
    rewritten: list[set[Any]]
    stamps: list[Row]
    lake: LakeModel


def feed(kind: Kind, *batches: Records) -> Fed:
    """Take batches on the topic of a kind, one after the other, each applied; names are unique over all batches."""
    lake, rewritten = LakeModel(here), []
    for records in batches:
        lake.refine(records, kind.name)
        changed = pa.concat_tables(lake.changes).to_pylist() if lake.changes else []
        rewritten.append({change["id"] for change in changed if change["target"] == kind.table.name})
        lake.apply()
    rows = {key[0] if len(key) == 1 else key: row for key, row in lake.tables.get(kind.table.path, {}).items()}
    stamps = [row | {"batch": batch} for batch, table in lake.stamps for row in table.to_pylist()]
    return Fed(rows, rewritten, stamps, lake)
