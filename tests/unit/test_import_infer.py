"""A drafted mapping is a mapping: it loads, and imports the file it was drafted from."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.importing import Imported, imported, write
from soundlake.errors import UsageError
from soundlake.imports.mapping_file import load_mapping
from soundlake.imports.session import draft
from soundlake.settings import load_settings

PLAIN = (
    "Spotify ID;Track Name;Artists;Album;Released;Length;Energy %;Popularity;Note\n"
    "t1;One;['A', 'B'];Album;12/28/2017;4:45;57;66;x\n"
    "t2;Two;['C'];Other;1/2/2018;58;60;70;y\n"
)


def drafted(folder: Path, file: Path) -> str:
    text = draft(load_settings(env={}), [str(file)])
    write(folder / "drafted.toml", text)
    return text


def test_a_draft_imports_the_file_it_was_drafted_from(tmp_path: Path) -> None:
    file = write(tmp_path / "my songs.csv", PLAIN)
    text = drafted(tmp_path, file)
    done = imported(tmp_path, file, mapping=load_mapping(tmp_path / "drafted.toml"))
    assert done.payloads("track")[0] == {
        "id": "t1",
        "name": "One",
        "artists": [{"name": "A"}, {"name": "B"}],
        "album": {"name": "Album", "release_date": "2017-12-28"},
        "duration_ms": 285_000,
        "popularity": 66,
    }
    assert '#   "Note", e.g. "x"' in text
    assert done.report == []


def test_a_draft_of_features_playlists_and_artists(tmp_path: Path) -> None:
    header = "track_id,playlist_id,playlist_name,danceability,energy,valence,tempo,artist_id,artist_name,genres"
    file = write(tmp_path / "f.csv", f"{header}\nt1,p1,List,0.5,0.6,0.7,120,a1,A,\"['pop']\"\n")
    text = drafted(tmp_path, file)
    kinds = [record.kind for record in load_mapping(tmp_path / "drafted.toml").records]
    assert kinds == ["track", "audio_features", "artist", "playlist", "playlist_item"]
    done = imported(tmp_path, file, mapping=load_mapping(tmp_path / "drafted.toml"))
    assert done.payloads("artist") == [{"id": "a1", "name": "A", "genres": ["pop"]}]
    assert done.payloads("playlist_item")[0]["position"] == 0
    assert "place" in text


def test_a_draft_of_nested_json(tmp_path: Path) -> None:
    rows = [{"played_at": "2024-01-01T00:00:00Z", "track": {"id": "t1", "name": "One"}, "ms_played": 5}]
    file = write(tmp_path / "f.json", json.dumps(rows))
    text = drafted(tmp_path, file)
    assert "played_at" in text


def test_rows_within_an_object_are_found(tmp_path: Path) -> None:
    file = write(tmp_path / "f.json", json.dumps({"total": 2, "items": [{"track_id": "t1", "track_name": "One"}]}))
    drafted(tmp_path, file)
    done = imported(tmp_path, file, mapping=load_mapping(tmp_path / "drafted.toml"))
    assert done.payloads("track") == [{"id": "t1", "name": "One"}]


def drafts_and_imports(folder: Path, file: Path) -> Imported:
    """Import a file by its own draft, with nothing changed in it."""
    drafted(folder, file)
    return imported(folder, file, mapping=load_mapping(folder / "drafted.toml"), user="me")


def test_an_index_and_newlines_and_units_and_lists_of_objects(tmp_path: Path) -> None:
    text = (
        ",uri,title,artists,release,duration (s),explicit?,Danceability,Energy,Loudness (dB),BPM,Key,Mode,Pop.\n"
        """0,spotify:track:t1,"One\nlive","[{'id': 'a1', 'name': 'A'}, {'id': 'a2', 'name': 'B, C'}]",2001,"""
        "180.5,True,0.1,0.2,-6.2,120,C#/Db,Major,5\n"
        """1,spotify:track:t2,"Two\nlive","[{'id': 'a1', 'name': 'A'}]",2002,58,False,0.3,0.4,-5,99.5,E,Minor,6\n"""
    )
    done = drafts_and_imports(tmp_path, write(tmp_path / "f.csv", text))
    assert done.payloads("track")[0] == {
        "id": "t1",
        "name": "One\nlive",
        "artists": [{"id": "a1", "name": "A"}, {"id": "a2", "name": "B, C"}],
        "album": {"release_date": "2001"},
        "duration_ms": 180_500,
        "explicit": True,
        "popularity": 5,
    }
    assert [(f["key"], f["mode"], f["loudness"], f["tempo"]) for f in done.payloads("audio_features")] == [
        (1, 1, -6.2, 120.0),
        (4, 0, -5.0, 99.5),
    ]
    assert done.report == []


def test_a_chart_with_other_numbers_and_dates_and_a_title_above(tmp_path: Path) -> None:
    text = (
        "Hitparade;;;;;\r\n\r\nRang;Titel;Interpret;Link;Woche;Streams\r\n"
        f"1;Lied Ä;Sänger;https://open.spotify.com/intl-de/track/{'t' * 22}?si=x;08.03.2024;1.234.000\r\n"
        f"2;Zwei;Sänger;https://open.spotify.com/track/{'u' * 22};15.03.2024;999\r\n"
    )
    done = drafts_and_imports(tmp_path, write(tmp_path / "weeks.csv", text.encode("cp1252")))
    assert [(r["fetched_at"], r["payload"]["position"]) for r in done.records if r["kind"] == "playlist_item"] == [
        ("2024-03-08T00:00:00Z", 0),
        ("2024-03-15T00:00:00Z", 1),
    ]
    first = done.payloads("playlist_item")[0]
    assert (first["streams"], first["track"]["id"], first["track"]["name"]) == (1_234_000, "t" * 22, "Lied Ä")
    assert (first["playlist"]["name"], first["playlist"]["id"][:25]) == ("weeks", "soundlake-import-playlist")


def test_tracks_without_ids_get_made_up_ones_and_the_draft_says_so(tmp_path: Path) -> None:
    text = (
        "Index,Title,Artist,Beats Per Minute (BPM),Energy,Danceability,Valence,Speechiness,Length (Duration)\n"
        "1,Sunrise,Norah Jones,157,30,53,68,0,201\n"
    )
    done = drafts_and_imports(tmp_path, write(tmp_path / "f.csv", text))
    (track,), (features,) = done.payloads("track"), done.payloads("audio_features")
    assert track["id"] == features["id"]
    assert track["id"].startswith("soundlake-import-track:")
    assert (features["danceability"], features["speechiness"], features["tempo"]) == (0.53, 0.0, 157.0)
    assert track["duration_ms"] == 201_000
    assert "made up of the names" in (tmp_path / "drafted.toml").read_text()


def test_a_log_of_nested_objects_with_times_in_milliseconds(tmp_path: Path) -> None:
    row = {
        "ts_ms": 1_700_000_000_000,
        "user": {"id": "u1", "email": "somebody@example.org"},
        "item": {"spotify_id": "t1", "title": "One", "artist": {"name": "A"}, "album": {"title": "X"}},
        "listened_ms": 5,
    }
    done = drafts_and_imports(tmp_path, write(tmp_path / "f.ndjson", json.dumps(row) + "\n"))
    assert done.payloads("play") == [
        {
            "user_id": "u1",
            "played_at": "2023-11-14T22:13:20Z",
            "track": {"id": "t1", "name": "One", "artists": [{"name": "A"}], "album": {"name": "X"}},
            "ms_played": 5,
        }
    ]
    assert "somebody" not in (tmp_path / "drafted.toml").read_text()


def test_playlists_that_hold_their_tracks(tmp_path: Path) -> None:
    lists = [
        {"name": "Mix", "pid": 0, "tracks": [{"pos": 0, "track_uri": "spotify:track:t1", "track_name": "One"}]},
        {"name": "Mix", "pid": 1, "tracks": [{"pos": 0, "track_uri": "spotify:track:t2", "track_name": "Two"}]},
    ]
    done = drafts_and_imports(tmp_path, write(tmp_path / "f.json", json.dumps({"info": {}, "playlists": lists})))
    assert [playlist["name"] for playlist in done.payloads("playlist")] == ["Mix", "Mix"]
    assert len({item["playlist"]["id"] for item in done.payloads("playlist_item")}) == 2
    assert [item["track"]["id"] for item in done.payloads("playlist_item")] == ["t1", "t2"]


def test_an_answer_of_the_api_that_was_kept(tmp_path: Path) -> None:
    track = {"id": "t1", "name": "One", "artists": [{"id": "a", "name": "A"}], "album": {"id": "b", "name": "B"}}
    page = {"href": "x", "items": [{"added_at": "2024-01-01T00:00:00Z", "track": track}], "total": 1}
    done = drafts_and_imports(tmp_path, write(tmp_path / "page.json", json.dumps(page)))
    assert done.payloads("track") == [track]
    assert [(i["position"], i["added_at"]) for i in done.payloads("playlist_item")] == [(0, "2024-01-01T00:00:00Z")]


def test_a_second_header_with_another_order_does_not_mix_up_the_columns(tmp_path: Path) -> None:
    text = drafted(tmp_path, write(tmp_path / "f.csv", "track_id,name,note\nt1,One,x\nnote,name,track_id\ny,Two,t2\n"))
    assert '#   "note", e.g. "x"' in text


def test_rows_that_are_held_by_their_keys_are_told(tmp_path: Path) -> None:
    turned = {"track_id": {"0": "t1", "1": "t2"}, "track_name": {"0": "One", "1": "Two"}}
    with pytest.raises(UsageError, match="no list of rows"):
        drafted(tmp_path, write(tmp_path / "f.json", json.dumps(turned)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("track_id\nt1\nt2\n", "soundlake extract tracks --from"),
        ("\n<!DOCTYPE html>\n<html><p>Sign in, please, here</p></html>\n", "a web page"),
    ],
)
def test_what_is_no_table_is_told_with_what_to_do(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        drafted(tmp_path, write(tmp_path / "f.csv", content))


def test_a_spreadsheet_is_told_as_one(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "f.xlsx", "w") as book:
        book.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(UsageError, match="save the sheet as CSV"):
        drafted(tmp_path, tmp_path / "f.xlsx")


def test_a_header_may_have_a_name_twice(tmp_path: Path) -> None:
    file = write(tmp_path / "f.csv", "track_id,track_name,note,note\nt1,One,x,y\n")
    assert drafts_and_imports(tmp_path, file).payloads("track") == [{"id": "t1", "name": "One"}]


@pytest.mark.parametrize(("name", "content"), [("f.csv", ""), ("f.json", ""), ("f.json", "[]")])
def test_an_empty_file_gives_no_draft(tmp_path: Path, name: str, content: str) -> None:
    with pytest.raises(UsageError, match=r"is empty|no JSON object"):
        drafted(tmp_path, write(tmp_path / name, content))


def test_an_artists_file_gives_artists(tmp_path: Path) -> None:
    file = write(tmp_path / "f.csv", "id,name,followers,genres\na1,A,5,pop;rock\n")
    drafted(tmp_path, file)
    (record,) = load_mapping(tmp_path / "drafted.toml").records
    assert record.kind == "artist"


def test_a_file_without_ids_gives_no_draft(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="by hand"):
        drafted(tmp_path, write(tmp_path / "f.csv", "city,weather\nx,y\n"))


def test_a_file_that_is_no_table_gives_no_draft(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="git-LFS"):
        drafted(tmp_path, write(tmp_path / "f.csv", "version https://git-lfs.github.com/spec/v1\noid x\n"))


def drafted_and_imported(folder: Path, name: str, content: str) -> Imported:
    """What a draft says of the file that it was drafted from, and what the file becomes with it."""
    file = write(folder / name, content)
    drafted(folder, file)
    done = imported(folder, file, mapping=load_mapping(folder / "drafted.toml"), user="u1")
    assert done.summary.failed == []
    return done


def test_a_note_before_the_header_is_none(tmp_path: Path) -> None:
    done = drafted_and_imported(tmp_path, "note.csv", "My list\nTitle,Artist\nOne,Singer\nTwo,Other\n")
    assert [(t["name"], t["artists"]) for t in done.payloads("track")] == [
        ("One", [{"name": "Singer"}]),
        ("Two", [{"name": "Other"}]),
    ]
    assert done.report == []


def test_a_cell_that_is_quoted_behind_a_space_is_one(tmp_path: Path) -> None:
    content = 'TITLE, ARTIST\n"Les eaux de mars", "Stacey, K"\n"The Look of Love", "Diana"\n'
    done = drafted_and_imported(tmp_path, "title_artist.csv", content)
    assert [(t["name"], t["artists"]) for t in done.payloads("track")] == [
        ("Les eaux de mars", [{"name": "Stacey, K"}]),
        ("The Look of Love", [{"name": "Diana"}]),
    ]
    assert done.report == []


A, B, C, D = ("1aaaaaaaaaaaaaaaaaaaaa", "2bbbbbbbbbbbbbbbbbbbbb", "1hhhhhhhhhhhhhhhhhhhhh", "2hhhhhhhhhhhhhhhhhhhhh")


@pytest.mark.parametrize("column", ["Artist IDs", "Artist ID(s)", "Artist URI", "Artist URI(s)"])
@pytest.mark.parametrize(("before", "comma"), [("", ","), ("spotify:artist:", ", ")])
def test_ids_with_commas_in_one_cell_are_apart_and_so_are_the_names_beside_them(
    tmp_path: Path, column: str, before: str, comma: str
) -> None:
    one, two = f"{before}{C}", f"{before}{D}{comma}{before}{C}"
    rows = [f"{A},{one},Alpha,One", f'{B},"{two}",Beta,"Two{comma}One"']
    content = "\n".join([f"Spotify ID,{column},Track Name,Artist Name(s)", *rows, ""])
    done = drafted_and_imported(tmp_path, "list.csv", content)
    assert [t["artists"] for t in done.payloads("track")] == [
        [{"id": C, "name": "One"}],
        [{"id": D, "name": "Two"}, {"id": C, "name": "One"}],
    ]
    assert done.report == []


@pytest.mark.parametrize("column", ["track", "song", "code", "what is it"])
def test_a_column_of_ids_is_an_id_whatever_it_is_called(tmp_path: Path, column: str) -> None:
    content = f"{column},Title,Artist,Popularity\n{A},Alpha,One,5\n{B},Beta,Two,6\n"
    done = drafted_and_imported(tmp_path, "list.csv", content)
    assert [(t["id"], t["name"]) for t in done.payloads("track")] == [(A, "Alpha"), (B, "Beta")]


NAMES = st.sampled_from(["One", "Two, too", "Drei; vier", 'Tall 5"', "日本", "  padded", "NA", "Ünï", "R&B", "a|b"])
ROWS = st.lists(st.tuples(NAMES, NAMES, st.sampled_from(["", "5", "77"])), min_size=3, max_size=12)
NOTES = st.lists(st.sampled_from(["My list", "exported 2026-01-01", "", "figures, without guarantee"]), max_size=3)


@pytest.mark.heavy
@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=ROWS,
    notes=NOTES,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    space=st.booleans(),
    with_ids=st.booleans(),
)
def test_a_draft_imports_the_file_that_it_was_drafted_from(
    tmp_path: Path,
    rows: list[tuple[str, str, str]],
    notes: list[str],
    delimiter: str,
    newline: str,
    space: bool,
    with_ids: bool,
) -> None:
    def line(*cells: str) -> str:
        quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
        return (delimiter + " " * space).join(quoted)

    ids = [f"{number:022}" for number in range(len(rows))]
    head = ("Song", "Artist", "Popularity", *(["Spotify ID"] if with_ids else []))
    body = [line(*row, *([id_] if with_ids else [])) for row, id_ in zip(rows, ids, strict=True)]
    done = drafted_and_imported(tmp_path, "f.csv", newline.join([*notes, line(*head), *body]) + newline)
    found = [(t["name"].strip(), t.get("popularity")) for t in done.payloads("track")]
    assert found == [(name.strip(), int(number) if number else None) for name, _, number in rows]
    assert done.report == []
    if with_ids:
        assert [t["id"] for t in done.payloads("track")] == ids


def as_list_of(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, ensure_ascii=False)


# How JSON holds rows: in a list, on lines, glued together, one below the other, and within objects.
HOLDERS: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "list": as_list_of,
    "lines": lambda rows: "".join(json.dumps(row) + "\n" for row in rows),
    "glued": lambda rows: "".join(map(json.dumps, rows)),
    "indented": lambda rows: json.dumps(rows, indent=2, ensure_ascii=False),
    "object": lambda rows: json.dumps({"exported": "2026-01-01", "tags": ["a", "b"], "data": rows}),
    "objects": lambda rows: json.dumps({"about": {"rows": len(rows)}, "data": {"of": "me", "songs": rows}}),
}
# In a column of names these are taken for what separates several.
ARTISTS = st.lists(NAMES.filter(lambda name: not {";", "|"} & set(name)), min_size=1, max_size=3)
# How a row says who plays: one name, or a list of names or of objects.
BY: dict[str, Callable[[list[str]], Any]] = {
    "name": lambda names: names[0],
    "names": lambda names: names,
    "objects": lambda names: [{"name": name} for name in names],
}


@pytest.mark.heavy
@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(NAMES, ARTISTS, st.sampled_from([None, 5, 77])), min_size=1, max_size=8),
    holder=st.sampled_from(sorted(HOLDERS)),
    by=st.sampled_from(sorted(BY)),
    within=st.sampled_from([None, "track", "item"]),
    with_ids=st.booleans(),
    leaves_out=st.booleans(),
    turned=st.booleans(),
)
def test_a_draft_imports_the_json_that_it_was_drafted_from(
    tmp_path: Path,
    rows: list[tuple[str, list[str], int | None]],
    holder: str,
    by: str,
    within: str | None,
    with_ids: bool,
    leaves_out: bool,
    turned: bool,
) -> None:
    """`leaves_out`: a null is no field; `turned`: every second row has its fields in another order."""
    ids = [f"{number:022}" for number in range(len(rows))]

    def row(place: int) -> dict[str, Any]:
        name, artists, number = rows[place]
        song = {"title": name, "artists": BY[by](artists), "popularity": number}
        song |= {"track_id": ids[place]} if with_ids else {}
        fields = [pair for pair in song.items() if not (leaves_out and pair[1] is None)]
        made = dict(reversed(fields) if turned and place % 2 else fields)
        return made if within is None else {"number": place, within: made}

    done = drafted_and_imported(tmp_path, "f.json", HOLDERS[holder]([row(place) for place in range(len(rows))]))
    named = [artists[:1] if by == "name" else artists for _, artists, _ in rows]
    assert [
        (t["name"], [artist["name"] for artist in t["artists"]], t.get("popularity")) for t in done.payloads("track")
    ] == [(name, artists, number) for (name, _, number), artists in zip(rows, named, strict=True)]
    assert done.report == []
    if with_ids:
        assert [t["id"] for t in done.payloads("track")] == ids
