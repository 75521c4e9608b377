"""Play records: the recently-played API, the extended export, the basic export."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from helpers.building import envelope, utc
from helpers.decoding import Read, read
from soundlake.kinds.play import KIND

TRACK: dict[str, Any] = {
    "id": "t1",
    "name": "A Title",
    "uri": "spotify:track:t1",
    "type": "track",
    "artists": [{"id": "a1", "name": "First"}, {"id": "a2", "name": "Second"}],
    "album": {"id": "b1", "name": "An Album"},
}
UNKNOWN_URI = {"id": None, "uri": "spotify:track:null", "type": "track", "is_local": True}
API: dict[str, Any] = {
    "user_id": "u1",
    "played_at": "2026-02-03T04:05:06.789Z",
    "track": TRACK,
    "context": {"type": "playlist", "uri": "spotify:playlist:p1"},
}
EXPORT: dict[str, Any] = {
    "user_id": "u1",
    "ts": "2026-02-03T04:05:06Z",
    "platform": "ios",
    "ms_played": 61000,
    "conn_country": "JP",
    "ip_addr": "192.0.2.1",
    "master_metadata_track_name": "A Title",
    "master_metadata_album_artist_name": "First",
    "master_metadata_album_album_name": "An Album",
    "spotify_track_uri": "spotify:track:t1",
    "episode_name": None,
    "episode_show_name": None,
    "spotify_episode_uri": None,
    "reason_start": "clickrow",
    "reason_end": "trackdone",
    "shuffle": True,
    "skipped": False,
    "offline": False,
}
NO_TRACK = {name: None for name in EXPORT if name.startswith("master_") or name == "spotify_track_uri"}
EPISODE = (
    EXPORT
    | NO_TRACK
    | {
        "episode_name": "Part 1",
        "episode_show_name": "A Show",
        "spotify_episode_uri": "spotify:episode:e1",
    }
)
CHAPTER = (
    EXPORT
    | NO_TRACK
    | {
        "audiobook_title": "A Book",
        "audiobook_uri": "spotify:show:s1",
        "audiobook_chapter_uri": "spotify:chapter:c1",
        "audiobook_chapter_title": "Chapter 1",
    }
)
BASIC = {
    "user_id": "u1",
    "endTime": "2026-02-03 04:05",
    "artistName": "First",
    "trackName": "A Title",
    "msPlayed": 61000,
}


@pytest.fixture(scope="module")
def plays() -> Read:
    records = {
        "api": envelope("play", API),
        "export": envelope("play", EXPORT, source="export"),
        "episode": EPISODE,
        "chapter": CHAPTER,
        "basic": BASIC,
        "api episode": API
        | {
            "track": {
                "id": "e1",
                "name": "Part 1",
                "type": "episode",
                "uri": "spotify:episode:e1",
                "show": {"name": "A Show"},
            }
        },
        "video": EXPORT | {"spotify_track_uri": "spotify:video:v1"},
        "stated video": EXPORT | {"content_type": "video"},
        "unknown content type": EXPORT | {"content_type": "hologram"},
        "local": API | {"track": TRACK | {"id": None, "uri": "spotify:local:::Mine:61"}},
        "names only": EXPORT | {"spotify_track_uri": None},
        "other names only": EXPORT | {"spotify_track_uri": None, "master_metadata_track_name": "Another"},
        "without uri": API | {"track": {k: v for k, v in TRACK.items() if k != "uri"}},
        "polled later": envelope("play", API, fetched_at="2026-03-01T23:00:00Z"),
        "in another zone": EXPORT | {"ts": "2026-02-03T13:05:06+09:00"},
        "a second later": EXPORT | {"ts": "2026-02-03T04:05:07Z"},
        "another user": EXPORT | {"user_id": "u2"},
        "another track": EXPORT | {"spotify_track_uri": "spotify:track:t2"},
        "type in capitals": API | {"track": {"id": "t1", "name": "A Title", "type": "Track"}},
        "episode in capitals": API | {"track": {"id": "e1", "name": "Part 1", "type": "EPISODE"}},
        "video in capitals": EXPORT | {"content_type": "Video"},
        "uri of null": API | {"track": UNKNOWN_URI | {"name": "Local one"}},
        "another uri of null": API | {"track": UNKNOWN_URI | {"name": "Local two"}},
        "id null as a text": API | {"track": {"id": "null", "name": "Local one"}},
        "uri of null in the export": EXPORT | {"spotify_track_uri": "spotify:track:null"},
        "with utc": EXPORT | {"ts": "2026-02-03 04:05:06 UTC"},
        "offset without colon": EXPORT | {"ts": "2026-02-03T04:05:06+0000"},
        "small letters": EXPORT | {"ts": "2026-02-03t04:05:06z"},
        "a blank for the t": EXPORT | {"ts": "2026-02-03 04:05:06"},
        "seconds since 1970": EXPORT | {"ts": "1770091506"},
        "no user": API | {"user_id": None},
        "blank user": API | {"user_id": " "},
        "user as number": API | {"user_id": 5},
        "no time": API | {"played_at": None},
        "unreadable time": API | {"played_at": "NA"},
        "time as number": EXPORT | {"ts": 1770000000},
        "no content": API | {"track": None},
        "content without name or id": EXPORT | NO_TRACK,
        "uri as number": EXPORT | {"spotify_track_uri": 5},
        "negative ms": EXPORT | {"ms_played": -1},
        "skipped as number": EXPORT | {"skipped": 1},
        "shuffle as number": EXPORT | {"shuffle": 1},
        "shuffle as text": EXPORT | {"shuffle": "TRUE"},
        "skipped null": EXPORT | {"skipped": None},
        "context null": API | {"context": None},
        "platform as number": EXPORT | {"platform": 5},
        "private": EXPORT | {"incognito_mode": True},
        "recording's code": API | {"track": TRACK | {"external_ids": {"isrc": "USXX12000001"}}},
    }
    return read(KIND, records)


def id_of(plays: Read, name: str) -> str:
    play_id: str = plays.row(name)["play_id"]
    return play_id


def test_a_recently_played_item_says_what_and_from_where(plays: Read) -> None:
    assert plays.row("api") == {
        "play_id": id_of(plays, "api"),
        "user_id": "u1",
        "content_type": "track",
        "track_id": "t1",
        "track_name": "A Title",
        "artist_name": "First",
        "album_name": "An Album",
        "show_name": None,
        "episode_name": None,
        "played_at": utc("2026-02-03T04:05:06.789Z"),
        "played_date": date(2026, 2, 3),
        "ms_played": None,
        "context_uri": "spotify:playlist:p1",
        "reason_start": None,
        "reason_end": None,
        "skipped": None,
        "shuffle": None,
        "platform": None,
        "content_uri": "spotify:track:t1",
        "source": "spotify-api",
        "private_session": None,
        "isrc": None,
    }


def test_an_extended_record_says_how_it_was_played(plays: Read) -> None:
    said = {"ms_played": 61000, "reason_start": "clickrow", "reason_end": "trackdone", "platform": "ios"}
    said |= {"skipped": False, "shuffle": True, "context_uri": None, "source": "export"}
    assert plays.row("export") == plays.row("api") | said | {"played_at": utc("2026-02-03T04:05:06Z")}


def test_a_play_says_whether_it_was_private_and_of_which_recording(plays: Read) -> None:
    said = [(plays.row(name)["private_session"], plays.row(name)["isrc"]) for name in ("private", "recording's code")]
    assert said == [(True, None), (None, "USXX12000001")]


def test_a_play_is_the_same_by_whichever_road_it_comes(plays: Read) -> None:
    assert id_of(plays, "api") == id_of(plays, "export")


@pytest.mark.parametrize(
    "name",
    [
        "without uri",
        "type in capitals",
        "polled later",
        "in another zone",
        "with utc",
        "offset without colon",
        "small letters",
        "a blank for the t",
    ],
)
def test_a_play_is_the_same_however_it_is_written(plays: Read, name: str) -> None:
    assert id_of(plays, name) == id_of(plays, "api")


@pytest.mark.parametrize("name", ["a second later", "another user", "another track", "basic", "names only"])
def test_another_user_content_or_second_is_another_play(plays: Read, name: str) -> None:
    assert id_of(plays, name) != id_of(plays, "api")


def test_content_without_uri_is_known_by_its_names(plays: Read) -> None:
    assert id_of(plays, "names only") != id_of(plays, "other names only")


def test_an_episode_of_the_export_has_show_and_title(plays: Read) -> None:
    columns = ("content_type", "track_id", "track_name", "show_name", "episode_name", "content_uri")
    assert plays.values("episode", *columns) == ("episode", None, None, "A Show", "Part 1", "spotify:episode:e1")


def test_an_episode_of_the_api_is_the_same_play(plays: Read) -> None:
    columns = ("play_id", "content_type", "track_id", "track_name", "show_name", "episode_name")
    assert plays.values("api episode", *columns) == plays.values("episode", *columns)


def test_a_chapter_has_book_and_title(plays: Read) -> None:
    columns = ("content_type", "track_id", "show_name", "episode_name")
    assert plays.values("chapter", *columns) == ("chapter", None, "A Book", "Chapter 1")


def test_a_video_is_known_by_its_uri(plays: Read) -> None:
    assert plays.values("video", "content_type", "track_id") == ("video", None)


def test_a_record_may_state_its_content_type(plays: Read) -> None:
    assert plays.values("stated video", "content_type") == ("video",)


def test_an_unknown_content_type_is_not_taken_over(plays: Read) -> None:
    assert plays.values("unknown content type", "content_type") == ("track",)


def test_a_local_file_is_a_play_without_a_track_id(plays: Read) -> None:
    columns = ("content_type", "track_id", "track_name", "content_uri")
    assert plays.values("local", *columns) == ("track", None, "A Title", "spotify:local:::Mine:61")


@pytest.mark.parametrize(
    ("name", "track_name"),
    [
        ("uri of null", "Local one"),
        ("another uri of null", "Local two"),
        ("id null as a text", "Local one"),
        ("uri of null in the export", "A Title"),
    ],
)
def test_a_uri_or_an_id_of_null_is_none(plays: Read, name: str, track_name: str) -> None:
    columns = ("content_type", "track_id", "content_uri", "track_name")
    assert plays.values(name, *columns) == ("track", None, None, track_name)


def test_two_local_files_at_one_instant_are_two_plays(plays: Read) -> None:
    assert id_of(plays, "uri of null") != id_of(plays, "another uri of null")


def test_types_are_read_in_capitals_too(plays: Read) -> None:
    columns = ("content_type", "track_id", "track_name", "episode_name")
    assert plays.values("episode in capitals", *columns) == ("episode", None, None, "Part 1")
    assert plays.values("video in capitals", "content_type") == ("video",)


def test_the_basic_export_has_names_and_minutes(plays: Read) -> None:
    columns = ("track_id", "track_name", "artist_name", "played_at", "ms_played", "content_type", "content_uri")
    played_at = utc("2026-02-03T04:05:00Z")
    assert plays.values("basic", *columns) == (None, "A Title", "First", played_at, 61000, "track", None)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no user", "missing_user"),
        ("blank user", "missing_user"),
        ("no time", "missing_time"),
        ("unreadable time", "missing_time"),
        ("seconds since 1970", "missing_time"),
        ("no content", "missing_content"),
        ("content without name or id", "missing_content"),
    ],
)
def test_a_play_without_user_time_or_content_is_rejected(plays: Read, name: str, reason: str) -> None:
    assert plays.reason(name) == reason


@pytest.mark.parametrize("name", ["user as number", "time as number", "uri as number"])
def test_a_key_field_of_the_wrong_type_is_rejected(plays: Read, name: str) -> None:
    assert plays.reason(name) == "wrong_type"


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("negative ms", "ms_played"),
        ("skipped as number", "skipped"),
        ("shuffle as number", "shuffle"),
        ("shuffle as text", "shuffle"),
        ("skipped null", "skipped"),
        ("context null", "context_uri"),
        ("platform as number", "platform"),
    ],
)
def test_what_is_missing_or_impossible_is_null(plays: Read, name: str, column: str) -> None:
    assert plays.values(name, "track_name", column) == ("A Title", None)


def test_no_personal_field_of_the_export_is_kept(plays: Read) -> None:
    assert "192.0.2.1" not in str(plays.row("export"))
