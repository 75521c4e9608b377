"""Curated playlists as files, and at Spotify."""

from __future__ import annotations

import csv
import re
import threading
import webbrowser
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
import requests
from deltalake import write_deltalake
from typer.testing import CliRunner, Result

from helpers.services.catalog import Catalog, an_id
from helpers.services.extracting import APP
from helpers.services.ports import free_ports
from helpers.services.spotify import FakeSpotify
from soundlake import cli
from soundlake.errors import SoundlakeError
from soundlake.playlists.export import as_m3u, export
from soundlake.playlists.reading import Entry, Playlist

pytestmark = pytest.mark.heavy

NAMES = ["暗闇 and rain", "Sleep"]


@pytest.fixture
def fake() -> Iterator[FakeSpotify]:
    with FakeSpotify(Catalog.of(60)) as server:
        yield server


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Two playlists: one of three tracks of the catalog, one with a track whose id is made up."""
    tracks = [an_id("track", number) for number in range(4)]
    entries = [("mood-a", track) for track in tracks[:3]] + [("sleep", tracks[3]), ("sleep", "made-up")]
    rows = [
        {
            "playlist": slug,
            "playlist_name": NAMES[slug == "sleep"],
            "kind": "mood",
            "rule": "a rule",
            "rank": rank,
            "track_id": track,
            "score": 1.0,
            "built_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
        for rank, (slug, track) in enumerate(entries, start=1)
    ]
    write_deltalake(str(tmp_path / "lake/gold/curated_playlists"), pa.Table.from_pylist(rows))
    known = [
        {"track_id": track, "track_name": f"Song, {n}", "artist_name": 'The "A"', "duration_ms": 1500 + 1000 * n}
        for n, track in enumerate(tracks)
    ]
    write_deltalake(str(tmp_path / "lake/silver/tracks"), pa.Table.from_pylist(known))
    write_deltalake(str(tmp_path / "lake/bronze/events"), pa.table({"position": ["0"]}))  # what makes it a lake
    return tmp_path / "lake"


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.app, ["playlists", *words], catch_exceptions=True)


@pytest.fixture
def consented(fake: FakeSpotify, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The options with which a user who has consented publishes."""
    for name, value in APP.items():
        monkeypatch.setenv(name, value)
    (port,) = free_ports(1)
    settings = (
        *fake.settings,
        f"extract.redirect_uri=http://127.0.0.1:{port}/callback",
        f"extract.state={tmp_path}/state",
    )
    options = [word for each in (*settings, "extract.attempts=2") for word in ("--set", each)]
    visits: list[threading.Thread] = []

    def visit(url: str, *_: object, **__: object) -> bool:
        visits.append(threading.Thread(target=requests.get, args=(url,), kwargs={"timeout": 10}))
        visits[0].start()
        return True

    monkeypatch.setattr(webbrowser, "get", lambda *_: type("Browser", (), {"open": staticmethod(visit)}))
    monkeypatch.setattr(webbrowser, "open", visit)
    result = run("login", *options)
    assert result.exit_code == 0, result.output
    visits[0].join()
    return (*options, "--lake", str(lake))


def entries(fake: FakeSpotify, name: str) -> list[str]:
    (found,) = [playlist for playlist in fake.catalog.playlists.values() if playlist["name"] == name]
    return [entry["thing"]["id"] for entry in fake.catalog.entries[found["id"]]]


def test_playlists_are_listed_with_their_rules(lake: Path) -> None:
    result = run("list", "--lake", str(lake))
    assert result.exit_code == 0, result.output
    assert "mood-a" in result.output
    assert NAMES[0] in result.output


