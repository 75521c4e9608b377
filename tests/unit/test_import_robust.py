"""No input ends in a stack trace, and the time that it takes grows with its length, whatever is in it."""

from __future__ import annotations

import json
import lzma
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.importing import Imported, imported, mapping_of, tracks, write
from soundlake.errors import UsageError
from soundlake.imports.guesses import source
from soundlake.imports.likely_names import LikelyColumns
from soundlake.imports.values import flag, identifier, parse_number, text

LONG = 200_000
# Quadratic readers take minutes for these.
SECONDS = 5.0
FEATURES = mapping_of(
    {
        "records": [
            {
                "kind": "audio_features",
                "fields": {
                    "id": "id",
                    "tempo": "tempo",
                    "key": "key",
                    "duration_ms": {"column": "d", "type": "duration"},
                },
            }
        ]
    }
)


def in_time(begun: float) -> bool:
    return time.process_time() - begun < SECONDS


@pytest.mark.parametrize(
    "cell",
    ["9" * LONG + "x", "9" * LONG, "1e" + "9" * LONG, "." * LONG, " " * LONG + "x", "1," * (LONG // 2), "-" * LONG],
    ids=lambda cell: f"{cell[:3]}…{cell[-1]}",
)
@pytest.mark.parametrize("read", [parse_number, flag, identifier, text])
def test_a_cell_of_any_length_is_read_or_told_in_linear_time(tmp_path: Path, read: Any, cell: str) -> None:
    begun = time.process_time()
    with suppress(ValueError):
        read(cell)
    assert in_time(begun)


def test_names_of_columns_of_any_length_are_compared_in_linear_time() -> None:
    begun = time.process_time()
    assert list(LikelyColumns(["(" * LONG, "a" + " " * LONG + "x", "Loudness (dB)"]).meant_by(["loudness"]))
    assert in_time(begun)


def one_line(*values: str) -> str:
    return "[" + ", ".join(values) + "]"


GOOD = '{"id": "t1", "name": "Song"}'


@pytest.mark.heavy
@pytest.mark.parametrize(
    "content",
    [
        one_line(GOOD, *['{"id" "t2", "name": "Song"}'] * 10_000, GOOD),
        one_line(GOOD, '{"id": ' + " " * LONG + "x}", GOOD),
        one_line(GOOD, "}" + " " * LONG + "x", GOOD),
        one_line(GOOD, *["} "] * (LONG // 2)),
        one_line(GOOD, *['{"a":['] * (LONG // 6)),
        one_line(GOOD, "x" + "},{" * (LONG // 3)),
        one_line(GOOD, "x" + '},{"a":[' * (LONG // 40)),
        one_line(GOOD, "x" + '},{"z":1' * (LONG // 8)),
        "1 " * (LONG // 20),
        '"' + "a" * LONG,
        "[" * LONG,
        '{"id": ' + "9" * 5_000 + "}",
    ],
    ids=lambda content: content[:40].replace(" ", ""),
)
def test_broken_json_of_any_length_is_told_in_linear_time(tmp_path: Path, content: str) -> None:
    begun = time.process_time()
    imported(tmp_path, write(tmp_path / "f.json", content), mapping=tracks())
    assert in_time(begun)


def test_a_broken_object_on_a_long_line_costs_only_itself(tmp_path: Path) -> None:
    content = one_line(GOOD, *['{"id" "t2", "name": "Song"}', '{"id": "t3", "name": "Song"}'] * 50)
    done = imported(tmp_path, write(tmp_path / "f.json", content), mapping=tracks())
    assert [payload["id"] for payload in done.payloads("track")] == ["t1", *["t3"] * 50]
    assert [reason for _, reason in done.reasons()] == ["not JSON"] * 50


def features_of(folder: Path, *rows: tuple[str, ...]) -> Imported:
    lines = ["id,tempo,key,d", *[",".join(row) for row in rows]]
    return imported(folder, write(folder / "f.csv", "\n".join(lines) + "\n"), mapping=FEATURES)


@pytest.mark.parametrize("number", ["9" * 5_000, "1e400", "-1e400", "9" * 19 + "e300"])
def test_a_number_that_no_table_holds_is_left_out_and_told(tmp_path: Path, number: str) -> None:
    done = features_of(tmp_path, ("t1", "120", "1", "3:00"), ("t2", number, number, number))
    assert done.payloads("audio_features")[0] == {"id": "t1", "tempo": 120, "key": 1, "duration_ms": 180_000}
    told = {reason.partition(":")[0] for row, reason in done.reasons() if row == 2}
    assert told >= {"tempo", "key", "duration_ms"}


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "9" * 400, "9" * 5_000])
def test_numbers_of_json_that_no_table_holds_stop_nothing(tmp_path: Path, number: str) -> None:
    rows = f'[{{"id": "t1", "tempo": {number}, "key": 1}},\n{{"id": "t2", "tempo": 120, "key": 1}}]'
    done = imported(tmp_path, write(tmp_path / "f.json", rows), mapping=FEATURES)
    assert done.payloads("audio_features")[-1] == {"id": "t2", "tempo": 120, "key": 1}
    assert "tempo" not in done.payloads("audio_features")[0] or len(done.payloads("audio_features")) == 1


@pytest.mark.parametrize("number", ["1e400", "9" * 400])
def test_such_numbers_in_an_export_stop_nothing(tmp_path: Path, number: str) -> None:
    song = '{"ts": "2024-03-01T10:00:00Z", "spotify_track_uri": "spotify:track:t1", "ms_played": %s}'
    write(tmp_path / "my" / "endsong_0.json", f"[{song % number}, {song % 5}]")
    done = imported(tmp_path, tmp_path / "my", user="u1")
    assert done.payloads("play")[-1]["ms_played"] == 5
    assert not done.summary.failed


@pytest.mark.parametrize("name", ["²", "9" * 5_000, "٣", "genre_²"])
def test_digits_of_all_kinds_may_stand_in_the_names_of_columns(tmp_path: Path, name: str) -> None:
    mapping = mapping_of(
        {"records": [{"kind": "artist", "fields": {"id": "id", "genres": {"columns": ["genre_*", name]}}}]}
    )
    done = imported(tmp_path, write(tmp_path / "f.csv", f"id,genre_1,{name}\na1,rock,pop\n"), mapping=mapping)
    assert done.payloads("artist") == [{"id": "a1", "genres": ["rock", "pop"]}]


@pytest.mark.parametrize("depth", [90, 300, 900, 100_000])
def test_objects_within_objects_are_read_to_a_depth_and_told_beyond_it(tmp_path: Path, depth: int) -> None:
    deep = '{"id": "t1", "name": ' + '{"a":' * depth + "1" + "}" * depth + "}"
    done = imported(tmp_path, write(tmp_path / "f.json", f"[{deep},\n{GOOD}]"), mapping=tracks())
    assert done.payloads("track")[-1] == {"id": "t1", "name": "Song"}
    assert {line["row"] for line in done.report} == {1}


def test_times_of_parquet_that_no_calendar_has_cost_one_cell(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": ["t1", "t2", "t3"],
            "name": ["A", "B", "C"],
            "released": pa.array([10, 2**31 - 1, None], pa.date32()),
            "when": pa.array([1_600_000_000_000_000, 1_600_000_000_000_000, 10**18], pa.timestamp("us", "Asia/Tokyo")),
        }
    )
    pq.write_table(table, tmp_path / "f.parquet")
    mapping = mapping_of(
        {
            "fetched_at": {"column": "when"},
            "records": [{"kind": "track", "fields": {"id": "id", "name": "name", "album.release_date": "released"}}],
        }
    )
    done = imported(tmp_path, tmp_path / "f.parquet", mapping=mapping)
    assert done.payloads("track") == [
        {"id": "t1", "name": "A", "album": {"release_date": "1970-01-11"}},
        {"id": "t2", "name": "B"},
    ]
    assert [row for row, _ in done.reasons()] == [2, 3, 3]


@pytest.mark.heavy
def test_what_unpacks_to_far_more_than_its_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soundlake.imports.opening.LEAST_BOUND", 100_000)
    monkeypatch.setattr("soundlake.imports.inputs.LEAST_BOUND", 100_000)
    table = b"id,name\n" + b"t1,Song\n" * 1_000_000
    packed = write(tmp_path / "f.csv.xz", lzma.compress(table))
    done = imported(tmp_path, packed, mapping=tracks())
    assert ["unpacks to more than" in failure for failure in done.summary.failed] == [True]
    with zipfile.ZipFile(tmp_path / "f.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("f.csv", b" " * 10_000_000)
    with pytest.raises(UsageError, match="would unpack to"):
        imported(tmp_path, tmp_path / "f.zip", mapping=tracks())


def test_a_draft_takes_any_number(tmp_path: Path) -> None:
    values = ["9" * 5_000, "1e400", "5"]
    assert source("d", "duration_ms", "integer", values) is not None
    assert json.loads(json.dumps(values))
