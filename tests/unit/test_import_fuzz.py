"""Whatever a file holds: no exception, every row accounted for, and time and memory that grow with its length at most.

A few hundred inputs in each run, ten minutes of them in the slow suite, a minute in CI; all are seeded.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import tempfile
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from helpers.importing import Forgetful, Imported, imported, mapping_of, taken, tracks, write
from soundlake.errors import UsageError
from soundlake.imports.infer import drafted
from soundlake.imports.inputs import inputs_of
from soundlake.imports.mapping import TableMapping
from soundlake.imports.opening import UnopenedError
from soundlake.settings import load_settings

pytestmark = pytest.mark.heavy

PLAIN = tracks(popularity="popularity", duration_ms={"column": "d", "type": "duration"})
# Every way to find and to read a value.
RICH = mapping_of(
    {
        "file": {"null": ["NA"]},
        "market": {"column": "d", "map": {"5": "JP"}, "null": ["t1"]},
        "records": [
            {
                "kind": "playlist_item",
                "fields": {
                    "playlist.id": {"given": "file", "made_up": "playlist"},
                    "position": {"place": {"within": "name", "of": "id"}},
                    "added_at": {"column": "ts", "format": ["epoch_s", "%d.%m.%Y"], "zone": "Asia/Tokyo"},
                    "track.id": "id",
                    "track.name": {"column": "name", "before": " - "},
                    "track.artists[].id": {"column": "d", "list": "auto", "made_up": "artist"},
                    "track.artists[].name": {"column": "d", "list": "auto", "item": "name"},
                    "track.album.name": {"template": "{name} ({d})"},
                },
            },
            {
                "kind": "artist",
                "optional": True,
                "gather": {"most": 2},
                "fields": {
                    "id": {"column": "name", "made_up": "artist"},
                    "popularity": {"column": "popularity", "decimal": ",", "scale": 0.5, "add": 1},
                    "genres": {"columns": ["d", "n*"]},
                },
            },
            {
                "kind": "album",
                "optional": True,
                "distinct": True,
                "when": {"column": "popularity"},
                "fields": {
                    "id": {"column": "id", "match": r"(\w+)$"},
                    "release_date": "d",
                    "total_tracks": {"given": "row"},
                },
            },
            {
                "kind": "play",
                "optional": True,
                "fields": {"user_id": {"given": "user", "same": "name"}, "played_at": "d", "track.id": "id"},
            },
        ],
    }
)
MAPPINGS = st.sampled_from([PLAIN, RICH])
SETTINGS = load_settings(env={})
SECONDS = int(os.environ.get("SOUNDLAKE_FUZZ_SECONDS", "600"))
# What breaks readers: signs of every syntax, numbers and times at the edge, names that exports know.
SIGNS = st.sampled_from(
    [
        *(
            "{",
            "}",
            "[",
            "]",
            '"',
            "'",
            ",",
            ";",
            ":",
            "\t",
            "|",
            "\n",
            "\r\n",
            "\r",
            "\\",
            "\0",
            "\ufeff",
            " ",
            "²",
            "#",
        ),
        *("id", "name", "popularity", "d", "ts", "endTime", "ms_played", "spotify_track_uri", "tracks", "items", "uri"),
        *("9" * 30, "9" * 5_000, "1e400", "-0", "NaN", "null", "true", "3:00", "2024-03-01T10:00:00Z", "0000-00-00"),
        *(
            "spotify:track:t1",
            "\ud83d\ude00",
            "ä",
            "日本",
            "id,name\n",
            '{"id": "t1", "name": "A"}',
            "}, {",
            '","',
            '": "',
        ),
    ]
)
TEXTS = st.lists(SIGNS, max_size=30).map("".join)
CELLS = st.one_of(TEXTS, st.text(max_size=10), st.sampled_from(["t1", "Song", "5", "", "NA", "4:45"]))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), CELLS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(CELLS, inner, max_size=3)),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["id", "name", "popularity", "d", "ts", "endTime", "msPlayed", "trackName", "uri", "type", "items"]
)
OBJECTS = st.dictionaries(st.one_of(NAMES, CELLS), VALUES, max_size=6)


def as_table(rows: list[list[str]]) -> bytes:
    return ("id,name,popularity,d\n" + "\n".join(",".join(row) for row in rows)).encode("utf-8", "surrogatepass")


def as_json(rows: list[dict[str, object]]) -> bytes:
    return json.dumps(rows).encode()


def as_parquet(rows: list[dict[str, object]]) -> bytes:
    texts = [{name: json.dumps(value) for name, value in row.items()} for row in rows]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([{"id": "t1", "name": "A"}, *texts]), out)
    return out.getvalue()


CONTENTS = st.one_of(
    TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=60),
    st.lists(st.lists(CELLS, min_size=3, max_size=5), max_size=8).map(as_table),
    st.lists(OBJECTS, max_size=6).map(as_json),
    st.lists(OBJECTS, max_size=4).map(as_parquet),
    TEXTS.map(lambda text: gzip.compress(text.encode("utf-8", "surrogatepass"), mtime=0)),
)
FILES = st.sampled_from(
    [
        *("f.csv", "f.tsv", "f.json", "f.ndjson", "f.parquet", "f.txt", "f.csv.gz", "f.zip"),
        *("endsong_0.json", "StreamingHistory0.json", "Playlist1.json", "YourLibrary.json"),
    ]
)
DAMAGE = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.binary(max_size=9)), max_size=3)


def damaged(content: bytes, damage: list[tuple[float, int, bytes]]) -> bytes:
    broken = bytearray(content)
    for where, lost, put in damage:
        at = int(where * len(broken))
        broken[at : at + lost] = put
    return bytes(broken)


def in_a_folder(check: Callable[[Path], None]) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        with suppress(UsageError):  # told before anything starts
            check(folder)
    finally:
        shutil.rmtree(folder)


def account_for(done: Imported) -> None:
    """Every row that was read gave a record, or a line of the report says why not."""
    told = {line["row"] for line in done.report if line["level"] == "rejected"}
    assert done.summary.failed or len(done.records) + len(told) >= done.summary.rows


def nothing_breaks(name: str, content: bytes, damage: list[tuple[float, int, bytes]], mapping: TableMapping) -> None:
    def check(folder: Path) -> None:
        file = write(folder / name, damaged(content, damage))
        with suppress(UsageError, UnopenedError, OSError):
            drafted(inputs_of([str(file)], SETTINGS, folder).files[0])
        account_for(imported(folder, file, mapping=None if is_of_export(name) else mapping, user="u1"))

    in_a_folder(check)


def is_of_export(name: str) -> bool:
    return "_" in name or "1" in name


def nothing_takes_much(name: str, begin: str, again: str, end: str, mapping: TableMapping) -> None:
    """A file whose middle is repeated: a quadratic reader takes minutes for it, or all memory.

    It may be one row, and a row is in memory as a whole.
    """

    def check(folder: Path) -> None:
        text = begin + again * (60_000 // max(len(again), 1)) + end
        file = write(folder / name, text.encode("utf-8", "surrogatepass"))
        begun = time.process_time()
        most = peak_of(folder, file, None if is_of_export(name) else mapping)
        assert time.process_time() - begun < 20
        assert most < 4_000_000 + 100 * file.stat().st_size

    in_a_folder(check)


def peak_of(folder: Path, file: Path, mapping: TableMapping | None) -> int:
    """The most memory that Python's objects take while a file is imported."""
    tracemalloc.start()
    try:
        taken(folder, file, mapping=mapping, publisher=Forgetful(), user="u1")
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


