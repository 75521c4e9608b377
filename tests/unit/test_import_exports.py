"""Spotify's own exports: zip or folder, every kind of file in them, and nothing personal."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from helpers.importing import imported, tracks, write
from soundlake.errors import UsageError
from soundlake.imports.personal import without_personal
from soundlake.imports.session import draft
from soundlake.settings import load_settings

PERSONAL = {
    "username": "a personal field",
    "ip_addr": "203.0.113.7",
    "ip_addr_decrypted": "203.0.113.8",
    "user_agent_decrypted": "a personal field",
    "city": "a personal field",
    "something_new": "a personal field",
}
SONG = {
    "ts": "2024-03-01T10:00:00Z",
    "platform": "android",
    "ms_played": 1234,
    "conn_country": "JP",
    "master_metadata_track_name": "Song",
    "master_metadata_album_artist_name": "Singer",
    "master_metadata_album_album_name": "Album",
    "spotify_track_uri": "spotify:track:t1",
    "episode_name": None,
    "reason_start": "clickrow",
    "shuffle": False,
    "skipped": None,
    "offline_timestamp": 1709287200,
    **PERSONAL,
}
EPISODE = {
    "ts": "2024-03-01T11:00:00Z",
    "ms_played": 10,
    "episode_name": "Episode 1",
    "episode_show_name": "Show",
    "spotify_episode_uri": "spotify:episode:e1",
    **PERSONAL,
}
CHAPTER = {
    "ts": "2024-03-01T12:00:00Z",
    "ms_played": 10,
    "audiobook_title": "Book",
    "audiobook_chapter_uri": "spotify:chapter:c1",
    "audiobook_chapter_title": "Chapter 1",
    **PERSONAL,
}


def extended(folder: Path, name: str = "Streaming_History_Audio_2024_0.json", rows: list[Any] | None = None) -> Path:
    text = json.dumps([SONG, EPISODE, CHAPTER] if rows is None else rows, indent=2)
    return write(folder / "Spotify Extended Streaming History" / name, "\ufeff" + text)


def test_the_extended_history_keeps_what_was_heard_and_drops_what_is_personal(tmp_path: Path) -> None:
    extended(tmp_path / "my")
    done = imported(tmp_path, tmp_path / "my", user="user-1")
    song, episode, chapter = done.payloads("play")
    assert song == {
        "user_id": "user-1",
        **{n: v for n, v in SONG.items() if v is not None and n not in PERSONAL and n != "conn_country"},
    }
    assert episode["episode_name"] == "Episode 1"
    assert chapter["audiobook_chapter_uri"] == "spotify:chapter:c1"
    assert "personal" not in repr(done.records) + repr(done.report)
    assert {record["source"] for record in done.records} == {"spotify-export"}


def test_videos_are_told_from_music_by_the_name_of_their_file(tmp_path: Path) -> None:
    extended(tmp_path / "my", "Streaming_History_Video_2020-2024.json", [EPISODE])
    (play,) = imported(tmp_path, tmp_path / "my", user="user-1").payloads("play")
    assert play["content_type"] == "video"


def test_a_file_of_an_export_is_known_by_its_fields_too(tmp_path: Path) -> None:
    file = write(tmp_path / "renamed.json", json.dumps([SONG]))
    assert len(imported(tmp_path, file, user="user-1").payloads("play")) == 1


def test_a_record_that_cannot_be_used_is_reported_without_personal_fields(tmp_path: Path) -> None:
    no_time = {**SONG, "ts": None}
    nothing_heard = {"ts": "2024-03-01T10:00:00Z", "ms_played": 0, **PERSONAL}
    extended(tmp_path / "my", rows=[no_time, SONG, nothing_heard])
    done = imported(tmp_path, tmp_path / "my", user="user-1")
    assert len(done.payloads("play")) == 1
    assert done.reasons() == [(1, "play: no ts"), (3, "play: nothing says what was played")]
    assert not any(value in repr(done.report) for value in ("personal field", "203.0.113"))
    assert "Singer" in done.report[0]["raw"]


def test_a_truncated_history_is_reported_without_personal_fields(tmp_path: Path) -> None:
    text = json.dumps([SONG, {"ts": "2024-03-01T10:00:00Z", **PERSONAL}])
    for cut in range(text.rindex('"ts"') + 10, len(text) - 1, 7):
        file = write(tmp_path / "Streaming_History_Audio_0.json", text[:cut])
        done = imported(tmp_path, file, user="user-1")
        assert len(done.payloads("play")) == 1
        assert [reason for _, reason in done.reasons()] == ["cut off", "not read"]
        assert done.summary.failed == [
            f"{file}: the file breaks off: it ends within its list; what stands before is imported"
        ]
        assert not any(value in repr(done.report) for value in ("personal field", "203.0.113"))


def test_a_library_is_told_once_whatever_lists_it_has(tmp_path: Path) -> None:
    library = {
        "tracks": [{"artist": "Björk", "track": "Jóga", "uri": "spotify:track:" + "a" * 22}],
        "albums": [{"artist": "Björk", "album": "Post", "uri": "spotify:album:" + "b" * 22}],
    }
    whole = json.dumps(library, ensure_ascii=False).encode("latin-1")
    file = tmp_path / "YourLibrary.json"
    file.write_bytes(whole)
    done = imported(tmp_path, file, user="user-1")
    assert [note for note in done.summary.notes if "no UTF-8" in note] == [
        f"{file}: 3 bytes are no UTF-8 and were read as Windows-1252 (Latin-1)"
    ]
    assert not done.summary.failed
    file.write_bytes(whole[: whole.index(b'album"') + 20])
    done = imported(tmp_path, file, user="user-1")
    assert done.summary.failed == [
        f"{file}: the file breaks off: it ends within its list; what stands before is imported"
    ]


@pytest.mark.parametrize(
    "raw",
    [
        '{"ip_addr": "203.0.113.7", "ms_played": 5}',
        "{'username': 'a personal field'}",
        '{"user_agent_decrypted": "a \\" personal field, and more',
        "heard from 203.0.113.7, at noon",
        "heard from 2001:db8:85a3:0:0:8a2e:370:7334",
        "heard from 2001:db8::7334 at 12:30:45",
    ],
)
def test_personal_fields_and_addresses_are_cut_out_of_raw_text(raw: str) -> None:
    shown = without_personal(raw)
    assert not any(part in shown for part in ("203.0.113", "personal field", "2001:db8"))
    assert "[left out]" in shown


def test_what_a_report_shows_of_a_row_is_json_without_what_it_hides(tmp_path: Path) -> None:
    row = {
        "id": "t1",
        "name": "x" * 5_000,
        "region": "jp",
        "user_name": "a personal field",
        "note": {"e_mail": "a personal field", "from": "203.0.113.7"},
        "popularity": "no number",
    }
    mapping = tracks(popularity="popularity")
    done = imported(tmp_path, write(tmp_path / "f.json", json.dumps([row])), mapping=mapping)
    assert json.loads(done.report[0]["raw"]) == {
        "id": "t1",
        "name": "x" * 400 + "…",
        "region": "jp",
        "note": {"e_mail": "[left out]", "from": "[left out]"},
        "popularity": "no number",
    }


BASIC = {
    "StreamingHistory_music_0.json": [
        {"endTime": "2024-01-05 12:34", "artistName": "Singer", "trackName": "Song", "msPlayed": 5}
    ],
    "StreamingHistory_podcast_0.json": [
        {"endTime": "2024-01-05 12:35", "podcastName": "Show", "episodeName": "Episode 1", "msPlayed": 6}
    ],
    "StreamingHistory_audiobook_0.json": [
        {
            "endTime": "2024-01-05 12:36",
            "audiobookName": "Book",
            "authorName": "Writer",
            "chapterName": "Chapter 1",
            "msPlayed": 7,
        }
    ],
    "Playlist1.json": {
        "playlists": [
            {
                "name": "List",
                "lastModifiedDate": "2024-01-01",
                "numberOfFollowers": 2,
                "items": [
                    {
                        "track": {
                            "trackName": "Song",
                            "artistName": "Singer",
                            "albumName": "Album",
                            "trackUri": "spotify:track:t1",
                        },
                        "addedDate": "2023-12-31",
                    },
                    {"localTrack": {"uri": "spotify:local:a:b:c:100"}, "addedDate": "2023-12-31"},
                    {"episode": {"episodeName": "Episode 1", "showName": "Show", "episodeUri": "spotify:episode:e1"}},
                ],
            },
            {"name": "List", "items": []},
        ]
    },
    "YourLibrary.json": {
        "tracks": [
            {"artist": "Singer", "album": "Album", "track": "Song", "uri": "spotify:track:t1"},
            {"artist": "Singer", "album": "Album", "track": "Old"},
        ],
        "albums": [{"artist": "Singer", "album": "Album", "uri": "spotify:album:l1"}],
        "shows": [],
        "artists": [{"name": "Singer", "uri": "spotify:artist:a1"}],
    },
    "Userdata.json": {"email": "a personal field"},
    "Payments.json": {"payment_method": "a personal field"},
}


def account_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in BASIC.items():
            archive.writestr(f"Spotify Account Data/{name}", json.dumps(content))
        archive.writestr("__MACOSX/Spotify Account Data/._Playlist1.json", b"\0\1")
        archive.writestr("Spotify Account Data/Read_Me_First.pdf", b"%PDF")
    return path


def test_the_account_data_gives_plays_playlists_and_the_library(tmp_path: Path) -> None:
    done = imported(tmp_path, account_zip(tmp_path / "my_spotify_data.zip"), user="user-1")
    audiobook, music, podcast = sorted(done.payloads("play"), key=lambda play: -play["msPlayed"])[0:3]
    assert audiobook["audiobook_chapter_title"] == "Chapter 1"
    by_time = {play["endTime"]: play for play in done.payloads("play")}
    assert by_time["2024-01-05 12:34"]["trackName"] == "Song"
    assert by_time["2024-01-05 12:35"]["episode_show_name"] == "Show"
    assert done.payloads("user_item") == [
        {"user_id": "user-1", "relation": "saved", "track": {"id": "t1"}},
        {"user_id": "user-1", "relation": "saved", "album": {"id": "l1"}},
        {"user_id": "user-1", "relation": "followed", "artist": {"id": "a1"}},
    ]
    assert music != podcast
    assert (2, "user_item: no uri of the track") in done.reasons()


def test_playlists_of_the_account_data_have_made_up_ids_and_all_their_entries(tmp_path: Path) -> None:
    done = imported(tmp_path, account_zip(tmp_path / "data.zip"), user="user-1")
    first, second = done.payloads("playlist")
    assert first["id"].startswith("soundlake-import-playlist:")
    assert first["id"] != second["id"]
    track, local, episode, empty = done.payloads("playlist_item")
    assert track["playlist"] == {"id": first["id"], "name": "List", "total": 3}
    assert (track["position"], track["track"]["id"], track["added_at"]) == (0, "t1", "2023-12-31")
    assert local["track"]["is_local"] is True
    assert (episode["track"]["id"], episode["track"]["type"]) == ("e1", "episode")
    assert (empty["playlist"]["total"], empty["track"]) == (0, None)


def test_personal_files_of_the_account_data_are_never_opened(tmp_path: Path) -> None:
    done = imported(tmp_path, account_zip(tmp_path / "data.zip"), user="user-1")
    assert "personal field" not in repr(done)
    (told,) = [note for note in done.summary.notes if "left out unread" in note]
    assert "Payments.json, Userdata.json" in told
    assert done.summary.failed == []


def test_both_histories_at_once_are_imported_with_a_warning(tmp_path: Path) -> None:
    extended(tmp_path / "my")
    done = imported(tmp_path, tmp_path / "my", account_zip(tmp_path / "data.zip"), user="user-1")
    assert len(done.payloads("play")) == 6
    assert any(note.startswith("both the extended streaming history and") for note in done.summary.notes)


def test_an_address_is_no_time_of_day() -> None:
    assert without_personal("at 12:30:45, 4:45, 1.2.3") == "at 12:30:45, 4:45, 1.2.3"


HEARD = {"endTime": "2025-04-12 13:47", "artistName": "A", "trackName": "T", "msPlayed": 3530}
LIKED = {"uri": "spotify:track:t1"}
ANSWER = {"id": "t1", "name": "T", "type": "track", "uri": "spotify:track:t1"}
KEPT = {"tracks": [{"track": "T", "uri": "spotify:track:t1"}], "albums": [], "artists": [], "bannedTracks": []}


@pytest.mark.parametrize("name", ["endsong_0.json", "YourLibrary.json"])
def test_a_row_has_the_number_of_its_place_whatever_is_before_it(tmp_path: Path, name: str) -> None:
    rows: list[Any] = [None, {**SONG, **LIKED}, {"a": 1}, "x", {**SONG, **LIKED}, {"a": 1}, 5]
    content = rows if name == "endsong_0.json" else {"tracks": rows[:3], "albums": [], "artists": rows[3:]}
    done = imported(tmp_path, write(tmp_path / name, json.dumps(content)), user="u1")
    told = [row for row, _ in done.reasons()]
    assert sorted(told, key=str) == ([1, 3, 4, 6, 7] if name == "endsong_0.json" else [1, 3, 4, 5, 6, 7])
    assert (done.summary.rows, len(done.records) + len(told)) == (7, 7)


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("StreamingHistory0.json", [SONG], {"play": 1}),
        ("endsong_0.json", [HEARD], {"play": 1}),
        ("Playlist1.json", [SONG], {"play": 1}),
        ("playlist.json", ANSWER, {"track": 1}),
        ("playlist1.json", {"tracks": {"href": "x", "total": 1, "items": [ANSWER]}}, {"track": 1}),
        ("my library.json", KEPT, {"user_item": 1}),
        (
            "playlist.json",
            [{"Track URI": "spotify:track:t1", "Track Name": "T", "Artist Name(s)": "A", "Added At": ""}],
            None,
        ),
    ],
)
def test_what_a_file_holds_says_more_than_its_name(
    tmp_path: Path, name: str, content: Any, found: dict[str, int] | None
) -> None:
    done = imported(tmp_path, write(tmp_path / name, json.dumps(content)), user="u1")
    assert done.summary.failed == []
    assert {k: n for k, n in done.summary.records.items() if n} == (
        found or {"track": 1, "playlist": 1, "playlist_item": 1}
    )


def test_playlists_of_another_data_set_are_none_of_the_account_data(tmp_path: Path) -> None:
    entry = {"pos": 0, "track_uri": "spotify:track:t1", "track_name": "T", "artist_name": "A"}
    slice_ = {"info": {}, "playlists": [{"pid": 0, "name": "L", "tracks": [entry]}]}
    done = imported(tmp_path, write(tmp_path / "mpd.slice.0-999.json", json.dumps(slice_)), user="u1")
    assert done.records == []
    assert "--infer" in done.summary.failed[0]


def test_a_technical_log_is_known_by_its_fields_where_no_name_tells_it(tmp_path: Path) -> None:
    row = {
        "timestamp_utc": "2021-11-15T13:41:44Z",
        "context_ip_address": "personal field",
        "message_page": "personal field",
    }
    file = write(tmp_path / "Journal technique" / "RawCoreStream.json", json.dumps([row]))
    done = imported(tmp_path, file, user="u1")
    assert (done.records, done.summary.failed) == ([], [])
    assert done.summary.notes[0].endswith("the technical log holds nothing for the lake")
    assert "personal field" not in repr(done)


def test_there_is_no_draft_for_an_export(tmp_path: Path) -> None:
    file = write(tmp_path / "history.json", json.dumps([SONG]))
    with pytest.raises(UsageError, match="it holds extended streaming history: `soundlake import history"):
        draft(load_settings(env={}), [str(file)])


@pytest.mark.parametrize("name", ["Playlist1.json", "YourLibrary.json"])
def test_a_file_that_only_has_the_name_of_one_is_told(tmp_path: Path, name: str) -> None:
    done = imported(tmp_path, write(tmp_path / name, '{"something": []}'), user="user-1")
    assert "there is no list of" in done.summary.failed[0]


def test_without_a_user_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--user ID: needed"):
        imported(tmp_path, extended(tmp_path))
