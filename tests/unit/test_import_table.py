"""Delimited text is read whatever happened to it, and no row is ever shifted."""

from __future__ import annotations

import bz2
import gzip
import json
from pathlib import Path

import pytest

from helpers.importing import imported, mapping_of, tracks, write

HEADER = "id,name,popularity\n"
POPULAR = tracks(popularity="popularity")


def names(folder: Path, content: str | bytes) -> list[tuple[str, str | None]]:
    done = imported(folder, write(folder / "file.csv", content), mapping=POPULAR)
    return [(payload["id"], payload.get("name")) for payload in done.payloads("track")]


@pytest.mark.parametrize(
    "content",
    [
        b"id,name,popularity\nt1,Caf\xc3\xa9,1\n",
        b"\xef\xbb\xbfid,name,popularity\r\nt1,Caf\xc3\xa9,1\r\n",
        "id,name,popularity\nt1,Café,1\n".encode("utf-16"),
        "id,name,popularity\nt1,Café,1\n".encode("utf-16-le"),
        "id,name,popularity\nt1,Café,1\n".encode("utf-16-be"),
        b"id,name,popularity\nt1,Caf\xe9,1\n",
        b"id;name;popularity\nt1;Caf\xc3\xa9;1\n",
        b"id\tname\tpopularity\rt1\tCaf\xc3\xa9\t1\r",
        gzip.compress(b"id,name,popularity\nt1,Caf\xc3\xa9,1", mtime=0),
        bz2.compress(b"id,name,popularity\nt1,Caf\xc3\xa9,1"),
        b'"id,name,popularity"\n"t1,Caf\xc3\xa9,1"\n',
        b"ID,Name,Popularity\nt1,Caf\xc3\xa9,1\n\n\n",
    ],
)
def test_encodings_line_ends_delimiters_and_compression_are_recognised(tmp_path: Path, content: bytes) -> None:
    assert names(tmp_path, content) == [("t1", "Café")]


def test_bytes_that_are_no_utf8_are_reported(tmp_path: Path) -> None:
    done = imported(tmp_path, write(tmp_path / "f.csv", b"id,name\nt1,Caf\xe9 \x93x\x94\n"), mapping=tracks())
    assert done.payloads("track") == [{"id": "t1", "name": "Café “x”"}]
    assert any("3 bytes are no UTF-8" in note for note in done.summary.notes)


def test_lines_before_the_header_are_passed_over(tmp_path: Path) -> None:
    disclaimer = ',,,"Note that these figures\nare generated, by a formula."\n\n'
    assert names(tmp_path, disclaimer + HEADER + "t1,One,5\n") == [("t1", "One")]


def test_a_header_in_the_middle_is_no_row(tmp_path: Path) -> None:
    done = imported(tmp_path, write(tmp_path / "f.csv", HEADER + "t1,One,5\n" + HEADER + "t2,Two,6\n"), mapping=POPULAR)
    assert [p["id"] for p in done.payloads("track")] == ["t1", "t2"]
    assert done.report == []


def test_a_header_in_the_middle_with_another_order_changes_the_order(tmp_path: Path) -> None:
    content = HEADER + "t1,One,5\n" + "popularity,id,name\n6,t2,Two\n" + "name,id\nThree,t3\n"
    done = imported(tmp_path, write(tmp_path / "f.csv", content), mapping=POPULAR)
    assert done.payloads("track") == [
        {"id": "t1", "name": "One", "popularity": 5},
        {"id": "t2", "name": "Two", "popularity": 6},
        {"id": "t3", "name": "Three"},
    ]


def test_newlines_and_delimiters_in_quoted_cells(tmp_path: Path) -> None:
    assert names(tmp_path, HEADER + 't1,"One,\n""two""\r\nthree",5\nt2,Two,6\n') == [
        ("t1", 'One,\n"two"\r\nthree'),
        ("t2", "Two"),
    ]


def test_rows_quoted_whole_are_read(tmp_path: Path) -> None:
    assert names(tmp_path, HEADER + '"t1,""One, two"",5"\nt2,Two,6\n') == [("t1", "One, two"), ("t2", "Two")]