LONG_FILES = st.sampled_from(["f.csv", "f.tsv", "f.json", "endsong_0.json", "Playlist1.json"])
BEGINS = st.sampled_from(["id,name\n", '[{"id": "t1", "name": "', '[{"id": "t1", "name": "A"}, '])
BEGIN = st.one_of(TEXTS, BEGINS)
FEW = settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


@FEW
@given(name=FILES, content=CONTENTS, damage=DAMAGE, mapping=MAPPINGS)
def test_no_input_ends_in_an_exception_and_every_row_is_accounted_for(
    name: str, content: bytes, damage: list[tuple[float, int, bytes]], mapping: TableMapping
) -> None:
    nothing_breaks(name, content, damage, mapping)


@settings(FEW, max_examples=15)
@given(name=LONG_FILES, begin=BEGIN, again=TEXTS, end=TEXTS, mapping=MAPPINGS)
def test_time_and_memory_grow_with_the_length_of_the_input(
    name: str, begin: str, again: str, end: str, mapping: TableMapping
) -> None:
    nothing_takes_much(name, begin, again, end, mapping)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 300)
def test_inputs_of_many_seeds() -> None:
    many = settings(FEW, max_examples=300, derandomize=False, database=None)
    until = time.monotonic() + SECONDS
    number = 0
    while time.monotonic() < until:
        seed(number)(many(given(name=FILES, content=CONTENTS, damage=DAMAGE, mapping=MAPPINGS)(nothing_breaks)))()
        long = settings(many, max_examples=20)
        texts = {"begin": BEGIN, "again": TEXTS, "end": TEXTS}
        seed(number)(long(given(name=LONG_FILES, **texts, mapping=MAPPINGS)(nothing_takes_much)))()
        number += 1


def test_a_zip_within_damaged_ends_is_told(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("endsong_0.json", json.dumps([{"ts": "2024-03-01T10:00:00Z", "episode_name": "E"}] * 50))
    whole = out.getvalue()
    for at in range(0, len(whole), 7):
        broken = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        with suppress(UsageError):
            imported(tmp_path, write(tmp_path / "my.zip", broken), user="u1")


def test_values_that_are_no_rows_take_no_memory_however_many_come_first(tmp_path: Path) -> None:
    few, many = (write(tmp_path / f"{number}.json", "0 " * number) for number in (3_000, 30_000))
    assert peak_of(tmp_path, many, PLAIN) < 2 * peak_of(tmp_path, few, PLAIN)