def test_a_playlist_becomes_m3u_that_players_read(lake: Path, tmp_path: Path) -> None:
    result = run("export", "mood-a", "--lake", str(lake), "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    lines = (tmp_path / "out" / "mood-a.m3u8").read_text().splitlines()
    assert lines[:4] == [
        "#EXTM3U",
        f"#PLAYLIST:{NAMES[0]}",
        '#EXTINF:2,The "A" - Song, 0',
        f"https://open.spotify.com/track/{an_id('track', 0)}",
    ]
    assert len(lines) == 2 + 2 * 3


def test_all_playlists_become_csv_whole(lake: Path, tmp_path: Path) -> None:
    result = run("export", "--all", "--format", "csv", "--lake", str(lake), "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["mood-a.csv", "sleep.csv"]
    with (tmp_path / "out" / "sleep.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["track_name"] for row in found] == ["Song, 3", ""]
    assert [row["rank"] for row in found] == ["1", "2"]


def test_a_title_cannot_break_out_of_its_line() -> None:
    playlist = Playlist("a", "a\n#EXTINF", "rule", (Entry("t", "evil\r\nhttp://elsewhere", None, None),))
    assert as_m3u(playlist).splitlines()[1:3] == ["#PLAYLIST:a #EXTINF", "#EXTINF:-1,evil http://elsewhere"]


def test_a_title_that_a_spreadsheet_would_run_is_a_text_in_csv(tmp_path: Path) -> None:
    playlist = Playlist("a", "a", "rule", (Entry("t", "=1+1", "@SUM(A1)", 5),))
    with export(playlist, "csv", tmp_path).open(newline="") as file:
        assert list(csv.reader(file))[1:] == [["1", "t", "'=1+1", "'@SUM(A1)", "5"]]


def test_a_folder_that_cannot_be_written_is_an_error_for_people(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SoundlakeError, match="cannot be written"):
        export(Playlist("a", "a", "rule", ()), "m3u", tmp_path / "file")


@pytest.mark.parametrize(
    ("words", "said"),
    [(["moud-a"], "did you mean mood-a?"), ([], "which playlists?"), (["x"], "no playlist 'x'")],
)
def test_an_unknown_name_is_wrong_usage(lake: Path, words: list[str], said: str) -> None:
    result = run("export", *words, "--lake", str(lake))
    assert said in str(result.exception)


def test_without_yes_nothing_is_sent(fake: FakeSpotify, lake: Path) -> None:
    result = run("publish", "--all", "--lake", str(lake))
    assert result.exit_code == 0, result.output
    assert f"would publish mood-a: {NAMES[0]}, private, 3 tracks\n" in result.output
    assert "would publish sleep: Sleep, private, 1 tracks, 1 left out" in result.output
    assert fake.asked == []


def test_a_playlist_is_published_as_a_private_one(fake: FakeSpotify, consented: tuple[str, ...]) -> None:
    result = run("publish", "mood-a", "--yes", *consented)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("made mood-a: 3 tracks, https://open.spotify.com/playlist/")
    assert entries(fake, NAMES[0]) == [an_id("track", number) for number in range(3)]
    (made,) = fake.catalog.playlists.values()
    assert made["public"] is False


def test_publishing_again_sets_the_same_playlist_anew(fake: FakeSpotify, consented: tuple[str, ...]) -> None:
    run("publish", "mood-a", "--yes", *consented)
    made = next(iter(fake.catalog.playlists))
    fake.catalog.entries[made] = []
    result = run("publish", "mood-a", "--yes", *consented)
    assert result.output.startswith("updated mood-a: 3 tracks"), result.output
    assert list(fake.catalog.playlists) == [made]
    assert len(entries(fake, NAMES[0])) == 3


def test_a_lost_answer_makes_no_second_playlist(fake: FakeSpotify, consented: tuple[str, ...]) -> None:
    fake.fail("/me/playlists$", 502, after=1, is_lost_answer=True)
    result = run("publish", "mood-a", "--yes", *consented)
    assert isinstance(result.exception, SoundlakeError)
    result = run("publish", "mood-a", "--yes", *consented)
    assert result.output.startswith("updated mood-a: 3 tracks"), result.output
    assert len(fake.catalog.playlists) == 1


def test_setting_tracks_is_tried_again(fake: FakeSpotify, consented: tuple[str, ...]) -> None:
    fake.fail("/playlists/.*/items", 500)
    result = run("publish", "sleep", "--yes", *consented)
    assert result.exit_code == 0, result.output
    assert entries(fake, "Sleep") == [an_id("track", 3)]


def test_a_spotify_that_wants_a_pause_of_hours_is_left_alone(fake: FakeSpotify, consented: tuple[str, ...]) -> None:
    fake.fail("/me/playlists", 429, headers={"Retry-After": "72000"})
    result = run("publish", "sleep", "--yes", *consented)
    assert isinstance(result.exception, SoundlakeError)
    assert re.fullmatch(r"sleep: .+; run it again later", str(result.exception))
    fake.asked.clear()
    for _ in range(2):
        result = run("publish", "sleep", "--yes", *consented)
        assert re.fullmatch(r"sleep: .+; run it again later", str(result.exception))
    assert fake.asked == []


def test_a_playlist_of_somebody_else_that_bears_the_mark_is_left_alone(
    fake: FakeSpotify, consented: tuple[str, ...]
) -> None:
    theirs = fake.catalog.add_playlist(7, [], owner="somebody")
    fake.catalog.playlists[theirs]["description"] = "a rule [soundlake:sleep]"
    fake.follows.add(theirs)
    result = run("publish", "sleep", "--yes", *consented)
    assert result.output.startswith("made sleep: 1 tracks"), result.output
    assert fake.catalog.entries[theirs] == []


def test_a_public_playlist_becomes_private_where_it_is_not_said_again(
    fake: FakeSpotify, consented: tuple[str, ...]
) -> None:
    run("publish", "sleep", "--yes", "--public", *consented)
    (made,) = fake.catalog.playlists.values()
    assert made["public"] is True
    run("publish", "sleep", "--yes", *consented)
    (made,) = fake.catalog.playlists.values()
    assert made["public"] is False


def test_without_consent_publishing_says_how_to_give_it(
    fake: FakeSpotify, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**APP, "SPOTIPY_REFRESH_TOKEN": "a-consent-to-read"}.items():
        monkeypatch.setenv(name, value)
    result = run("publish", "mood-a", "--yes", "--lake", str(lake), "--set", f"extract.state={tmp_path}/state")
    assert "run `soundlake playlists login`" in str(result.exception)
    assert fake.asked == []


def test_the_consent_to_publish_is_kept_apart_from_the_one_to_read(consented: tuple[str, ...], tmp_path: Path) -> None:
    (token,) = (tmp_path / "state").glob("token-*.json")
    assert token.stem.endswith("-default-publish")
    assert "playlist-modify-private" in token.read_text()