@pytest.mark.parametrize("row", ["t1,One", "t1,One,5,x", "t1,One,5,"])
def test_a_row_of_another_width_is_reported_not_shifted(tmp_path: Path, row: str) -> None:
    done = imported(tmp_path, write(tmp_path / "f.csv", f"{HEADER}t0,Zero,1\n{row}\nt2,Two,6\n"), mapping=POPULAR)
    assert [p["id"] for p in done.payloads("track")] == ["t0", "t2"]
    (told,) = done.report
    assert (told["row"], told["line"], told["level"], told["reason"], told["raw"]) == (
        2,
        3,
        "rejected",
        "wrong number of cells",
        row,
    )


def test_a_stray_quote_costs_one_row(tmp_path: Path) -> None:
    rows = "".join(f"t{n},Song {n},{n % 100}\n" for n in range(2, 5000))
    done = imported(tmp_path, write(tmp_path / "f.csv", f'{HEADER}t1,"One,5\n{rows}'), mapping=POPULAR)
    assert len(done.payloads("track")) == 4998
    assert done.reasons() == [(1, "broken quotes")]


def test_a_stray_quote_that_meets_another_does_not_swallow_what_is_between(tmp_path: Path) -> None:
    content = f'{HEADER}t1,"One,5\nt2,Two,6\nt3,"Thr""ee",7\nt4,Four,8\n'
    done = imported(tmp_path, write(tmp_path / "f.csv", content), mapping=POPULAR)
    assert [p["id"] for p in done.payloads("track")] == ["t2", "t3", "t4"]
    assert [row for row, _ in done.reasons()] == [1]


def test_the_rest_of_a_broken_row_is_no_row(tmp_path: Path) -> None:
    text = 'id,name,popularity\nt1,"One, 1",1t2,"\nTwo, 2",2\nt3,"Three, 3",3\n'
    done = imported(tmp_path, write(tmp_path / "f.csv", text), mapping=tracks(popularity="popularity"))
    assert done.keys == ["t3"]
    assert done.reasons() == [(1, "wrong number of cells"), (2, "broken quotes")]


def test_a_cell_that_is_split_at_its_quotes_is_reported(tmp_path: Path) -> None:
    done = imported(
        tmp_path, write(tmp_path / "f.csv", 'id,name,popularity\nt1"Song, 10",10\nt2,Two,2\n'), mapping=POPULAR
    )
    assert [p["id"] for p in done.payloads("track")] == ["t2"]
    assert done.reasons() == [(1, "broken quotes")]


def test_a_quote_that_is_an_inch_is_kept(tmp_path: Path) -> None:
    assert names(tmp_path, HEADER + 't1,12" Mix,1\nt2,7",2\n') == [("t1", '12" Mix'), ("t2", '7"')]


def test_quotes_escaped_by_a_backslash_where_the_mapping_says_so(tmp_path: Path) -> None:
    mapping = mapping_of(
        {"file": {"escape": "\\"}, "records": [{"kind": "track", "fields": {"id": "id", "name": "name"}}]}
    )
    done = imported(tmp_path, write(tmp_path / "f.csv", 'id,name\nt1,"a \\"b\\", c"\n'), mapping=mapping)
    assert done.payloads("track") == [{"id": "t1", "name": 'a "b", c'}]


def test_quotes_are_signs_like_others_where_the_mapping_says_so(tmp_path: Path) -> None:
    records = [{"kind": "track", "fields": {"id": "id", "name": "name"}}]
    mapping = mapping_of({"file": {"quote": "", "delimiter": "\t"}, "records": records})
    done = imported(tmp_path, write(tmp_path / "f.tsv", 'id\tname\nt1\t"Heroes\nt2\tan "x" y"\n'), mapping=mapping)
    assert [p["name"] for p in done.payloads("track")] == ['"Heroes', 'an "x" y"']


def test_a_failed_download_stored_as_rows_of_na_gives_no_record(tmp_path: Path) -> None:
    done = imported(tmp_path, write(tmp_path / "f.csv", HEADER + "NA,NA,NA\n" * 200 + "t1,One,5\n"), mapping=POPULAR)
    assert [p["id"] for p in done.payloads("track")] == ["t1"]
    assert len(done.report) == 200


