"""What decoding a play costs, by several ways, on one core and in Spark's workers; microseconds of processor time each.

The ways: `decode` and `judge`, as they are (rows of plain Python, orjson); typed structs (msgspec, if it is installed)
and columns (pyarrow.json), both without any rule, digest or check of types; and how bytes reach Python: a Parquet file
read by pyarrow, or by Spark and handed on.

    python tests/bench/decoding.py --records 200000
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.ingest_backlog import made
from bench.ingest_ways import _READ, SCHEMA, _parsed
from bench.processor import processor_seconds
from soundlake.core.decode import READ, decode
from soundlake.core.judge import KNOWN, judge
from soundlake.core.packing import pack
from soundlake.launch.local import spark_environment
from soundlake.refine import cluster
from soundlake.session import open_session

AT_ONCE = 10_000


def bronze(count: int) -> pa.Table:
    """Bronze rows of plays."""
    keys, values = zip(*[(key.decode(), value) for key, value, _ in made(count)], strict=True)
    same = {"kind": "play", "stream": "plays", "partition": "0"}
    micros = pa.timestamp("us", "UTC")
    columns: dict[str, Any] = {name: pa.array([text] * count) for name, text in same.items()}
    columns |= {"key": pa.array(keys), "value": pa.array(values, pa.binary())}
    columns |= {"position": pa.array(map(str, range(count)))}
    columns |= {name: pa.array([1_790_000_000_000_000] * count, micros) for name in ("arrived_at", "ingested_at")}
    return pa.table(columns)


def parts(events: pa.Table) -> list[pa.Table]:
    return [events.slice(at, AT_ONCE) for at in range(0, len(events), AT_ONCE)]


def parse(events: pa.Table) -> None:
    for value in events["value"].to_pylist():
        try:
            orjson.loads(value)
        except ValueError:
            continue


def by_rows(events: pa.Table) -> None:
    for part in parts(events):
        decode(part)


def by_rows_packed(events: pa.Table) -> None:
    for part in parts(events):
        for records in decode(part).records:
            list(pack(records, 16))


def judged(events: pa.Table) -> None:
    for part in parts(events):
        for records in decode(part).records:
            judge(records, KNOWN.empty_table())


def by_columns(events: pa.Table) -> None:
    for part in parts(events):
        _parsed(part["value"].to_pylist())


def by_structs(events: pa.Table) -> None:
    import msgspec  # type: ignore[import-not-found,unused-ignore]

    def struct(name: str, type_: pa.DataType) -> Any:
        if pa.types.is_struct(type_):
            return msgspec.defstruct(name, [(f.name, struct(f.name, f.type) | None, None) for f in type_])
        if pa.types.is_list(type_):
            return list[struct(name, type_.value_type)]  # type: ignore[misc]
        return int if pa.types.is_integer(type_) else bool if pa.types.is_boolean(type_) else str

    decoder = msgspec.json.Decoder(struct("Record", pa.struct(list(SCHEMA))))
    names = [field.name for field in SCHEMA.field("payload").type if not pa.types.is_nested(field.type)]
    for part in parts(events):
        found = [decoder.decode(value).payload for value in part["value"].to_pylist()]
        for name in names:
            pa.array([getattr(payload, name) for payload in found])
        tracks = [payload.track for payload in found]
        for name in ("name", "uri"):
            pa.array([None if track is None else getattr(track, name) for track in tracks])


def from_file(file: Path, _: pa.Table) -> None:
    pq.read_table(file, columns=list(READ[:7]))


def timed(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    events = bronze(options.records)
    whole = events.filter(pa.array([_is_whole(value) for value in events["value"].to_pylist()]))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "bronze.parquet"
        pq.write_table(events, file, row_group_size=options.records // 4)
        ways: dict[str, Callable[[], object]] = {
            "parse alone (orjson)": partial(parse, events),
            "rows: decode, with all rules": partial(by_rows, events),
            "rows: decode, packed for the shuffle": partial(by_rows_packed, events),
            "rows: decode and judge": partial(judged, events),
            "columns: pyarrow.json, no rules (of records without flaw)": partial(by_columns, whole),
            "a Parquet file read by pyarrow": partial(from_file, file, events),
        }
        try:
            __import__("msgspec")
            ways["structs: msgspec, no rules"] = partial(by_structs, whole)
        except ImportError:
            print("msgspec is not installed: left out")
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, work in ways.items():
                taken[name].append(timed(work) / options.records * 1e6)
        os.environ.update(spark_environment())
        with open_session("bench decoding") as spark:
            source = spark.read.parquet(str(file))
            decoding = partial(cluster._decode, 16, frozenset())
            steps = {
                "Spark: read, into nothing": source,
                "Spark: read, handed to Python": source.mapInArrow(_first_rows, "kind string"),
                "Spark: read, decoded in Python": source.mapInArrow(decoding, cluster._PARTS),
            }
            for _ in range(options.rounds + 1):
                for name, frame in steps.items():
                    begin = processor_seconds()
                    frame.write.format("noop").mode("overwrite").save()
                    took = processor_seconds() - begin
                    taken.setdefault(name, []).append(took / options.records * 1e6)
    for name, each in taken.items():
        shown = ", ".join(f"{one:.1f}" for one in each)
        print(f"{name}: {median(each[-options.rounds :]):.1f} µs a play ({shown})")
    print(f"load {os.getloadavg()[0]:.1f}, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB at most")


def _first_rows(batches: Any) -> Any:
    for batch in batches:
        yield batch.slice(0, 1).select(["kind"])


def _is_whole(value: bytes) -> bool:
    """Whether the plainer ways can read a record: they stop at the first flaw."""
    try:
        record = orjson.loads(value)
        pa.json.read_json(io.BytesIO(value), parse_options=_READ)
        return isinstance(record["payload"], dict)
    except (ValueError, KeyError, TypeError, pa.ArrowInvalid):
        return False


if __name__ == "__main__":
    main()
