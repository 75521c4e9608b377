"""Spotify's packages: what of them is read, and that nothing else is ever opened."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.importing import Imported, imported, write
from soundlake.errors import UsageError
from soundlake.imports.devices import family_of
from soundlake.imports.packages import is_left_out, original_name
from soundlake.imports.session import draft
from soundlake.settings import load_settings

MUSIC = [{"endTime": "2025-04-12 13:47", "artistName": "A", "trackName": "T", "msPlayed": 3530}]
PODCAST = [{"endTime": "2025-04-12 14:47", "podcastName": "Pod", "episodeName": "Ep", "msPlayed": 1}]
BOOK = [{"endTime": "2025-04-12 15:47", "audiobookName": "Book", "chapterName": "Ch", "authorName": "W", "msPlayed": 1}]
TRACK = {"trackName": "T", "artistName": "A", "albumName": "Al", "trackUri": "spotify:track:t1"}
LIST = {"playlists": [{"name": "L", "items": [{"track": TRACK, "addedDate": "2025-01-02"}]}]}
LIBRARY = {"tracks": [{"artist": "A", "album": "Al", "track": "T", "uri": "spotify:track:t1"}], "albums": []}
SONG = {"ts": "2021-11-15T13:41:44Z", "ms_played": 5, "spotify_track_uri": "spotify:track:t1", "username": "someone"}
EPISODE = {"ts": "2021-11-15T15:00:00Z", "ms_played": 5, "spotify_episode_uri": "spotify:episode:e1"}
HIDDEN = "never to be seen"
PERSONAL = {"email": HIDDEN, "ts": HIDDEN, "id": "t1", "name": HIDDEN}
# 40 names that packages had or may have one day, in several languages and endings.
PERSONAL_FILES = (
    *("Userdata.json", "Payments.json", "Follow.json", "Identity.json", "Identifiers.json", "Inferences.json"),
    *("Marquee.json", "SearchQueries.json", "Wrapped2025.json", "YourSoundCapsule.json", "MessageData.json"),
    *("PodcastInteractivityRatedShow.json", "UserAddress.json", "UserPrompts.json", "DuoNewFamily.json"),
    *("AgentGateway.json", "UserAttributes.json", "TasteProfile.json", "PlaylistCreated.json"),
    *("AdsIdentitySecondPartyIdentifiers.json", "CustomerServiceHistoryAndSurveyData.json", "Something2027.json"),
    "PlaylistInABottle.json",
    *("Zahlungen.json", "Adresse.csv", "支払い.json", "Пользователь.json", "Datos personales.tsv", "contacts.ndjson"),
    *("devices.jsonl", "messages.txt", "voice.parquet", "Userdata (1).json", "Payments - Copy.json", "log.json.gz"),
    *("StreamingHistory.csv", "history.json", "library.json", "Playlists of friends.json", "endsong.txt"),
)


def account_data(*, personal: tuple[str, ...] = PERSONAL_FILES) -> dict[str, Any]:
    return {
        "StreamingHistory_music_0.json": MUSIC,
        "StreamingHistory_podcast_0.json": PODCAST,
        "StreamingHistory_audiobook_0.json": BOOK,
        "Playlist1.json": LIST,
        "YourLibrary.json": LIBRARY,
        **dict.fromkeys(personal, PERSONAL),
    }


def zipped(path: Path, files: Mapping[str, Any], folder: str = "Spotify Account Data/") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content)
            member = zipfile.ZipInfo(folder + name)
            member.filename = folder + name  # ZipInfo would turn some separators
            archive.writestr(member, data)
    return path


def laid_out(folder: Path, files: Mapping[str, Any]) -> Path:
    for name, content in files.items():
        write(folder / name, content if isinstance(content, bytes) else json.dumps(content))
    return folder


def kinds(done: Imported) -> dict[str, int]:
    return {kind: count for kind, count in sorted(done.summary.records.items()) if count}


EVERYTHING = {"play": 3, "playlist": 1, "playlist_item": 1, "user_item": 1}


def test_there_are_forty_personal_files() -> None:
    assert len(set(PERSONAL_FILES)) == 40


@pytest.mark.parametrize("as_zip", [True, False])
def test_what_is_not_known_in_a_package_is_never_opened_and_told_in_one_line(
    tmp_path: Path, as_zip: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = account_data()
    source = zipped(tmp_path / "my.zip", files) if as_zip else laid_out(tmp_path / "my", files)
    opened: list[str] = []
    open_member, open_path = zipfile.ZipFile.open, Path.open

    def member(self: zipfile.ZipFile, name: Any, *rest: Any, **more: Any) -> Any:
        opened.append(getattr(name, "filename", name).rpartition("/")[2])
        return open_member(self, name, *rest, **more)

    def path(self: Path, *rest: Any, **more: Any) -> Any:
        opened.append(self.name)
        return open_path(self, *rest, **more)

    monkeypatch.setattr(zipfile.ZipFile, "open", member)
    monkeypatch.setattr(Path, "open", path)
    done = imported(tmp_path, source, user="u1")
    assert kinds(done) == EVERYTHING
    assert done.summary.failed == []
    assert not set(PERSONAL_FILES) & set(opened)
    assert len([note for note in done.summary.notes if "left out unread" in note]) == 1
    assert HIDDEN not in repr(done)


COPIES = [
    *("{} (1)", "{} - Copy", "{} - Kopie (2)", "{}(3)", "{} copy 2", "{} (another copy)", "{} - コピー", "{}のコピー"),
    *(
        "{} - 副本",
        "{}_copy",
        "{}-1",
        "{}_1",
        "Copy of {}",
        "Kopie von {}",
        "Copia de {}",
        "Cópia de {} (1)",
        "Копия {}",
    ),
]


@pytest.mark.parametrize("copy", COPIES)
def test_copies_are_what_their_originals_are(tmp_path: Path, copy: str) -> None:
    names = {name: copy.format(name.removesuffix(".json")) + ".json" for name in account_data(personal=())}
    files = {names[name]: content for name, content in account_data(personal=()).items()}
    personal = [copy.format(name) + ".json" for name in ("Userdata", "Payments")]
    done = imported(
        tmp_path, laid_out(tmp_path / "Spotify Account Data", files | dict.fromkeys(personal, PERSONAL)), user="u1"
    )
    assert kinds(done) == EVERYTHING
    assert HIDDEN not in repr(done)
    alone = laid_out(tmp_path / "alone", {personal[1]: PERSONAL}) / personal[1]
    with pytest.raises(UsageError, match="left out unread"):
        imported(tmp_path, alone, user="u1")


def test_the_original_of_a_long_name_is_found_in_linear_time() -> None:
    begun = time.process_time()
    for name in ("family" + "-" * 60_000, "a" + " " * 60_000 + ".json", "(" * 60_000 + ".json"):
        assert not is_left_out(name)
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("as_zip", [True, False])
def test_folders_and_archives_within_a_package_are_of_it(tmp_path: Path, as_zip: bool) -> None:
    inner = zipped(tmp_path / "inner.zip", {"transcripts.json": PERSONAL}, "")
    files = {
        "MyData/StreamingHistory_music_0.json": MUSIC,
        "MyData/Messages/sent.json": [PERSONAL],
        "MyData/Voice.zip": inner.read_bytes(),
    }
    source = zipped(tmp_path / "my.zip", files, "") if as_zip else laid_out(tmp_path / "in", files)
    done = imported(tmp_path, source, user="u1")
    assert (kinds(done), done.summary.failed) == ({"play": 1}, [])
    assert [note.rpartition(": ")[2] for note in done.summary.notes] == ["sent.json", "transcripts.json"]
    assert HIDDEN not in repr(done)


def test_files_of_a_package_that_are_named_one_by_one_are_of_it(tmp_path: Path) -> None:
    files = account_data(personal=("Payments.json", "Identity.json.gz", "Something2027.json"))
    folder = laid_out(tmp_path / "MyData", files)
    table = write(folder / "songs.csv", "Track URI,Track Name,Artist Name(s),Added At\nspotify:track:t1,T,A,\n")
    done = imported(tmp_path, *[folder / name for name in files], table, user="u1")
    assert {**kinds(done), "playlist": 1, "playlist_item": 1} == {**EVERYTHING, "track": 1}
    assert done.summary.notes[0].endswith("unread: Identity.json.gz, Payments.json, Something2027.json")
    assert HIDDEN not in repr(done)


@pytest.mark.parametrize("path", ["Spotify Account Data/Something2027.json", "Downloads/Userdata (1).json"])
def test_no_draft_is_made_of_a_personal_file(tmp_path: Path, path: str) -> None:
    file = write(tmp_path / path, json.dumps([{"track_id": "t1", "track_name": HIDDEN, "artist_name": HIDDEN}]))
    with pytest.raises(UsageError, match=r"\.json: there is no file to import: files of Spotify's package") as told:
        draft(load_settings(env={}), [str(file)])
    assert HIDDEN not in str(told.value)


@given(st.text(alphabet="abcXYZ019_ -().", min_size=1, max_size=40))
def test_the_name_of_a_copy_ends_somewhere(name: str) -> None:
    assert original_name(original_name(name)) == original_name(name)


def test_backslashes_in_the_names_of_a_zip_are_folders(tmp_path: Path) -> None:
    files = account_data(personal=("Userdata.json", "Payments.json"))
    archive = zipped(tmp_path / "windows.zip", files, "Spotify Account Data\\")
    done = imported(tmp_path, archive, user="u1")
    assert kinds(done) == EVERYTHING
    assert HIDDEN not in repr(done)


def test_what_a_mac_adds_to_a_zip_is_nothing(tmp_path: Path) -> None:
    files = {"my/endsong_0.json": [SONG], "__MACOSX/my/._endsong_0.json": b"\0\5\x16", "my/.DS_Store": b"x"}
    done = imported(tmp_path, zipped(tmp_path / "mac.zip", files, ""), user="u1")
    assert (kinds(done), done.summary.failed) == ({"play": 1}, [])


def test_the_technical_log_is_left_out_and_told_once(tmp_path: Path) -> None:
    my = tmp_path / "my"
    laid_out(my / "Spotify Extended Streaming History", {"Streaming_History_Audio_2021_0.json": [SONG]})
    laid_out(my / "Spotify Technical Log Information", {f"{n}.json": [PERSONAL] for n in ("Raw", "Page", "Info")})
    laid_out(my / "Spotify-Protokolle", {"Verbindungen.json": [PERSONAL]})
    done = imported(tmp_path, my, user="u1")
    assert (kinds(done), done.summary.failed) == ({"play": 1}, [])
    assert len(done.summary.notes) == 1
    assert HIDDEN not in repr(done)


def test_a_table_beside_the_folder_of_a_package_is_read(tmp_path: Path) -> None:
    laid_out(tmp_path / "in" / "MyData", {"endsong_0.json": [SONG], "Follow.json": PERSONAL})
    write(
        tmp_path / "in" / "spotify-charts" / "jp.csv",
        "rank,uri,artist_names,track_name,source,peak_rank,previous_rank,weeks_on_chart,streams\n"
        "1,spotify:track:t1,A,T,L,1,1,1,5\n",
    )
    done = imported(tmp_path, tmp_path / "in", user="u1")
    assert kinds(done)["play"] == 1
    assert kinds(done)["playlist_item"] == 1


def test_archives_in_an_archive_are_read_and_too_deep_ones_are_named(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"Playlist1.json": LIST}).read_bytes()
    archive = zipped(tmp_path / "outer.zip", {"my.zip": inner, "StreamingHistory_music_0.json": MUSIC}, "")
    assert kinds(imported(tmp_path, archive, user="u1")) == {"play": 1, "playlist": 1, "playlist_item": 1}
    for _ in range(3):
        archive = zipped(tmp_path / "next.zip", {"my.zip": archive.read_bytes()}, "")
    done = imported(tmp_path, archive, tmp_path / "inner.zip", user="u1")
    assert any("my.zip!my.zip!my.zip" in note and "unpack it first" in note for note in done.summary.notes)


def test_a_zip_that_is_damaged_is_named(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "my.zip", {"Playlist1.json": LIST})
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(UsageError, match=r"my\.zip: the zip is damaged: "):
        imported(tmp_path, archive, user="u1")


@pytest.mark.parametrize("as_zip", [True, False])
def test_a_zip_that_is_damaged_among_others_costs_only_itself(tmp_path: Path, as_zip: bool) -> None:
    half = zipped(tmp_path / "half.zip", {"Playlist1.json": LIST}).read_bytes()[:-40]
    files = {"a/half.zip": half, "a/whole.zip": zipped(tmp_path / "whole.zip", {"endsong_0.json": [SONG]}).read_bytes()}
    source = zipped(tmp_path / "my.zip", files, "") if as_zip else laid_out(tmp_path / "in", files)
    done = imported(tmp_path, source, user="u1")
    assert kinds(done) == {"play": 1}
    (failed,) = done.summary.failed
    assert "half.zip: the zip is damaged: " in failed
    assert [line["reason"] for line in done.report] == ["not read"]


def test_a_zip_with_a_password_is_not_read_and_named(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "my.zip", {"StreamingHistory_music_0.json": MUSIC})
    # The bit that says "encrypted", in the header of the file and in the directory.
    data = bytearray(archive.read_bytes())
    for header, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(header) + place] |= 1
    archive.write_bytes(data)
    done = imported(tmp_path, archive, user="u1")
    assert done.records == []
    assert "password" in str(done.report)


@pytest.mark.parametrize("as_zip", [True, False])
def test_archives_of_other_kinds_are_named(tmp_path: Path, as_zip: bool) -> None:
    files = {"endsong_0.json": [SONG], "old.tar.gz": b"x", "older.7z": b"x"}
    folder = tmp_path / "in"
    source = zipped(tmp_path / "my.zip", files, "") if as_zip else laid_out(folder, files)
    done = imported(tmp_path, source, user="u1")
    assert kinds(done) == {"play": 1}
    assert any("unpack them first: old.tar.gz, older.7z" in note for note in done.summary.notes)


def test_one_file_of_an_archive_can_be_named(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "my.zip", account_data(personal=()))
    done = imported(tmp_path, f"{archive}!Spotify Account Data/YourLibrary.json", user="u1")
    assert kinds(done) == {"user_item": 1}


@pytest.mark.parametrize(
    ("file", "rows", "content_type"),
    [
        ("endvideo.json", [SONG, EPISODE], "video"),
        ("endvideo_1.json", [EPISODE], "video"),
        ("Streaming_History_Video_2021 (1).json", [EPISODE], "video"),
        ("StreamingHistory_video_0.json", PODCAST, "video"),
        ("StreamingHistory_audiobook_0.json", BOOK, "chapter"),
        ("Streaming_History_Audio_2021.json", [SONG, EPISODE], None),
        ("endsong_0.json", [SONG], None),
    ],
)
def test_the_name_of_a_history_says_what_it_is_of(
    tmp_path: Path, file: str, rows: list[Any], content_type: str | None
) -> None:
    done = imported(tmp_path, write(tmp_path / file, json.dumps(rows)), user="u1")
    assert {play.get("content_type") for play in done.payloads("play")} == {content_type}


@pytest.mark.parametrize(
    ("platform", "family"),
    [
        ("iOS 15.1 (iPhone13,2)", "ios"),
        ("Android OS 11 API 30 (samsung, SM-G998B)", "android"),
        ("web_player windows 10;chrome 95;desktop", "web"),
        ("Windows 10 (10.0.19043; x64; AppX)", "desktop"),
        ("OS X 11.6.0 [arm 2]", "desktop"),
        ("Linux [x86-64 0]", "desktop"),
        ("Partner android_tv Sony;BRAVIA_4K_UR2;;tpapi", "tv"),
        ("Partner google cast_tv;Chromecast;;tpapi", "tv"),
        ("Partner scei sony_tv;ps4", "tv"),
        ("Partner sonos_ppc Sonos;Play5;;tpapi", "speaker"),
        ("Partner amazon_salmon Amazon;Echo_Dot;;tpapi", "speaker"),
        ("Partner google cast;Google_Home;;tpapi", "speaker"),
        ("Partner spotify_carthing", "car"),
        *((family, family) for family in ("ios", "android", "web", "desktop", "tv", "car", "speaker")),
        ("osx", "desktop"),
        ("not_applicable", None),
        ("", None),
    ],
)
def test_a_platform_becomes_a_family(platform: str, family: str | None) -> None:
    assert family_of(platform) == family


def test_the_model_of_a_device_never_gets_past_the_door(tmp_path: Path) -> None:
    rows = [{**SONG, "platform": f"iOS 15.1 ({HIDDEN})"}, {**SONG, "platform": HIDDEN}]
    done = imported(tmp_path, write(tmp_path / "endsong_0.json", json.dumps(rows)), user="u1")
    assert [play.get("platform") for play in done.payloads("play")] == ["ios", None]
    assert HIDDEN not in repr(done)


def test_the_country_of_a_play_is_kept_only_where_a_setting_says_so(tmp_path: Path) -> None:
    file = write(tmp_path / "endsong_0.json", json.dumps([{**SONG, "conn_country": "JP"}]))
    assert "conn_country" not in imported(tmp_path, file, user="u1").payloads("play")[0]
    assert imported(tmp_path, file, user="u1", keeps_country=True).payloads("play")[0]["conn_country"] == "JP"


def test_private_sessions_are_counted_and_dropped_where_a_setting_says_so(tmp_path: Path) -> None:
    rows = [SONG, {**EPISODE, "incognito_mode": True}, {**EPISODE, "incognito_mode": "TRUE", "ms_played": 5}]
    file = write(tmp_path / "endsong_0.json", json.dumps(rows))
    kept = imported(tmp_path, file, user="u1")
    dropped = imported(tmp_path, file, user="u1", keeps_private=False)
    assert [play.get("incognito_mode") for play in kept.payloads("play")] == [None, True, True]
    assert len(dropped.payloads("play")) == 1
    assert any("2 plays of private sessions, kept" in note for note in kept.summary.notes)
    assert any("2 plays of private sessions, left out" in note for note in dropped.summary.notes)


def test_links_that_lead_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside" / "endsong_1.json", json.dumps([{**SONG, "spotify_track_uri": HIDDEN}]))
    write(tmp_path / "in" / "endsong_0.json", json.dumps([SONG]))
    (tmp_path / "in" / "endsong_1.json").symlink_to(outside)
    (tmp_path / "in" / "endsong_2.json").symlink_to(tmp_path / "in" / "endsong_0.json")
    done = imported(tmp_path, tmp_path / "in", user="u1")
    assert kinds(done) == {"play": 2}
    assert HIDDEN not in repr(done)
    assert any("links that lead out" in note and "endsong_1.json" in note for note in done.summary.notes)


def test_a_zip_whose_dates_there_are_not_has_the_date_of_the_zip(tmp_path: Path) -> None:
    archive = tmp_path / "my.zip"
    with zipfile.ZipFile(archive, "w") as file:
        member = zipfile.ZipInfo("endsong_0.json")
        member.date_time = (2021, 15, 40, 10, 0, 0)
        file.writestr(member, json.dumps([SONG]))
    done = imported(tmp_path, archive, user="u1")
    assert kinds(done) == {"play": 1}


def test_one_play_an_instant_user_and_content_is_no_matter_of_the_import(tmp_path: Path) -> None:
    laid_out(tmp_path / "in", {"endsong_0.json": [SONG, SONG], "endsong_1.json": [SONG]})
    assert kinds(imported(tmp_path, tmp_path / "in", user="u1")) == {"play": 3}


def test_a_folder_of_a_package_that_holds_nothing_else_says_so(tmp_path: Path) -> None:
    folder = laid_out(tmp_path / "Spotify Technical Log Information", {"Raw.json": [PERSONAL]})
    with pytest.raises(UsageError, match="left out unread"):
        imported(tmp_path, folder, user="u1")
