"""A mapping file is checked as a whole, and what it says holds for every row on both roads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.importing import imported, mapping_of, write
from soundlake.errors import UsageError
from soundlake.imports.bundled import bundled, mapping_named
from soundlake.imports.columns import Columns
from soundlake.imports.context import Context
from soundlake.imports.fields import FIELDS, NEEDED
from soundlake.imports.mapping_file import load_mapping, parse_mapping
from soundlake.imports.plan import bind
from soundlake.kinds import KINDS


@pytest.mark.parametrize(
    ("kind", "path", "type_"),
    [
        ("track", "album.release_date", "date"),
        ("track", "artists[].id", "id"),
        ("track", "external_ids.isrc", "text"),
        ("artist", "genres", "texts"),
        ("audio_features", "tempo", "number"),
        ("audio_features", "key", "integer"),
        ("playlist_item", "track.is_local", "flag"),
        ("playlist_item", "playlist.total", "integer"),
        ("play", "played_at", "time"),
        ("play", "platform", "platform"),
    ],
)
def test_a_mapping_may_fill_every_field_that_a_kind_reads_by_its_type(kind: str, path: str, type_: str) -> None:
    assert FIELDS[kind][path] == type_


def test_every_kind_can_be_imported() -> None:
    assert FIELDS.keys() == KINDS.keys() == NEEDED.keys()


def test_all_errors_are_told_at_once() -> None:
    raw = {
        "name": "a name",
        "colour": "red",
        "file": {"encoding": "utf-99"},
        "records": [
            {"kind": "track", "fields": {"id": {"column": "x", "value": 1}, "popularty": "p"}},
            {"kind": "song", "fields": {}},
            {"kind": "artist", "fields": {"name": "n", "genres": "g"}},
            {
                "kind": "album",
                "fields": {
                    "id": {"column": "a", "match": "album/.+"},
                    "name": {"column": "n", "match": "("},
                    "label": {"template": "no column"},
                    "release_date": {"column": "d", "zone": "Europe/Atlantis", "format": ["%Y", "%d. %B"]},
                },
            },
        ],
    }
    with pytest.raises(UsageError) as error:
        parse_mapping(raw, "my.toml")
    told = "\n".join(error.value.problems)
    for line in (
        "my.toml: name: String should match pattern",
        "my.toml: colour: Extra inputs are not permitted",
        "my.toml: file.encoding: there is no encoding utf-99",
        "my.toml: records[0].fields.id: needs exactly one of column",
        "my.toml: records[0].fields.popularty: a track has no such field; did you mean popularity?",
        "my.toml: records[1].kind: Input should be 'track'",
        "my.toml: records[2].fields.genres: a list: say how it is written",
        "my.toml: records[2].fields: an artist needs id",
        "my.toml: records[3].fields.id.match: has no group: the part that is meant stands in parentheses",
        "my.toml: records[3].fields.name.match: not a valid regular expression: ",
        "my.toml: records[3].fields.label.template: names no column; a column stands in braces",
        "my.toml: records[3].fields.release_date.zone: there is no time zone Europe/Atlantis",
        "my.toml: records[3].fields.release_date.format: %d. %B has no year",
    ):
        assert line in told


def test_a_file_that_is_no_toml_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not valid TOML"):
        load_mapping(write(tmp_path / "m.toml", "name = "))


@pytest.mark.parametrize("name", ["nothing", "x" * 5_000, "~nobody-of-this-name/my.toml"])
def test_a_name_that_is_neither_bundled_nor_a_file_is_told_with_those_that_are(name: str) -> None:
    with pytest.raises(UsageError, match="tidytuesday-songs"):
        mapping_named(name)


def test_nested_keys_may_be_quoted_or_not(tmp_path: Path) -> None:
    text = 'name = "m"\n[[records]]\nkind = "track"\n[records.fields]\nid = "a"\nalbum.id = "b"\n"album.name" = "c"\n'
    assert set(load_mapping(write(tmp_path / "m.toml", text)).records[0].fields) == {"id", "album.id", "album.name"}


def test_every_bundled_mapping_has_columns_by_which_its_files_are_known() -> None:
    assert len(bundled()) >= 11
    assert all(mapping.detect for mapping in bundled().values())


EVERYTHING = mapping_of(
    {
        "fetched_at": {"column": "day"},
        "market": {"column": "market", "null": ["global"]},
        "file": {"null": ["NA"]},
        "records": [
            {
                "kind": "track",
                "distinct": True,
                "fields": {
                    "id": "id",
                    "name": "name",
                    "artists[].id": {"column": "ids", "list": ";"},
                    "artists[].name": {"column": "names", "list": ";"},
                    "album.name": {"template": "{name} ({market})"},
                    "album.release_date": "day",
                    "duration_ms": {"column": "length", "type": "duration"},
                    "popularity": "number",
                    "explicit": "flag",
                },
            },
            {
                "kind": "playlist_item",
                "when": {"column": "market"},
                "fields": {
                    "playlist.id": {"column": "market", "made_up": "playlist"},
                    "position": {"place": {"within": "market", "of": "id"}},
                    "track.id": "id",
                    "streams": "number",
                },
            },
            {"kind": "audio_features", "optional": True, "fields": {"id": "id", "energy": "number", "key": "number"}},
        ],
    }
)
CELLS: dict[str, list[str]] = {
    "id": ["t1", "t2", "6f807x0ima9a1j3VPbc7VN", "spotify:track:t1", "spotify:episode:e", "", "NA", 'q"\\'],
    "name": ["One", "NA", " ", 'Tw"o\\', "日本\n", "\u2028"],
    "ids": ["a;b", "a", "", "a;;c"],
    "names": ["A;B", "A", "", "x"],
    "length": ["4:45", "58", "x", ""],
    "number": ["5", "5.0", "0.25", "1e3", "+7", "1,000", "many", "nan", "1_0", "007", "-0", ""],
    "flag": ["True", "0", "maybe", ""],
    "day": ["2021-03-27", "2021-03-27T01:00:00+02:00", "soon"],
    "market": ["JP", "global", "", "NA"],
}


class Silent:
    def __init__(self) -> None:
        self.told: list[tuple[int, str, str]] = []
        self.place = 0

    def at(self, place: int) -> None:
        self.place = place

    def rejected(self, kind: str, detail: str) -> None:
        self.told.append((self.place, kind, detail))

    nulled = rejected


def test_a_template_and_a_place_take_whatever_json_holds(tmp_path: Path) -> None:
    rows = [
        {"name": "One", "by": ["A", "B"], "list": ["x"]},
        {"name": "Two", "by": [{"name": "C"}], "list": ["x"]},
        {"name": "Three", "by": {"name": "C"}, "list": ["y"]},
    ]
    fields = {
        "playlist.id": {"column": "list", "made_up": "playlist", "type": "texts"},
        "position": {"place": {"within": "list", "of": "by"}},
        "track.name": {"template": "{by} - {name}"},
    }
    mapping = mapping_of({"records": [{"kind": "playlist_item", "fields": fields}]})
    done = imported(tmp_path, write(tmp_path / "f.json", json.dumps(rows)), mapping=mapping)
    said = [(item["position"], item.get("track")) for item in done.payloads("playlist_item")]
    assert said == [(0, {"name": "A, B - One"}), (1, {"name": "C - Two"}), (0, None)]
    assert done.reasons() == [(3, "name: not a text")]


@pytest.mark.heavy
@settings(max_examples=200)
@given(st.lists(st.tuples(*(st.sampled_from(cells) for cells in CELLS.values())), min_size=1, max_size=12))
def test_the_quick_road_gives_what_the_other_one_gives(rows: list[tuple[str, ...]]) -> None:
    def made(quick: bool) -> tuple[Any, Any]:
        issues = Silent()
        plan = bind(EVERYTHING, Columns(list(CELLS)), Context("s", "2020-01-01T00:00:00Z", "file"), rows)
        found = plan.made([list(row) for row in rows], range(1, len(rows) + 1), issues, quick)
        return [(one.kind, one.keys, list(map(json.loads, one.values))) for one in found], sorted(issues.told)

    assert made(quick=True) == made(quick=False)


def test_what_the_file_has_no_column_for_is_left_out_and_told(tmp_path: Path) -> None:
    mapping = mapping_of(
        {"records": [{"kind": "track", "fields": {"id": "id", "name": ["title", "song"], "explicit": "explicit"}}]}
    )
    done = imported(tmp_path, write(tmp_path / "f.csv", "id,song\nt1,One\n"), mapping=mapping)
    assert done.payloads("track") == [{"id": "t1", "name": "One"}]
    assert any("no column explicit" in note for note in done.summary.notes)


def test_names_that_do_not_match_their_ids_are_dropped_rather_than_guessed(tmp_path: Path) -> None:
    fields = {"id": "id", "artists[].id": {"column": "i", "list": ";"}, "artists[].name": {"column": "n", "list": ";"}}
    mapping = mapping_of({"records": [{"kind": "track", "fields": fields}]})
    done = imported(tmp_path, write(tmp_path / "f.csv", "id,i,n\nt1,a;b,A; B; C\n"), mapping=mapping)
    assert done.payloads("track") == [{"id": "t1", "artists": [{"id": "a"}, {"id": "b"}]}]
    assert done.report[0]["level"] == "nulled"


def test_a_record_that_says_nothing_of_its_thing_is_not_made(tmp_path: Path) -> None:
    fields = {"id": "id", "provider": {"value": "x"}, "energy": "energy"}
    mapping = mapping_of({"records": [{"kind": "audio_features", "fields": fields}]})
    done = imported(tmp_path, write(tmp_path / "f.csv", "id,energy\nt1,0.5\nt2,\n"), mapping=mapping)
    assert [p["id"] for p in done.payloads("audio_features")] == ["t1"]


def test_a_mapping_of_plays_takes_the_user_from_the_command(tmp_path: Path) -> None:
    fields = {"played_at": "when", "track.id": "id", "ms_played": "ms"}
    mapping = mapping_of({"records": [{"kind": "play", "fields": fields}]})
    file = write(tmp_path / "f.csv", "when,id,ms\n2024-01-02T03:04:05Z,t1,1000\n")
    with pytest.raises(UsageError, match="--user"):
        imported(tmp_path, file, mapping=mapping)
    done = imported(tmp_path, file, mapping=mapping, user="user-1")
    assert done.payloads("play") == [
        {"user_id": "user-1", "played_at": "2024-01-02T03:04:05Z", "track": {"id": "t1"}, "ms_played": 1000}
    ]


@pytest.mark.parametrize(("name", "region"), [("regional-jp-daily.csv", "jp"), ("daily.csv", None)])
def test_a_part_of_the_files_name_can_be_meant(tmp_path: Path, name: str, region: str | None) -> None:
    fields = {
        "playlist.id": {"given": "file", "match": "regional-([a-z]+)-", "made_up": "playlist"},
        "playlist.name": {"given": "file", "match": "regional-([a-z]+)-"},
        "position": {"given": "row"},
        "track.name": "Song",
    }
    mapping = mapping_of({"records": [{"kind": "playlist_item", "fields": fields}]})
    done = imported(tmp_path, write(tmp_path / name, "Song\nOne\n"), mapping=mapping)
    assert [item["playlist"]["name"] for item in done.payloads("playlist_item")] == ([region] if region else [])
    assert len(done.summary.failed) == (region is None)
