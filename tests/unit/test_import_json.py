"""JSON of any layout and size is read object by object; what is broken costs no more than itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.importing import InMemory, imported, mapping_of, tracks, write
from soundlake.imports import rowset, run
from soundlake.imports.json_values import JsonRows

ROWS = [
    {"id": "t1", "name": "One"},
    {"id": "t2", "name": 'Tw"o\n]}'},
    {"id": "t3", "name": "日本", "more": [{"id": "x"}]},
]


class Told:
    def __init__(self) -> None:
        self.bad: list[tuple[int, int, str]] = []

    def bad_row(self, row: int, line: int, reason: str, detail: str, raw: str) -> None:
        self.bad.append((row, line, reason))


def pieces(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


def rows_of(text: str, size: int = 7, path: str | None = None) -> tuple[list[Any], list[tuple[int, int, str]]]:
    told = Told()
    return [row for _, row in JsonRows(pieces(text, size), path).rows(told)], told.bad


@pytest.mark.parametrize("size", [1, 5, 64, 10_000])
@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        "\ufeff" + "\r\n".join(json.dumps(row) for row in ROWS),
        "".join(json.dumps(row) for row in ROWS),
        ",\n".join(json.dumps(row, indent=1) for row in ROWS),
        json.dumps(ROWS[:1]) + json.dumps(ROWS[1:]),
    ],
)
def test_arrays_lines_and_values_glued_together(text: str, size: int) -> None:
    assert rows_of(text, size) == (ROWS, [])


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text() | st.none(), max_size=3), max_size=8),
    st.integers(1, 30),
)
def test_every_object_comes_back_whatever_the_pieces(rows: list[dict[str, Any]], size: int) -> None:
    assert rows_of(json.dumps(rows), size) == (rows, [])
    assert rows_of("\n".join(json.dumps(row) for row in rows), size) == (rows, [])


def test_a_list_within_objects_is_found_by_its_path() -> None:
    text = json.dumps({"before": {"items": [1]}, "data": {"n": 2, "items": ROWS}, "after": [{"id": "no"}]})
    assert rows_of(text, path="data.items") == (ROWS, [])


@pytest.mark.parametrize("layout", [None, 1])
def test_a_text_that_is_cut_off_loses_its_last_object(layout: int | None) -> None:
    text = json.dumps(ROWS, indent=layout, ensure_ascii=False)
    rows, bad = rows_of(text[: text.index("日") + 1])
    assert rows == ROWS[:2]
    assert [(row, reason) for row, _, reason in bad] == [(3, "cut off")]


@pytest.mark.parametrize("text", ['[{"a": 1}, {"a": 2},\n', '[{"a": 1}, {"a": 2}', '[[{"a": 1}], [{"a": 2}]'])
def test_a_list_that_is_cut_off_between_its_objects_is_told(text: str) -> None:
    rows, bad = rows_of(text)
    assert rows == [{"a": 1}, {"a": 2}]
    assert [(row, reason) for row, _, reason in bad] == [(3, "cut off")]


def test_a_broken_line_is_one_bad_row() -> None:
    text = '{"id": "t1"}\n{"id": "t2", oops}\n{"id": "t3"\n{"id": "t4"}\n'
    assert rows_of(text) == ([{"id": "t1"}, {"id": "t4"}], [(2, 2, "not JSON"), (3, 3, "not JSON")])


def test_what_is_inside_a_broken_object_is_no_row() -> None:
    text = '[\n  {\n    "id": "t1",\n    "artists": [\n      {"id": "a1"},\n      oops\n    ]\n  },\n  {"id": "t2"}\n]'
    assert rows_of(text) == ([{"id": "t2"}], [(1, 2, "not JSON")])


def test_a_broken_object_on_one_line_with_all_others_costs_itself() -> None:
    rows = [{"id": f"t{n}", "name": "x"} for n in range(5)]
    text = json.dumps(rows).replace('"t2", "name": "x"', '"t2", "name": x')
    found, bad = rows_of(text, size=1000)
    assert found == [row for row in rows if row["id"] != "t2"]
    assert [row for row, _, _ in bad] == [3]


def test_what_is_no_object_is_told() -> None:
    rows, bad = rows_of('[{"id": "t1"}, 5, "x"]')
    assert rows == [{"id": "t1"}]
    assert [reason for _, _, reason in bad] == ["not an object"] * 2


def test_numbers_that_python_cannot_hold_are_no_stack_trace(tmp_path: Path) -> None:
    text = '[{"id": "t1", "name": "One", "popularity": %s}, {"id": "t2", "name": "Two", "popularity": NaN}, %s]'
    file = write(tmp_path / "f.json", text % ("9" * 400, '{"id": "t3", "popularity": %s}' % ("9" * 5000)))
    done = imported(tmp_path, file, mapping=tracks(popularity="popularity"))
    assert done.payloads("track") == [{"id": "t1", "name": "One"}, {"id": "t2", "name": "Two"}]
    assert [line["level"] for line in done.report] == ["rejected", "nulled"]


def test_nested_objects_are_mapped_by_dotted_columns(tmp_path: Path) -> None:
    rows = [{"track": {"id": "t1", "name": "One", "artists": [{"id": "a1", "name": "A"}, {"id": "a2", "name": "B"}]}}]
    fields = {
        "id": "track.id",
        "name": "track.name",
        "artists[].id": {"column": "track.artists", "item": "id"},
        "artists[].name": {"column": "track.artists", "item": "name"},
    }
    mapping = mapping_of({"records": [{"kind": "track", "fields": fields}]})
    done = imported(tmp_path, write(tmp_path / "f.ndjson", "\n".join(map(json.dumps, rows))), mapping=mapping)
    assert done.payloads("track") == [
        {"id": "t1", "name": "One", "artists": [{"id": "a1", "name": "A"}, {"id": "a2", "name": "B"}]}
    ]


NESTED = [
    {"pid": 1, "name": "Mix", "tracks": [{"uri": "spotify:track:t1", "by": "A"}, {"uri": "spotify:track:t2"}]},
    {"pid": 2, "name": "Nothing yet", "tracks": []},
    {"pid": 3, "name": "Another", "tracks": [{"uri": "spotify:track:t1"}]},
]
LISTS = {
    "file": {"each": "tracks"},
    "records": [
        {"kind": "playlist", "distinct": True, "fields": {"id": "pid", "name": "name"}},
        {
            "kind": "playlist_item",
            "optional": True,
            "fields": {"playlist.id": "pid", "position": "tracks.#", "track.id": "tracks.uri"},
        },
    ],
}


@pytest.mark.parametrize("format_", ["json", "parquet"])
def test_each_element_of_a_list_is_a_row_with_what_stands_around_the_list(tmp_path: Path, format_: str) -> None:
    file = tmp_path / f"lists.{format_}"
    if format_ == "json":
        write(file, json.dumps(NESTED))
    else:
        pq.write_table(pa.Table.from_pylist(NESTED), file)
    done = imported(tmp_path, file, mapping=mapping_of(LISTS))
    assert [playlist["name"] for playlist in done.payloads("playlist")] == ["Mix", "Nothing yet", "Another"]
    entries = [(i["playlist"]["id"], i["position"], i["track"]["id"]) for i in done.payloads("playlist_item")]
    assert entries == [("1", 0, "t1"), ("1", 1, "t2"), ("3", 0, "t1")]
    assert done.report == []


def test_an_import_that_stopped_within_a_list_goes_on_within_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_NOTED", 10)
    monkeypatch.setattr(rowset, "_BATCH", 10)
    tracks = [{"uri": f"spotify:track:t{number}"} for number in range(45)]
    file = write(tmp_path / "f.json", json.dumps([{"pid": 1, "name": "Long", "tracks": tracks}]))
    publisher = InMemory(dies_at=3)
    with pytest.raises(KeyboardInterrupt):
        imported(tmp_path, file, mapping=mapping_of(LISTS), publisher=publisher)
    rest = imported(tmp_path, file, mapping=mapping_of(LISTS))
    items = [json.loads(value)["payload"] for kind, _, value in publisher.safe if kind == "playlist_item"]
    positions = [item["position"] for item in [*items, *rest.payloads("playlist_item")]]
    assert 0 < len(items) < 45
    assert positions == list(range(45))


def test_a_field_that_comes_late_is_not_missed(tmp_path: Path) -> None:
    rows = [{"id": f"t{n}", "name": "x"} for n in range(300)] + [{"id": "late", "name": "x", "popularity": 5}]
    file = write(tmp_path / "f.json", json.dumps(rows))
    done = imported(tmp_path, file, mapping=tracks(popularity="popularity"))
    assert done.payloads("track")[-1] == {"id": "late", "name": "x", "popularity": 5}
    assert len(done.payloads("track")) == 301


def test_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    table = pa.table(
        {"id": ["t1", None], "name": ["One", "Two"], "popularity": [5, 6], "artists": [[{"name": "A"}], None]}
    )
    pq.write_table(table, tmp_path / "f.parquet")
    mapping = tracks(**{"popularity": "popularity", "artists[].name": {"column": "artists", "item": "name"}})
    done = imported(tmp_path, tmp_path / "f.parquet", mapping=mapping)
    assert done.payloads("track") == [{"id": "t1", "name": "One", "popularity": 5, "artists": [{"name": "A"}]}]
    assert done.reasons() == [(2, "track: no id")]


def test_parquet_types_that_no_text_can_be_made_of_are_told(tmp_path: Path) -> None:
    table = pa.table({"id": ["t1"], "name": pa.array([5], pa.duration("s")), "popularity": [Decimal("7")]})
    pq.write_table(table, tmp_path / "f.parquet")
    done = imported(tmp_path, tmp_path / "f.parquet", mapping=tracks(popularity="popularity"))
    assert done.payloads("track") == [{"id": "t1", "popularity": 7}]
    assert [line["reason"] for line in done.report] == ["name: not a text"]


def test_a_parquet_file_whose_columns_have_damaged_names_is_told(tmp_path: Path) -> None:
    pq.write_table(pa.table({"title": ["Song"]}), tmp_path / "f.parquet")
    damaged = (tmp_path / "f.parquet").read_bytes().replace(b"title", b"t\x80tle")
    done = imported(tmp_path, write(tmp_path / "f.parquet", damaged), mapping=tracks(name="title"))
    assert "Parquet" in done.summary.failed[0]


def test_a_broken_parquet_file_is_told(tmp_path: Path) -> None:
    done = imported(tmp_path, write(tmp_path / "f.parquet", b"PAR1 and nothing else"), mapping=tracks())
    assert "Parquet" in done.summary.failed[0]
