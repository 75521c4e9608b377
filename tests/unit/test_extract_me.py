"""A user's own data: consent, plays since the last time, and preferences."""

from __future__ import annotations

import stat
import threading
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from typer.testing import CliRunner

from helpers.services.catalog import USER, Catalog, an_episode, an_id
from helpers.services.extracting import APP, Extracting
from helpers.services.ports import free_ports
from helpers.services.spotify import CLIENT_ID, FakeSpotify
from soundlake import cli
from soundlake.errors import UsageError

ME = {**APP, "SPOTIPY_REFRESH_TOKEN": "a-consent"}


@pytest.fixture
def fake() -> Iterator[FakeSpotify]:
    with FakeSpotify(Catalog.of(60)) as server:
        server.consents.add("a-consent")
        yield server


def play(fake: FakeSpotify, *minutes: int) -> None:
    for minute in minutes:
        fake.catalog.add_play(
            fake.catalog.tracks[an_id("track", minute % 60)], f"2026-11-20T{minute // 60:02}:{minute % 60:02}:07.123Z"
        )


def played(extracting: Extracting) -> list[str]:
    return sorted(record["payload"]["played_at"][11:16] for record in extracting.records("play"))


def test_plays_bear_their_user(fake: FakeSpotify, extracting: Extracting) -> None:
    play(fake, 1, 2)
    assert extracting.run("me", "recent", env=ME).is_well
    (second, first) = [record["payload"] for record in extracting.records("play")]
    assert (first["user_id"], first["track"]["id"]) == (USER, an_id("track", 1))
    assert second["played_at"] == "2026-11-20T00:02:07.123Z"


def test_the_next_time_only_new_plays_are_read(fake: FakeSpotify, extracting: Extracting) -> None:
    play(fake, 1, 2)
    extracting.run("me", "recent", env=ME)
    play(fake, 3)
    extracting.run("me", "recent", env=ME)
    assert played(extracting) == ["00:01", "00:02", "00:03"]


def test_plays_are_read_each_time_however_long_the_rest_of_the_crawl_takes(
    fake: FakeSpotify, extracting: Extracting
) -> None:
    fake.generation = "new"
    fake.fail("^/reccobeats", 429, headers={"Retry-After": "72000"}, times=1000)
    for minute in (1, 2, 3):
        play(fake, minute)
        report = extracting.run("me", "recent", with_="features", env=ME)
        assert report.stop is not None
    assert set(played(extracting)) == {"00:01", "00:02", "00:03"}


def test_plays_that_went_elsewhere_come_here_too(fake: FakeSpotify, extracting: Extracting, tmp_path: Path) -> None:
    play(fake, 1, 2)
    extracting.run("me", "recent", env=ME, out=str(tmp_path / "a try"))
    extracting.run("me", "recent", env=ME)
    assert played(extracting) == ["00:01", "00:02"]


def test_without_plays_all_is_well(extracting: Extracting) -> None:
    assert extracting.run("me", "recent", env=ME).is_well


def test_plays_that_may_have_been_missed_are_told(fake: FakeSpotify, extracting: Extracting) -> None:
    play(fake, 1)
    extracting.run("me", "recent", env=ME)
    play(fake, *range(10, 80))
    report = extracting.run("me", "recent", env=ME)
    assert any("some may be missing" in line for line in report.lines())


