"""What a crawl through the Spotify Web API publishes, and how it behaves when Spotify does not."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from helpers.services.catalog import Catalog, a_local_file, an_episode, an_id
from helpers.services.extracting import APP, Extracting
from helpers.services.spotify import FakeSpotify
from soundlake.errors import SoundlakeError, UsageError

TRACKS = 120
HOURS = {"Retry-After": "72000"}


@pytest.fixture
def fake() -> Iterator[FakeSpotify]:
    with FakeSpotify(Catalog.of(TRACKS)) as server:
        yield server


def positions(extracting: Extracting) -> list[int]:
    return [record["payload"]["position"] for record in extracting.records("playlist_item")]


def later(fake: FakeSpotify, extracting: Extracting) -> None:
    """Let the time pass for which Spotify said to keep away."""
    for path in extracting.state.glob("app-*.json"):
        document = json.loads(path.read_text())
        document.pop("blocked_until", None)
        path.write_text(json.dumps(document))
    fake.faults.clear()


# What is published.


@pytest.mark.parametrize("generation", ["old", "new"])
def test_a_playlist_is_published_with_all_its_entries_in_order(
    fake: FakeSpotify, extracting: Extracting, playlist: str, generation: str
) -> None:
    fake.generation = generation
    fake.consents.add("a-consent")
    report = extracting.run("playlists", playlist, env={**APP, "SPOTIPY_REFRESH_TOKEN": "a-consent"})
    items = extracting.records("playlist_item")
    assert [item["payload"]["position"] for item in items] == list(range(TRACKS))
    entry = "track" if generation == "old" else "item"
    assert [item["payload"][entry]["id"] for item in items] == list(fake.catalog.tracks)
    assert {json.dumps(item["payload"]["playlist"]) for item in items} == {
        json.dumps({"id": playlist, "name": "Playlist 1", "snapshot_id": "snapshot-1", "total": TRACKS})
    }
    assert report.is_well


def test_all_records_of_a_crawl_have_its_fetched_at(extracting: Extracting, playlist: str) -> None:
    report = extracting.run("playlists", playlist, with_="tracks,albums,artists,features")
    assert {record["fetched_at"] for record in extracting.records()} == {report.crawl.fetched_at}


def test_a_record_begins_with_its_kind_and_is_an_envelope(extracting: Extracting, fake: FakeSpotify) -> None:
    extracting.run("tracks", an_id("track", 1), sets=("extract.market=JP",))
    (record,) = extracting.records()
    assert list(record) == ["kind", "fetched_at", "source", "market", "payload"]
    assert (record["kind"], record["source"], record["market"]) == ("track", "spotify-api", "JP")
    assert record["payload"] == fake.catalog.tracks[an_id("track", 1)]


def test_a_playlist_record_has_no_entries_but_their_number(extracting: Extracting, playlist: str) -> None:
    extracting.run("playlists", playlist)
    (record,) = extracting.records("playlist")
    assert record["payload"]["tracks"] == {"total": TRACKS}
    assert record["payload"]["followers"] == {"total": 7}


def test_gaps_local_files_and_episodes_keep_their_place_and_are_no_tracks(
    fake: FakeSpotify, extracting: Extracting
) -> None:
    track = fake.catalog.tracks[an_id("track", 3)]
    playlist = fake.catalog.add_playlist(2, [None, a_local_file(), track, an_episode(1)])
    extracting.run("playlists", playlist, with_="tracks")
    assert positions(extracting) == [0, 1, 2, 3]
    assert extracting.ids("track") == [an_id("track", 3)]


def test_an_empty_playlist_says_so(fake: FakeSpotify, extracting: Extracting) -> None:
    playlist = fake.catalog.add_playlist(2, [])
    extracting.run("playlists", playlist)
    (record,) = extracting.records("playlist_item")
    assert record["payload"]["playlist"]["total"] == 0
    assert record["payload"]["track"] is None


def test_what_a_playlist_leads_to_is_published_once_each(
    fake: FakeSpotify, extracting: Extracting, playlist: str
) -> None:
    other = fake.catalog.add_playlist(2, list(fake.catalog.tracks.values())[:30])
    report = extracting.run("playlists", playlist, other, with_="tracks,albums,artists,features")
    assert sorted(extracting.ids("track")) == sorted(fake.catalog.tracks)
    assert sorted(extracting.ids("album")) == sorted(fake.catalog.albums)
    assert sorted(extracting.ids("artist")) == sorted(fake.catalog.artists)
    assert sorted(extracting.ids("audio_features")) == sorted(fake.catalog.tracks)
    assert report.is_well


def test_an_app_of_before_2026_that_has_no_items_route_is_read_by_the_old_one(
    fake: FakeSpotify, extracting: Extracting, playlist: str
) -> None:
    fake.has_items_route = False
    assert extracting.run("playlists", playlist).is_well
    assert positions(extracting) == list(range(TRACKS))
    assert len(fake.paths("/items$")) == 1


def test_the_whole_work_of_an_artist_can_be_read(fake: FakeSpotify, extracting: Extracting) -> None:
    extracting.run("artists", an_id("artist", 3), with_="albums,tracks")
    assert extracting.ids("artist") == [an_id("artist", 3)]
    assert sorted(extracting.ids("album")) == [an_id("album", 6), an_id("album", 7)]
    assert sorted(extracting.ids("track")) == [an_id("track", number) for number in range(30, 40)]


@pytest.mark.parametrize("generation", ["old", "new"])
def test_a_search_publishes_what_it_finds(fake: FakeSpotify, extracting: Extracting, generation: str) -> None:
    fake.generation = generation
    fake.catalog.add_playlist(1, [])
    report = extracting.run("search", "1", types="track,artist,album,playlist", limit=15, with_="albums")
    assert len(extracting.ids("track")) == 15
    assert sorted(extracting.ids("artist")) == [an_id("artist", number) for number in (1, 10, 11)]
    assert extracting.ids("playlist") == [an_id("playlist", 1)]
    assert len(extracting.ids("album")) >= 11
    assert report.is_well


# What the app may do is found out once.


def test_an_app_that_may_reads_in_batches(fake: FakeSpotify, extracting: Extracting) -> None:
    extracting.run("tracks", *fake.catalog.tracks)
    assert fake.paths("^/v1/tracks") == ["/v1/tracks/"] * 3
    assert sorted(extracting.ids("track")) == sorted(fake.catalog.tracks)


def test_an_app_that_may_not_reads_one_by_one_and_asks_only_once_whether_it_may(
    fake: FakeSpotify, extracting: Extracting
) -> None:
    fake.generation = "new"
    some = list(fake.catalog.albums)
    extracting.run("albums", *some[:3])
    extracting.run("albums", *some[3:6])
    assert len(fake.paths("^/v1/albums/$")) == 1
    assert sorted(extracting.ids("album")) == sorted(some[:6])


def test_what_was_read_lately_is_published_again_without_asking(fake: FakeSpotify, extracting: Extracting) -> None:
    first = extracting.run("albums", an_id("album", 1))
    extracting.run("albums", an_id("album", 1))
    assert len(fake.paths("albums")) == 1
    assert [record["fetched_at"] for record in extracting.records("album")] == [first.crawl.fetched_at] * 2


def test_nothing_is_kept_where_that_is_not_wanted(fake: FakeSpotify, extracting: Extracting) -> None:
    for _ in range(2):
        extracting.run("albums", an_id("album", 1), sets=("extract.cache_hours=0",))
    assert len(fake.paths("albums")) == 2


# The truth about what was not got.


def test_what_is_missing_is_named(fake: FakeSpotify, extracting: Extracting) -> None:
    unknown = an_id("track", 999)
    report = extracting.run("tracks", unknown, an_id("track", 1))
    assert (report.crawl.queues["track"].asked, report.crawl.queues["track"].fetched) == (2, 1)
    assert any("1 missing" in line and unknown in line for line in report.lines())
    assert not report.is_well


def test_an_editorial_playlist_is_missing(fake: FakeSpotify, extracting: Extracting) -> None:
    editorial = fake.catalog.add_playlist(5, [], owner="spotify")
    report = extracting.run("playlists", editorial)
    assert report.crawl.roots_not_fetched == {editorial: ("missing", "404 Resource not found")}
    assert not report.is_well


def test_in_development_mode_the_playlist_of_another_is_published_and_its_entries_are_refused(
    fake: FakeSpotify, extracting: Extracting
) -> None:
    fake.generation = "new"
    other = fake.catalog.add_playlist(5, list(fake.catalog.tracks.values()), owner="somebody")
    report = extracting.run("playlists", other)
    assert extracting.ids("playlist") == [other]
    assert report.crawl.roots_not_fetched == {other: ("refused", "its entries: 403 Forbidden")}


def test_what_fails_is_kept_with_its_reason_and_tried_first_the_next_time(
    fake: FakeSpotify, extracting: Extracting
) -> None:
    failing, other = an_id("track", 1), an_id("track", 2)
    fake.fail(failing, 500, times=5)
    report = extracting.run("tracks", failing, sets=("extract.attempts=2",))
    assert any("1 failed: 500 a fault, 2 times" in line for line in report.lines())
    assert json.loads((extracting.state / "failed.json").read_text()) == {"track": {failing: "500 a fault, 2 times"}}
    fake.faults.clear()
    fake.asked.clear()
    assert extracting.run("tracks", other, sets=("extract.cache_hours=0",)).is_well
    assert fake.asked[0].query["ids"] == f"{failing},{other}"
    assert sorted(extracting.ids("track")) == [failing, other]
    assert json.loads((extracting.state / "failed.json").read_text()) == {}


def test_ids_that_are_none_are_refused_before_anything_is_asked(fake: FakeSpotify, extracting: Extracting) -> None:
    with pytest.raises(UsageError) as caught:
        extracting.run("tracks", "nonsense", f"spotify:album:{an_id('album', 1)}")
    assert len(caught.value.problems) == 2
    assert fake.asked == []


# Rate limit and retries.


def test_a_short_wait_is_waited_for(fake: FakeSpotify, extracting: Extracting, playlist: str) -> None:
    fake.fail("/items$", 429, headers={"Retry-After": "0"}, times=2)
    assert extracting.run("playlists", playlist).is_well
    assert positions(extracting) == list(range(TRACKS))


def test_errors_of_the_server_are_tried_again(fake: FakeSpotify, extracting: Extracting, playlist: str) -> None:
    fake.fail("/items$", 502, body=b"<html>bad gateway</html>")
    fake.fail(f"/playlists/{playlist}$", 200, body=b"no json")
    assert extracting.run("playlists", playlist).is_well
    assert positions(extracting) == list(range(TRACKS))


def test_an_answer_that_does_not_come_is_asked_for_again(
    fake: FakeSpotify, extracting: Extracting, playlist: str
) -> None:
    fake.fail("/items$", 200, delay=2)
    assert extracting.run("playlists", playlist, sets=("extract.timeout=1",)).is_well
    assert positions(extracting) == list(range(TRACKS))


def test_a_long_wait_stops_the_crawl_and_says_when_to_come_again(
    fake: FakeSpotify, extracting: Extracting, playlist: str
) -> None:
    body = {"error": {"status": 429, "message": "Too many requests", "reason": "QUOTA_EXCEEDED"}}
    fake.fail("/items$", 429, headers=HOURS, after=1, body=body)
    report = extracting.run("playlists", playlist)
    assert report.stop is not None
    assert report.stop.reason == "Spotify: 429 Too many requests QUOTA_EXCEEDED"
    assert report.stop.resume_at is not None
    assert abs(report.stop.resume_at - datetime.now(UTC) - timedelta(hours=20)) < timedelta(minutes=1)
    assert positions(extracting) == list(range(50))
    assert not report.is_well


def test_a_crawl_goes_on_where_it_stopped_with_the_same_fetched_at(
    fake: FakeSpotify, extracting: Extracting, playlist: str
) -> None:
    fake.fail("/items$", 429, headers=HOURS, after=1)
    first = extracting.run("playlists", playlist)
    later(fake, extracting)
    second = extracting.run("playlists", playlist)
    assert positions(extracting) == list(range(TRACKS))
    assert len(extracting.records("playlist")) == 1
    assert {record["fetched_at"] for record in extracting.records()} == {first.crawl.fetched_at}
    assert second.is_well
    assert second.crawl.is_resumed


def test_a_crawl_that_is_done_begins_anew_the_next_time(extracting: Extracting, playlist: str) -> None:
    extracting.run("playlists", playlist)
    assert not extracting.run("playlists", playlist).crawl.is_resumed
    assert list(extracting.state.glob("crawl-*")) == []


def test_while_spotify_says_to_keep_away_nothing_is_asked(
    fake: FakeSpotify, extracting: Extracting, playlist: str
) -> None:
    fake.fail("/items$", 429, headers=HOURS)
    extracting.run("playlists", playlist)
    fake.asked.clear()
    report = extracting.run("tracks", an_id("track", 1))
    assert report.stop is not None
    assert report.stop.reason == "Spotify asked the app to wait"
    assert fake.asked == []


def test_a_playlist_that_changes_between_stop_and_resume_is_read_anew_under_a_new_stamp(
    fake: FakeSpotify, extracting: Extracting, playlist: str
) -> None:
    fake.fail("/items$", 429, headers=HOURS, after=1)
    first = extracting.run("playlists", playlist)
    later(fake, extracting)
    fake.catalog.playlists[playlist]["snapshot_id"] = "snapshot-2"
    extracting.run("playlists", playlist)
    second = [r for r in extracting.records("playlist_item") if r["fetched_at"] != first.crawl.fetched_at]
    assert [record["payload"]["position"] for record in second] == list(range(TRACKS))
    assert {record["payload"]["playlist"]["snapshot_id"] for record in second} == {"snapshot-2"}


def test_a_playlist_that_changes_while_it_is_read_is_read_anew(
    fake: FakeSpotify, extracting: Extracting, playlist: str
) -> None:
    def shorten(asked: object) -> None:
        if len(fake.paths("/items$")) == 1 and len(fake.catalog.entries[playlist]) == TRACKS:
            fake.catalog.entries[playlist].pop()
            fake.catalog.playlists[playlist]["snapshot_id"] = "snapshot-2"

    fake.before = shorten
    extracting.run("playlists", playlist)
    items = extracting.records("playlist_item")
    last = max(record["fetched_at"] for record in items)
    whole = [record["payload"]["position"] for record in items if record["fetched_at"] == last]
    assert whole == list(range(TRACKS - 1))


def test_stopped_twice_and_killed_once_everything_is_published_and_nothing_is_asked_for_nothing(
    fake: FakeSpotify, extracting: Extracting, playlist: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = "tracks,albums,artists,features"
    fake.generation = "new"
    fake.consents.add("a-consent")
    env = {**APP, "SPOTIPY_REFRESH_TOKEN": "a-consent"}
    fake.fail("/items$", 429, headers=HOURS, after=1)
    stamp = extracting.run("playlists", playlist, with_=everything, env=env).crawl.fetched_at
    later(fake, extracting)
    fake.fail("/v1/albums/.{22}$", 429, headers=HOURS, after=7)
    extracting.run("playlists", playlist, with_=everything, env=env)
    later(fake, extracting)

    def die(*_: object) -> None:
        raise SystemExit(137)

    with monkeypatch.context() as patched:
        patched.setattr("soundlake.extract.fetchers.audio_features.AudioFeaturesFetcher.read", die)
        with pytest.raises(SystemExit):
            extracting.run("playlists", playlist, with_=everything, env=env)
    report = extracting.run("playlists", playlist, with_=everything, env=env)
    assert report.is_well
    assert set(extracting.ids("track")) == set(fake.catalog.tracks)
    assert set(extracting.ids("album")) == set(fake.catalog.albums)
    assert set(extracting.ids("artist")) == set(fake.catalog.artists)
    assert set(extracting.ids("audio_features")) == set(fake.catalog.tracks)
    assert positions(extracting) == list(range(TRACKS))
    assert {record["fetched_at"] for record in extracting.records()} == {stamp}


def test_a_service_that_is_down_stops_the_walk(fake: FakeSpotify, extracting: Extracting) -> None:
    fake.generation = "new"
    fake.fail("/v1/tracks/.", 500, times=1000)
    report = extracting.run("tracks", *fake.catalog.tracks, sets=("extract.attempts=1",))
    assert report.stop is not None
    assert report.stop.reason == "Spotify does not answer: 500 a fault"
    assert len(fake.asked) < 10


def test_a_crawl_whose_time_is_over_stops(extracting: Extracting, playlist: str) -> None:
    report = extracting.run("playlists", playlist, seconds=0)
    assert report.stop is not None
    assert report.stop.reason == "the time limit is reached"
    assert extracting.run("playlists", playlist).is_well


# Tokens and secrets.


def test_a_token_that_ends_early_is_renewed(fake: FakeSpotify, extracting: Extracting, playlist: str) -> None:
    def revoke(asked: object) -> None:
        if len(fake.asked) == 2:
            fake.revoke_tokens()

    fake.before = revoke
    assert extracting.run("playlists", playlist).is_well
    assert positions(extracting) == list(range(TRACKS))


def test_nobody_but_the_owner_may_read_the_state(fake: FakeSpotify, extracting: Extracting, playlist: str) -> None:
    fake.consents.add("a-consent")
    extracting.run("playlists", playlist, env={**APP, "SPOTIPY_REFRESH_TOKEN": "a-consent"})
    assert stat.S_IMODE(extracting.state.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in extracting.state.glob("*.json")} == {0o600}


def test_no_token_or_secret_is_logged_or_told(
    fake: FakeSpotify, extracting: Extracting, playlist: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    fake.fail("/items$", 500, times=10)
    report = extracting.run("playlists", playlist, sets=("extract.attempts=2",))
    told = caplog.text + "\n".join(report.lines())
    for path in [*extracting.state.glob("[!t]*.json"), *extracting.out.rglob("*.gz")]:
        told += path.read_bytes().decode(errors="replace")
    for secret in ("its-password", "token-number", "Bearer", "Basic"):
        assert secret not in told


def test_trouble_with_asking_for_a_token_is_tried_again(fake: FakeSpotify, extracting: Extracting) -> None:
    fake.fail("/api/token", 503, body=b"busy", times=2)
    assert extracting.run("tracks", an_id("track", 1)).is_well


def test_wrong_credentials_are_said_without_showing_them(fake: FakeSpotify, extracting: Extracting) -> None:
    fake.fail("/api/token", 400, body={"error": "invalid_client"}, times=9)
    with pytest.raises(SoundlakeError, match="gives no token: invalid_client") as caught:
        extracting.run("tracks", an_id("track", 1))
    assert "its-password" not in str(caught.value)


def test_a_second_extract_with_the_same_state_is_refused(fake: FakeSpotify, extracting: Extracting) -> None:
    def again(asked: object) -> None:
        fake.before = lambda asked: None
        with pytest.raises(UsageError, match="another extract is at work"):
            extracting.run("tracks", an_id("track", 2))

    fake.before = again
    assert extracting.run("tracks", an_id("track", 1)).is_well


def test_a_crawl_is_not_resumed_to_another_place(fake: FakeSpotify, extracting: Extracting, tmp_path: Path) -> None:
    """Also where a setting says it: what was published before is not there."""
    fake.generation = "new"
    fake.fail("^/reccobeats", 429, headers={"Retry-After": "72000"}, times=1)
    tracks = list(fake.catalog.tracks)[:3]
    assert extracting.run("tracks", *tracks, with_="features").stop is not None
    elsewhere = tmp_path / "elsewhere"
    assert extracting.run("tracks", *tracks, with_="features", sets=(f"publish.out={elsewhere}",)).is_well
    extracting.out = elsewhere
    assert sorted(extracting.ids("track")) == sorted(tracks)
