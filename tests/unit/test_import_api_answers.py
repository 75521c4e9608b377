"""Saved answers of the Spotify Web API: what they hold becomes records by `type` and `uri`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.importing import Imported, imported, write
from soundlake.imports.infer import drafted
from soundlake.imports.inputs import inputs_of
from soundlake.imports.opening import UnopenedError
from soundlake.kinds import KINDS
from soundlake.kinds.kind import Envelope
from soundlake.settings import load_settings

ARTIST = {"id": "a1", "name": "A Singer", "type": "artist", "uri": "spotify:artist:a1", "genres": ["pop"]}
TRACK = {
    "id": "t1",
    "name": "A Song",
    "type": "track",
    "uri": "spotify:track:t1",
    "popularity": 5,
    "album": {"id": "l2", "name": "B", "album_type": "single", "type": "album"},
    "artists": [{"id": "a1", "name": "A Singer"}],
}
EPISODE = {"id": "e1", "name": "An Episode", "type": "episode", "uri": "spotify:episode:e1"}
FEATURES = {"id": "t1", "type": "audio_features", "uri": "spotify:track:t1", "energy": 0.5}
ALBUM = {
    "album_type": "single",
    "id": "l1",
    "name": "An Album",
    "type": "album",
    "uri": "spotify:album:l1",
    "release_date": "2026-03-01",
    "artists": [ARTIST],
    "tracks": {"items": [{"id": "t2", "name": "Two", "type": "track", "uri": "spotify:track:t2"}], "total": 1},
}
ENTRIES = {
    "href": "",
    "offset": 100,
    "total": 102,
    "next": None,
    "items": [
        {"added_at": "2026-10-01T00:00:00Z", "added_by": {"id": "somebody"}, "item": TRACK},
        {"added_at": "2026-10-02T00:00:00Z", "item": EPISODE},
    ],
}


def take(folder: Path, answer: Any, name: str = "answer.json", user: str | None = None) -> Imported:
    return imported(folder, write(folder / name, json.dumps(answer)), user=user)


def kinds(done: Imported) -> list[tuple[str, Any]]:
    return [(r["kind"], r["payload"].get("id") or r["payload"].get("position")) for r in done.records]


def test_an_album_becomes_an_album_and_its_tracks(tmp_path: Path) -> None:
    done = take(tmp_path, ALBUM)
    assert sorted(kinds(done)) == [("album", "l1"), ("track", "t2")]
    (album,), (track,) = done.payloads("album"), done.payloads("track")
    assert (album["album_type"], "tracks" in album) == ("single", False)
    assert track["album"]["release_date"] == "2026-03-01"
    assert {record["source"] for record in done.records} == {"spotify-api"}


def test_the_place_of_an_entry_is_the_offset_of_its_page_and_its_own(tmp_path: Path) -> None:
    done = take(tmp_path, ENTRIES, "my list.json")
    entries = done.payloads("playlist_item")
    assert [entry["position"] for entry in entries] == [100, 101]
    assert {entry["playlist"]["total"] for entry in entries} == {102}
    assert {entry["playlist"]["name"] for entry in entries} == {"my list"}
    assert done.payloads("track") == [TRACK]
    assert "somebody" not in repr(done)
    read = [KINDS["playlist_item"].read(entry, Envelope(0, True, None, None, 0)) for entry in entries]
    assert [row["track_id"] for row in read] == ["t1", None]
    assert done.reasons() == []


def test_a_page_of_a_playlist_says_which_one_it_is_of(tmp_path: Path) -> None:
    href = "https://api.spotify.com/v1/playlists/37i9dQZF1DX/tracks?offset=0&limit=100"
    done = take(tmp_path, {**ENTRIES, "href": href, "offset": 0})
    assert {entry["playlist"]["id"] for entry in done.payloads("playlist_item")} == {"37i9dQZF1DX"}


@pytest.mark.parametrize("name", ["items", "tracks"])
def test_a_playlist_becomes_a_playlist_and_its_entries(tmp_path: Path, name: str) -> None:
    page = {"href": "", "total": 1, "items": [{"added_at": "2026-10-01T00:00:00Z", name[:-1]: TRACK}]}
    playlist = {
        "id": "p1",
        "name": "L",
        "type": "Playlist",
        "uri": "spotify:playlist:p1",
        "snapshot_id": "s",
        name: page,
    }
    done = take(tmp_path, {**playlist, name: page})
    assert sorted(kinds(done)) == [("playlist", "p1"), ("playlist_item", 0), ("track", "t1")]
    assert done.payloads("playlist")[0]["items"] == {"total": 1}
    assert done.payloads("playlist_item")[0]["playlist"] == {"id": "p1", "name": "L", "snapshot_id": "s", "total": 1}


def test_an_empty_playlist_says_so(tmp_path: Path) -> None:
    playlist = {"id": "p1", "name": "L", "type": "playlist", "uri": "", "items": {"href": "", "total": 0, "items": []}}
    (entry,) = take(tmp_path, playlist).payloads("playlist_item")
    assert (entry["position"], entry["track"], entry["playlist"]["total"]) == (0, None, 0)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"tracks": [TRACK, None], "artists": [ARTIST]}, [("artist", "a1"), ("track", "t1")]),
        ({"tracks": {"items": [TRACK], "total": 9}, "albums": {"items": [ALBUM], "total": 1}}, None),
        ([TRACK, ARTIST], [("artist", "a1"), ("track", "t1")]),
        ({**TRACK, "type": "TRACK"}, [("track", "t1")]),
        ({k: v for k, v in ARTIST.items() if k != "type"}, [("artist", "a1")]),
        (
            {"audio_features": [{"id": "t1", "type": "audio_features", "uri": "u", "energy": 0.5}]},
            [("audio_features", "t1")],
        ),
    ],
)
def test_what_holds_several_becomes_all_of_them(tmp_path: Path, answer: Any, found: list[Any] | None) -> None:
    done = take(tmp_path, answer)
    assert sorted(kinds(done)) == (found or [("album", "l1"), ("track", "t1"), ("track", "t2")])
    assert done.summary.failed == []


def test_what_no_kind_takes_is_told(tmp_path: Path) -> None:
    done = take(tmp_path, [TRACK, EPISODE])
    assert kinds(done) == [("track", "t1")]
    assert done.reasons() == [(2, "episode: no kind takes it")]


def test_what_was_played_and_saved_is_somebodys(tmp_path: Path) -> None:
    played = {"href": "", "items": [{"played_at": "2026-10-01T00:00:00Z", "track": TRACK, "context": None}]}
    saved = {
        "href": "https://api.spotify.com/v1/me/tracks?offset=0",
        "total": 1,
        "items": [{"added_at": "2026-10-01T00:00:00Z", "track": TRACK}],
    }
    assert take(tmp_path, played).reasons() == [(1, "play: --user has to say whose it is")]
    (play,) = take(tmp_path, played, user="u1").payloads("play")
    assert (play["user_id"], play["track"]["id"]) == ("u1", "t1")
    (item,) = take(tmp_path, saved, user="u1").payloads("user_item")
    assert item == {"user_id": "u1", "relation": "saved", "track": {"id": "t1"}, "added_at": "2026-10-01T00:00:00Z"}


def test_there_is_no_draft_for_an_answer(tmp_path: Path) -> None:
    file = write(tmp_path / "album.json", json.dumps(ALBUM))
    with pytest.raises(UnopenedError, match="without a mapping"):
        drafted(inputs_of([str(file)], load_settings(env={}), tmp_path).files[0])