def test_the_cursor_does_not_move_before_the_plays_are_safe(
    fake: FakeSpotify, extracting: Extracting, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(fake, 1, 2)
    with monkeypatch.context() as patched:

        def lost(*_: object) -> None:
            raise OSError(28, "No space left on device")

        patched.setattr("soundlake.publishers.file_sink.LocalSink.finish", lost)
        with pytest.raises(Exception, match="No space left on device"):
            extracting.run("me", "recent", env=ME)
    extracting.run("me", "recent", env=ME)
    assert set(played(extracting)) == {"00:01", "00:02"}


def test_the_top_is_ranked_in_each_range(fake: FakeSpotify, extracting: Extracting) -> None:
    fake.top["tracks"] = list(fake.catalog.tracks.values())
    fake.top["artists"] = list(fake.catalog.artists.values())[:2]
    extracting.run("me", "top", with_="tracks,artists", env=ME)
    tops = [record["payload"] for record in extracting.records("user_item")]
    tracks = [(top["rank"], top["track"]["id"]) for top in tops if "track" in top and top["time_range"] == "long_term"]
    assert tracks == [(number + 1, an_id("track", number)) for number in range(60)]
    assert {top["time_range"] for top in tops} == {"short_term", "medium_term", "long_term"}
    assert len(tops) == 3 * 62
    assert sorted(extracting.ids("track")) == sorted(fake.catalog.tracks)


def test_saved_and_followed_things_are_items_of_the_user(fake: FakeSpotify, extracting: Extracting) -> None:
    fake.saved["tracks"] = list(fake.catalog.tracks.values())
    fake.saved["albums"] = list(fake.catalog.albums.values())[:1]
    fake.followed = list(fake.catalog.artists.values())
    assert extracting.run("me", "saved", "followed", env=ME).is_well
    items = [record["payload"] for record in extracting.records("user_item")]
    assert [item["track"]["id"] for item in items if "track" in item] == list(fake.catalog.tracks)
    assert [item["album"]["id"] for item in items if "album" in item] == [an_id("album", 0)]
    assert [item["artist"]["id"] for item in items if "artist" in item] == list(fake.catalog.artists)
    assert {(item["relation"], item["added_at"]) for item in items} == {
        ("saved", "2026-03-04T05:06:07Z"),
        ("followed", None),
    }


def test_a_play_of_an_episode_is_a_play_and_no_track(fake: FakeSpotify, extracting: Extracting) -> None:
    fake.catalog.add_play(an_episode(1), "2026-11-20T00:01:00Z")
    extracting.run("me", "recent", with_="tracks", env=ME)
    assert len(extracting.records("play")) == 1
    assert extracting.records("track") == []


def test_without_consent_nothing_is_asked(fake: FakeSpotify, extracting: Extracting) -> None:
    with pytest.raises(UsageError, match="run `soundlake extract login`"):
        extracting.run("me", env=APP)
    assert fake.asked == []


def test_a_consent_that_was_withdrawn_is_said(fake: FakeSpotify, extracting: Extracting) -> None:
    fake.consents.clear()
    with pytest.raises(Exception, match="consent has expired or was withdrawn: run `soundlake extract login`"):
        extracting.run("me", "recent", env=ME)


def test_another_consent_takes_the_place_of_one_that_was_withdrawn(fake: FakeSpotify, extracting: Extracting) -> None:
    assert extracting.run("me", "recent", env=ME).is_well
    fake.consents.clear()
    fake.revoke_tokens()
    fake.consents.add("another-consent")
    assert extracting.run("me", "recent", env={**ME, "SPOTIPY_REFRESH_TOKEN": "another-consent"}).is_well
    fake.revoke_tokens()
    assert extracting.run("me", "recent", env={**ME, "SPOTIPY_REFRESH_TOKEN": "another-consent"}).is_well


@pytest.mark.parametrize("secret", [None, "its-password"])
def test_after_a_login_the_user_is_known(
    fake: FakeSpotify, extracting: Extracting, monkeypatch: pytest.MonkeyPatch, secret: str | None
) -> None:
    """With a client secret by authorisation code, without one by PKCE; the browser is sent to 127.0.0.1."""
    (port,) = free_ports(1)
    redirect = f"extract.redirect_uri=http://127.0.0.1:{port}/callback"
    env = {"SPOTIPY_CLIENT_ID": CLIENT_ID, **({"SPOTIPY_CLIENT_SECRET": secret} if secret else {})}
    monkeypatch.delenv("SPOTIPY_CLIENT_SECRET", raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    visits: list[threading.Thread] = []

    def browse(url: str) -> bool:
        visits.append(threading.Thread(target=requests.get, args=(url,), kwargs={"timeout": 10}))
        visits[-1].start()
        return True

    monkeypatch.setattr(webbrowser, "open", browse)
    sets = [word for setting in (*extracting.sets, redirect) for word in ("--set", setting)]
    result = CliRunner().invoke(cli.app, ["extract", "login", *sets])
    visits[0].join()
    assert result.exit_code == 0, result.output
    (token,) = extracting.state.glob("token-*.json")
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert (fake.challenges["code-number-1"] is None) == (secret is not None)
    assert "token-number" not in result.output
    play(fake, 1)
    assert extracting.run("me", "recent", env=env).is_well
    assert played(extracting) == ["00:01"]