def test_an_unreadable_value_is_left_out_and_reported_with_its_row(tmp_path: Path) -> None:
    content = HEADER + "".join(f"t{n},N{n},{'many' if n in (3, 2500) else n % 100}\n" for n in range(1, 3001))
    done = imported(tmp_path, write(tmp_path / "f.csv", content), mapping=POPULAR)
    assert len(done.payloads("track")) == 3000
    assert [(t["row"], t["line"], t["level"], t["detail"]) for t in done.report] == [
        (3, 4, "nulled", "not a number: many"),
        (2500, 2501, "nulled", "not a number: many"),
    ]


def test_a_file_that_breaks_off_is_imported_to_the_last_whole_row(tmp_path: Path) -> None:
    whole = gzip.compress((HEADER + "".join(f"t{n},Song {n * 7919},{n % 100}\n" for n in range(20_000))).encode())
    done = imported(tmp_path, write(tmp_path / "f.csv.gz", whole[: len(whole) // 2]), mapping=POPULAR)
    found = done.payloads("track")
    assert 1000 < len(found) < 20_000
    assert all(p["name"] == f"Song {int(p['id'][1:]) * 7919}" for p in found)
    assert any("breaks off" in line for line in done.summary.failed)


def test_a_git_lfs_pointer_is_told_as_one(tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
    done = imported(tmp_path, write(tmp_path / "f.csv", pointer), mapping=POPULAR)
    assert done.records == []
    assert "git-LFS pointer" in done.summary.failed[0]


def test_a_column_that_is_there_twice_is_an_error_where_it_is_used(tmp_path: Path) -> None:
    done = imported(tmp_path, write(tmp_path / "f.csv", "id,name,name\nt1,One,Two\n"), mapping=tracks())
    assert done.records == []
    assert "several columns are called name" in done.summary.failed[0]


def test_a_file_without_a_header_is_read_with_the_names_of_the_mapping(tmp_path: Path) -> None:
    mapping = mapping_of(
        {"file": {"header": ["id", "name"]}, "records": [{"kind": "track", "fields": {"id": "id", "name": "name"}}]}
    )
    done = imported(tmp_path, write(tmp_path / "f.csv", "t1,One\nt2,Two\n"), mapping=mapping)
    assert [p["id"] for p in done.payloads("track")] == ["t1", "t2"]


@pytest.mark.parametrize(
    "again",
    ["position,streams,track name,artist,track id", "TRACK ID,Artist,TRACK NAME,Streams,POSITION"],
)
def test_a_header_again_is_one_in_any_case_and_order(tmp_path: Path, again: str) -> None:
    values = {"position": "3", "streams": "80", "track name": "Three", "artist": "Third", "track id": "t3"}
    third = ",".join(values[name] for name in again.lower().split(","))
    lines = ["Position,Track Name,Artist,Streams,Track Id", "1,One,Singer,100,t1", "2,Two,Other,90,t2", again, third]
    fields = {"id": "Track Id", "name": "Track Name", "artists[].name": "Artist"}
    mapping = mapping_of({"records": [{"kind": "track", "fields": fields}]})
    done = imported(tmp_path, write(tmp_path / "a.csv", "\n".join(lines) + "\n"), mapping=mapping)
    assert [(track["id"], track["name"]) for track in done.payloads("track")] == [
        ("t1", "One"),
        ("t2", "Two"),
        ("t3", "Three"),
    ]
    assert done.report == []


@pytest.mark.parametrize("name", ["a.csv", "a.json"])
def test_a_row_that_holds_an_id_alone_is_counted_and_shown(tmp_path: Path, name: str) -> None:
    rows = [{"id": "t1", "name": "One"}, {"id": "t2", "name": ""}]
    text = json.dumps(rows) if name.endswith("json") else "id,name\nt1,One\nt2,\n"
    done = imported(tmp_path, write(tmp_path / name, text), mapping=tracks())
    assert len(done.payloads("track")) == 1
    assert done.reasons() == [(2, "track: nothing but its id")]
