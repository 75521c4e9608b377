"""The bundled mappings recognise the files they are for and make the records that the tables read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.importing import imported, write

ID = "6f807x0ima9a1j3VPbc7VN"
SONGS = (
    "track_id,track_name,track_artist,track_popularity,track_album_id,track_album_name,track_album_release_date,"
    "playlist_name,playlist_id,playlist_genre,playlist_subgenre,danceability,energy,key,loudness,mode,speechiness,"
    "acousticness,instrumentalness,liveness,valence,tempo,duration_ms\n"
    "t1,One,Singer,66,b1,Album,2019-06-14,Pop Mix,p1,pop,dance pop,0.7,0.9,6,-2.6,1,0.05,0.1,0,0.06,0.5,122.0,194754\n"
    "t2,Two,Singer,60,b1,Album,2019-06,Rap Mix,p2,rap,trap,0.7,0.9,-1,-2.6,1,0.05,0.1,0,0.06,0.5,0,4000\n"
    "t1,One,Singer,66,b1,Album,2019-06-14,Pop Mix,p1,pop,electropop,0.7,0.9,6,-2.6,1,0.05,0.1,0,0.06,0.5,122.0,194754\n"
    "t3,NA,NA,0,b3,NA,2012,Pop Mix,p1,pop,dance pop,0.7,0.9,6,-2.6,1,0.05,0.1,0,0.06,0.5,122.0,194754\n"
)


def test_tidytuesday_songs(tmp_path: Path) -> None:
    done = imported(tmp_path, write(tmp_path / "spotify_songs.csv", SONGS))
    assert done.summary.files == {str(tmp_path / "spotify_songs.csv"): "tidytuesday-songs"}
    assert {r["fetched_at"] for r in done.records} == {"2020-01-21T00:00:00Z"}
    one, _, three = done.payloads("track")
    assert one["album"] == {"id": "b1", "name": "Album", "release_date": "2019-06-14"}
    assert one["artists"][0]["id"].startswith("soundlake-import-artist:")
    assert three == {"id": "t3", "album": {"id": "b3", "release_date": "2012"}, "duration_ms": 194754, "popularity": 0}
    assert [p["id"] for p in done.payloads("audio_features")] == ["t1", "t2", "t3"]
    (artist,) = done.payloads("artist")
    assert (artist["genres"], artist["genre_source"]) == (["pop", "dance pop", "electropop", "rap"], "playlist")
    places = [(p["playlist"]["id"], p["position"], p["track"]["id"]) for p in done.payloads("playlist_item")]
    assert places == [("p1", 0, "t1"), ("p2", 0, "t2"), ("p1", 0, "t1"), ("p1", 1, "t3")]


def test_the_top_50_archive(tmp_path: Path) -> None:
    text = (
        "commit_at,playlist_name,playlist_id,position,track_id,track_name,artist_ids,artist_names,album_id,album_name,"
        "length\n2021-03-27T03:38:09+00:00,Top 50 - Japan,p1,1,t1,One,a1;a2,A; B,b1,Album,4:45\n"
        "2021-03-28T03:38:09+00:00,Top 50 - Global,p2,2,t1,One,a1;a2,A; B,b1,Album,4:45\n"
    )
    done = imported(tmp_path, write(tmp_path / "top50.csv", text))
    first, second = (r for r in done.records if r["kind"] == "playlist_item")
    assert (first["market"], first["fetched_at"], first["payload"]["position"]) == ("JP", "2021-03-27T03:38:09Z", 0)
    assert "market" not in second
    (track,) = done.payloads("track")
    assert (track["duration_ms"], track["artists"]) == (285_000, [{"id": "a1", "name": "A"}, {"id": "a2", "name": "B"}])


@pytest.mark.parametrize(
    ("name", "text", "streams"),
    [
        (
            "regional-jp-weekly-2024-03-07.csv",
            "rank,uri,artist_names,track_name,source,peak_rank,previous_rank,weeks_on_chart,streams\n"
            f'1,spotify:track:{ID},"A, B",One,Label,1,1,5,"48,633,449"\n',
            48_633_449,
        ),
        (
            "regional-global-daily-2020-01-01.csv",
            ',,,"Note that these figures are generated using a formula, so they differ.",\n'
            f'Position,"Track Name",Artist,Streams,URL\n1,One,A,+1327,https://open.spotify.com/track/{ID}\n',
            1327,
        ),
    ],
)
def test_downloads_of_charts(tmp_path: Path, name: str, text: str, streams: int) -> None:
    done = imported(tmp_path, write(tmp_path / name, text), fetched_at="2024-03-08T00:00:00Z")
    (item,) = done.payloads("playlist_item")
    assert (item["position"], item["streams"], item["track"]["id"]) == (0, streams, ID)
    assert item["playlist"]["name"] == name.removesuffix(".csv")
    assert item["playlist"]["id"].startswith("soundlake-import-playlist:")
    assert done.payloads("track")[0]["id"] == ID


def test_chart_archives_of_many_regions(tmp_path: Path) -> None:
    text = (
        "title,rank,date,artist,url,region,chart,trend,streams\n"
        f"One,1,2017-01-01,A,https://open.spotify.com/track/{ID},Argentina,top200,SAME_POSITION,253019.0\n"
    )
    done = imported(tmp_path, write(tmp_path / "charts.csv", text))
    (item,) = done.payloads("playlist_item")
    assert (item["playlist"]["name"], item["streams"]) == ("top200 - Argentina", 253_019)
    assert {r["fetched_at"] for r in done.records} == {"2017-01-01T00:00:00Z"}


def test_playlist_exports(tmp_path: Path) -> None:
    text = (
        '\ufeff"Track URI","Track Name","Artist URI(s)","Artist Name(s)","Album URI","Album Name","Album Release Date",'
        '"Track Duration (ms)","Explicit","Popularity","ISRC","Added By","Added At"\r\n'
        '"spotify:track:t1","One","spotify:artist:a1, spotify:artist:a2","A, B","spotify:album:b1","Album",'
        '"2019-06-14",'
        '"194754","true","66","XX1","a personal field","2021-05-01T00:00:00Z"\r\n'
        '"spotify:local:A:Album:Two:100","Two","","A","","Album","","100000","false","0","","a personal field",'
        '"1970-01-01T00:00:00Z"\r\n'
    )
    done = imported(tmp_path, write(tmp_path / "my_list.csv", text))
    first, local = done.payloads("playlist_item")
    assert (first["playlist"]["name"], first["position"], first["track"]["id"]) == ("my_list", 0, "t1")
    assert first["track"]["artists"] == [{"id": "a1", "name": "A"}, {"id": "a2", "name": "B"}]
    assert (local["position"], local["track"]["uri"]) == (1, "spotify:local:A:Album:Two:100")
    assert "id" not in local["track"]
    (track,) = done.payloads("track")
    assert track["external_ids"] == {"isrc": "XX1"}
    assert "personal" not in repr(done)
    assert done.report == []


KAGGLE = {
    "spotify_artist_data_2023.csv": (
        "id,name,artist_popularity,artist_genres,followers,genre_0,genre_1,genre_2,genre_3,genre_4,genre_5,genre_6\n"
        "a1,A,70,\"['pop', 'rock']\",1.2E+05,pop,rock,,,,,\n",
        "artist",
        {"id": "a1", "name": "A", "popularity": 70, "followers": {"total": 120_000}, "genres": ["pop", "rock"]},
    ),
    "spotify-albums_data_2023.csv": (
        "track_name,track_id,track_number,duration_ms,album_type,artists,total_tracks,album_name,release_date,label,"
        "album_popularity,album_id,artist_id,artist_0,artist_1,artist_2,artist_3,artist_4,artist_5,artist_6,artist_7,"
        "artist_8,artist_9,artist_10,artist_11,duration_sec\n"
        "One,t1,1,204053.0,album,\"['A', 'B']\",10,Album,2023-12-20 00:00:00 UTC,Label,42.0,b1,a1,A,B"
        ",,,,,,,,,,,204.053\n",
        "track",
        {
            "id": "t1",
            "name": "One",
            "artists": [{"id": "a1", "name": "A"}, {"name": "B"}],
            "album": {"id": "b1", "name": "Album", "release_date": "2023-12-20"},
            "duration_ms": 204_053,
        },
    ),
    "spotify_tracks_data_2023.csv": (
        "id,track_popularity,explicit\nt1,29,False\n",
        "track",
        {"id": "t1", "popularity": 29, "explicit": False},
    ),
    "spotify_features_data_2023.csv": (
        "danceability,energy,key,loudness,mode,speechiness,acousticness,instrumentalness,liveness,valence,tempo,type,id,"
        "uri,track_href,analysis_url,duration_ms,time_signature\n"
        "0.5,0.25,6,-7.5,1,0.05,0.1,0,0.06,0.5,122.5,audio_features,t1,u,h,a,204053,4\n",
        "audio_features",
        {"id": "t1", "danceability": 0.5, "key": 6, "time_signature": 4, "provider": "spotify"},
    ),
    "spotify_data_12_20_2023.csv": (
        "track_id,track_name,artist_id,artist_name,artist_popularity,album_id,album_name,album_popularity,release_date,"
        "duration_ms,danceability,energy,genre_0,genre_1,track_popularity,explicit\n"
        "t1,One,a1,A,70,b1,Album,42,2023-12-20,204053,0.5,0.25,pop,,29,false\n",
        "artist",
        {"id": "a1", "name": "A", "popularity": 70, "genres": ["pop"]},
    ),
}


@pytest.mark.parametrize("name", list(KAGGLE))
def test_the_five_files_of_the_kaggle_set(tmp_path: Path, name: str) -> None:
    text, kind, expected = KAGGLE[name]
    done = imported(tmp_path, write(tmp_path / name, text))
    (found,) = done.payloads(kind)
    assert {field: found.get(field) for field in expected} == expected
    assert done.report == []
    assert {record["source"] for record in done.records} == {"kaggle-spotify-2023"}


def test_a_merged_row_gives_several_kinds(tmp_path: Path) -> None:
    name = "spotify_data_12_20_2023.csv"
    done = imported(tmp_path, write(tmp_path / name, KAGGLE[name][0]))
    assert sorted(record["kind"] for record in done.records) == ["album", "artist", "audio_features", "track"]


def test_columns_that_nobody_knows_are_told_with_what_to_do(tmp_path: Path) -> None:
    file = write(tmp_path / "f.csv", "a,b\n1,2\n")
    done = imported(tmp_path, file)
    assert done.summary.failed == [
        f"{file}: no bundled mapping is for its columns (a, b): "
        f"draft one (soundlake import {file} --infer > my.toml), check it, then give it with --mapping my.toml"
    ]


A, B, C, D = ("1aaaaaaaaaaaaaaaaaaaaa", "2bbbbbbbbbbbbbbbbbbbbb", "1hhhhhhhhhhhhhhhhhhhhh", "2hhhhhhhhhhhhhhhhhhhhh")
SPANISH = (
    '"URI de la canción","Nombre de la canción","URI(s) del artista","Nombre(s) del artista","URI del álbum",'
    '"Nombre del álbum","Fecha de lanzamiento del álbum","Duración de la canción (ms)","Explícito","Popularidad",'
    '"ISRC","Añadido por","Añadido en"\n'
    f'"spotify:track:{A}","Una","spotify:artist:{C}","Alguien","spotify:album:{D}","Disco","2020-02-03","201000",'
    '"false","44","ESXX12000001","spotify:user:u1","2025-06-07T08:09:10Z"\n'
    f'"spotify:track:{B}","Dos","spotify:artist:{D}, spotify:artist:{C}","Nadie, Alguien","spotify:album:{D}","Disco",'
    '"2020-02-03","202000","true","45","ESXX12000002","spotify:user:u1","2025-06-07T08:09:11Z"\n'
)
IDS_WITH_COMMAS = (
    "Spotify ID,Artist IDs,Track Name,Album Name,Artist Name(s),Release Date,Duration (ms),Popularity,Added By,"
    "Added At,Genres,Danceability,Energy,Key,Loudness,Mode,Speechiness,Acousticness,Instrumentalness,Liveness,Valence,"
    "Tempo,Time Signature\n"
    f'{A},"{C}","Una","Disco","Alguien",2020-02-03,201000,44,u1,2025-06-07T08:09:10Z,"rock",'
    "0.5,0.8,0,-6.5,0,0.05,0.1,0.002,0.09,0.5,117.4,4\n"
    f'{B},"{D},{C}","Dos","Disco","Nadie,Alguien",2020-02-03,202000,45,u1,2025-06-07T08:09:11Z,"",,,,,,,,,,,,\n'
)
OF_2020 = (
    '"Track URI","Track Name","Artist URI","Artist Name","Album URI","Album Name","Album Release Date","Disc Number",'
    '"Track Number","Track Duration (ms)","Explicit","Popularity","Added By","Added At"\n'
    f'"spotify:track:{A}","Una","spotify:artist:{C}","Alguien","spotify:album:{D}","Disco","2020-02-03","1","1","201000",'
    '"false","44","spotify:user:u1","2025-06-07T08:09:10Z"\n'
    f'"spotify:track:{B}","Dos","spotify:artist:{D}, spotify:artist:{C}","Nadie, Alguien","spotify:album:{D}","Disco",'
    '"2020-02-03","1","2","202000","true","45","spotify:user:u1","2025-06-07T08:09:11Z"\n'
)


@pytest.mark.parametrize("content", [SPANISH, IDS_WITH_COMMAS, OF_2020], ids=["spanish", "ids with commas", "of 2020"])
@pytest.mark.parametrize("mapping", [None, "exportify"])
def test_playlist_exports_in_every_layout_and_language(tmp_path: Path, content: str, mapping: str | None) -> None:
    done = imported(tmp_path, write(tmp_path / "mi_lista.csv", content), mapping=mapping)
    first, second = done.payloads("playlist_item")
    assert (first["track"]["id"], second["track"]["id"]) == (A, B)
    assert [(a["id"], a["name"]) for a in second["track"]["artists"]] == [(D, "Nadie"), (C, "Alguien")]
    assert second["added_at"] == "2025-06-07T08:09:11Z"
    tracks_ = done.payloads("track")
    assert [(t["name"], t["duration_ms"], t["popularity"]) for t in tracks_] == [
        ("Una", 201000, 44),
        ("Dos", 202000, 45),
    ]
    assert len(done.payloads("audio_features")) == ("Energy" in content)
    assert (done.report, done.summary.failed) == ([], [])


def test_a_mapping_that_fits_no_column_is_refused_forced_or_not(tmp_path: Path) -> None:
    file = write(tmp_path / "f.csv", "Bir,İki,ISRC\nx,y,TRXX12000001\n")
    done = imported(tmp_path, file, mapping="exportify")
    assert done.records == []
    assert "no header with the columns that the mapping exportify needs" in done.summary.failed[0]


def test_a_row_of_an_export_with_broken_quotes_costs_only_itself(tmp_path: Path) -> None:
    content = (
        "Track ID,Track Name,Album Name,Artist Name(s),Duration (ms),Added By,Added At\n"
        f'{A},"First","Alb","One",303000,u1,2024-02-24T16:06:00Z\n'
        f'{B},"I Will (feat. Tall 5\'9 & Other)","Music To","Em,KX,Tall 5\'9",Other",303000,u1,2024-02-24T16:06:00Z\n'
        f'{C},"Third","Alb","Three",303000,u1,2024-02-24T16:06:00Z\n'
    )
    done = imported(tmp_path, write(tmp_path / "quoted.csv", content))
    assert [item["track"]["id"] for item in done.payloads("playlist_item")] == [A, C]
    assert [row for row, _ in done.reasons()] == [2]


def test_the_playlists_of_tunemymusic(tmp_path: Path) -> None:
    content = (
        "Track name,Artist name,Album,Playlist name,Type,ISRC,Spotify - id\n"
        f'One,"A, B",Alb,Mine,Playlist,XX0000000001,{A}\n'
        f"Two,C,,Mine,Playlist,,{B}\n"
        f"One,A,Alb,Other,Playlist,XX0000000001,{A}\n"
    )
    done = imported(tmp_path, write(tmp_path / "My Spotify Library.csv", content))
    entries = done.payloads("playlist_item")
    assert [(e["playlist"]["name"], e["position"], e["track"]["id"]) for e in entries] == [
        ("Mine", 0, A),
        ("Mine", 1, B),
        ("Other", 2, A),
    ]
    assert entries[0]["playlist"]["id"] == entries[1]["playlist"]["id"] != entries[2]["playlist"]["id"]
    assert [p["name"] for p in done.payloads("playlist")] == ["Mine", "Other"]
    assert done.payloads("track")[0]["artists"] == [{"name": "A"}, {"name": "B"}]
    assert done.report == []


LISTENED = {
    "lastfm.csv": (
        "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"
        '"1634912321","22 Oct 2021, 14:18","A","","Alb","","One",""\n'
    ),
    "listens.jsonl": json.dumps(
        {
            "listened_at": 1634912321,
            "user_name": "somebody",
            "track_metadata": {
                "track_name": "One",
                "artist_name": "A",
                "release_name": "Alb",
                "additional_info": {"spotify_id": f"https://open.spotify.com/track/{A}", "isrc": "USXX12000001"},
            },
        }
    ),
    "maloja_export.json": json.dumps(
        {
            "maloja": {"export_time": 1},
            "scrobbles": [
                {
                    "time": 1634912321,
                    "duration": 200,
                    "track": {"artists": ["A"], "title": "One", "album": {"albumtitle": "Alb"}},
                }
            ],
        }
    ),
}


@pytest.mark.parametrize("name", LISTENED)
def test_what_other_services_say_was_heard(tmp_path: Path, name: str) -> None:
    done = imported(tmp_path, write(tmp_path / name, LISTENED[name]), user="u1")
    (play,) = done.payloads("play")
    assert (play["user_id"], play["played_at"]) == ("u1", "2021-10-22T14:18:41Z")
    track = play["track"]
    assert (track["name"], track["artists"], track["album"]) == ("One", [{"name": "A"}], {"name": "Alb"})
    assert track.get("id") == (A if name == "listens.jsonl" else None)
    assert track.get("external_ids") == ({"isrc": "USXX12000001"} if name == "listens.jsonl" else None)
    assert play.get("ms_played") == (200_000 if name.startswith("maloja") else None)
    assert "somebody" not in repr(done)
    assert done.report == []
