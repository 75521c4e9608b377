"""A drafted mapping is a mapping: it loads, and imports the file it was drafted from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from importing import imported, write

from soundlake.errors import UsageError
from soundlake.extract.imports.mapping import load_mapping
from soundlake.extract.imports.session import draft
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
