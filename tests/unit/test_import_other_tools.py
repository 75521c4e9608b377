"""Exports of tools that people keep beside Spotify, in the layouts these write; the values are made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.importing import imported, write

A, B, C, D = "1aaaaaaaaaaaaaaaaaaaaa", "2bbbbbbbbbbbbbbbbbbbbb", "3ccccccccccccccccccccc", "4ddddddddddddddddddddd"

SOUNDIIZ = {
    "of 2020": (
        "\ufefftitle;artist;album;isrc;addedDate;addedBy;duration;url\n"
        f'Una;Alguien;"Disco; el";ESXX12000001;2019-01-02T03:04:05Z;somebody;225s;https://open.spotify.com/track/{A}\n'
        "Dos;Alguien, Nadie;;;;somebody;180s;https://www.deezer.com/track/12345\n"
    ),
    "of 2026": (
        "title,artist,album,isrc,platform,trackId,duration,addedDate,addedBy,url\n"
        f'Una,Alguien,"Disco; el",ESXX12000001,spotify,{A},225,2019-01-02T03:04:05Z,somebody,'
        f"https://open.spotify.com/track/{A}\n"
        'Dos,"Alguien, Nadie",,,deezer,12345,180,,somebody,https://www.deezer.com/track/12345\n'
    ),
}


@pytest.mark.parametrize("layout", SOUNDIIZ)
def test_playlists_of_soundiiz(tmp_path: Path, layout: str) -> None:
    done = imported(tmp_path, write(tmp_path / "Mi lista.csv", SOUNDIIZ[layout]))
    assert done.summary.files == {str(tmp_path / "Mi lista.csv"): "soundiiz"}
    first, second = done.payloads("playlist_item")
    assert (first["playlist"]["name"], first["position"], second["position"]) == ("Mi lista", 0, 1)
    assert (first["added_at"], first["track"]["id"]) == ("2019-01-02T03:04:05Z", A)
    assert second["track"] == {"name": "Dos", "artists": [{"name": "Alguien"}, {"name": "Nadie"}]}
    assert done.payloads("track") == [
        {
            "id": A,
            "name": "Una",
            "artists": [{"name": "Alguien"}],
            "album": {"name": "Disco; el"},
            "duration_ms": 225_000,
            "external_ids": {"isrc": "ESXX12000001"},
        }
    ]
    assert "somebody" not in repr(done)
    assert done.report == []


@pytest.mark.parametrize(
    ("artists", "expected"),
    [
        (["Tyler, The Creator"], [["Tyler, The Creator"]]),
        (["Tyler, The Creator", "Ana, tyler, the creator"], [["Tyler, The Creator"], ["Ana", "tyler, the creator"]]),
        (["Tyler, The Creator, Ana", "Ana"], [["Tyler, The Creator", "Ana"], ["Ana"]]),
        (["Earth, Wind & Fire", "Ana, Bo", "Bo"], [["Earth, Wind & Fire"], ["Ana", "Bo"], ["Bo"]]),
        (["Ana, Bo", "Ana, Cy"], [["Ana", "Bo"], ["Ana", "Cy"]]),
        (["Ana, Bo", "", "Cy"], [["Ana, Bo"], None, ["Cy"]]),
    ],
)
@pytest.mark.parametrize("tool", ["soundiiz", "tunemymusic"])
def test_a_comma_parts_two_artists_where_other_rows_show_it(
    tmp_path: Path, tool: str, artists: list[str], expected: list[list[str] | None]
) -> None:
    header, row = {
        "soundiiz": ("title;artist;album;isrc", "Una;{};;"),
        "tunemymusic": ("Track name;Artist name;Album;Playlist name;Type;ISRC", "Una;{};;Mine;Playlist;"),
    }[tool]
    lines = [header, *map(row.format, artists)]
    done = imported(tmp_path, write(tmp_path / "list.csv", "\n".join(lines) + "\n"))
    assert done.summary.files == {str(tmp_path / "list.csv"): tool}
    found = [item["track"].get("artists") for item in done.payloads("playlist_item")]
    assert [None if of_row is None else [one["name"] for one in of_row] for of_row in found] == expected


def of_mongo(**fields: Any) -> dict[str, Any]:
    """A document as mongoexport writes it."""
    return {"_id": {"$oid": "60e87c0c51b0b3a0f4f0a5f1"}, "__v": 0, **fields}


def heard(track: str, at: str, owner: str = "60e87c0c51b0b3a0f4f0a5f0", **more: Any) -> dict[str, Any]:
    """A document of `infos`."""
    return of_mongo(owner={"$oid": owner}, id=track, played_at={"$date": at}, **more)


def in_lines(*documents: dict[str, Any]) -> str:
    return "".join(json.dumps(document) + "\n" for document in documents)


INFOS = in_lines(
    heard(A, "2021-10-22T14:18:41Z"),  # as first versions wrote it
    heard(
        B,
        "2021-10-22T14:22:01.863Z",
        albumId=D,
        primaryArtistId=C,
        artistIds=[C],
        durationMs=201_000,
        blacklistedBy=["artist"],
    ),
)
LINKS = {"href": "https://api.spotify.com/v1/x", "external_urls": {}}
TRACKS = in_lines(
    of_mongo(
        id=A,
        name="Una",
        album=D,
        artists=[C, B],
        available_markets=["ES"],
        disc_number=1,
        track_number=1,
        duration_ms=201_000,
        explicit=False,
        external_ids={"isrc": "ESXX12000001"},
        is_local=False,
        popularity=44,
        type="track",
        uri=f"spotify:track:{A}",
        **LINKS,
    )
)
ALBUMS = in_lines(
    of_mongo(
        id=D,
        name="Disco",
        album_type="album",
        artists=[C],
        copyrights=[],
        genres=[],
        images=[],
        release_date="2020-02-03",
        release_date_precision="day",
        type="album",
        uri=f"spotify:album:{D}",
        **LINKS,
    )
)
ARTISTS = in_lines(
    of_mongo(id=C, name="Alguien", genres=["rock"], images=[], type="artist", uri=f"spotify:artist:{C}", **LINKS)
)


def test_the_plays_of_a_your_spotify_server(tmp_path: Path) -> None:
    done = imported(tmp_path, write(tmp_path / "infos.json", INFOS), user="u1")
    assert done.payloads("play") == [
        {"user_id": "u1", "played_at": "2021-10-22T14:18:41Z", "track": {"id": A}},
        {"user_id": "u1", "played_at": "2021-10-22T14:22:01.863Z", "track": {"id": B}},
    ]
    assert done.report == []


def test_plays_of_another_owner_are_told_and_left_out(tmp_path: Path) -> None:
    other = heard(B, "2021-10-23T10:00:00Z", owner="60e87c0c51b0b3a0f4f0a5ff")
    done = imported(tmp_path, write(tmp_path / "infos.json", INFOS + in_lines(other)), user="u1")
    assert [play["track"]["id"] for play in done.payloads("play")] == [A, B]
    assert done.reasons() == [(3, "owner.$oid: another than in the first row"), (3, "play: no user_id")]


def test_an_array_of_documents_is_read_too(tmp_path: Path) -> None:
    array = json.dumps([json.loads(line) for line in INFOS.splitlines()])
    assert len(imported(tmp_path, write(tmp_path / "infos.json", array), user="u1").payloads("play")) == 2


def test_what_a_your_spotify_server_knows_of_tracks_albums_and_artists(tmp_path: Path) -> None:
    files = {"tracks.json": TRACKS, "albums.json": ALBUMS, "artists.json": ARTISTS}
    done = imported(tmp_path, *[write(tmp_path / name, text) for name, text in files.items()])
    assert done.payloads("track") == [
        {
            "id": A,
            "name": "Una",
            "artists": [{"id": C}, {"id": B}],
            "album": {"id": D},
            "duration_ms": 201_000,
            "explicit": False,
            "popularity": 44,
            "external_ids": {"isrc": "ESXX12000001"},
        }
    ]
    assert done.payloads("album") == [
        {
            "id": D,
            "name": "Disco",
            "album_type": "album",
            "artists": [{"id": C}],
            "release_date": "2020-02-03",
            "genres": [],
        }
    ]
    assert done.payloads("artist") == [{"id": C, "name": "Alguien", "genres": ["rock"]}]
    assert {record["source"] for record in done.records} == {"your-spotify"}
    assert done.report == []
