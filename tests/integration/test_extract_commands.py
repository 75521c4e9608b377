"""`soundlake extract` as it is typed: words, exit codes, what is printed, being killed, being run by a clock."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from helpers.services.catalog import Catalog, an_id
from helpers.services.extracting import APP, Extracting
from helpers.services.spotify import FakeSpotify
from soundlake import cli
from soundlake.errors import SoundlakeError, UsageError
from soundlake.extract.credentials import load_credentials
from soundlake.extract.ids import parse_id
from soundlake.extract.rate_limit import WINDOW_SECONDS, Clock, RateLimiter
from soundlake.extract.scheduled import handler
from soundlake.settings import load_settings

A_TRACK = an_id("track", 1)


@pytest.fixture
def fake() -> Iterator[FakeSpotify]:
    with FakeSpotify(Catalog.of(60)) as server:
        yield server


@pytest.fixture(autouse=True)
def app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for name, value in APP.items():
        monkeypatch.setenv(name, value)


def words(extracting: Extracting, *argv: str) -> list[str]:
    return ["soundlake", "extract", *argv, *[word for setting in extracting.sets for word in ("--set", setting)]]


def exit_code(monkeypatch: pytest.MonkeyPatch, extracting: Extracting, *argv: str) -> object:
    monkeypatch.setattr("sys.argv", words(extracting, *argv))
    try:
        cli.main()
    except SystemExit as ended:
        return ended.code
    return 0


def test_what_was_asked_for_and_got_is_printed(
    extracting: Extracting, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(monkeypatch, extracting, "tracks", A_TRACK, "--with", "albums") == 0
    output = capsys.readouterr()
    rows = [line.split() for line in output.out.splitlines()]
    assert ["asked", "fetched", "missing", "refused", "failed", "left"] in rows
    assert ["track", "1", "1", "0", "0", "0", "0"] in rows
    assert "published 1 track, 1 album" in output.out
    assert output.err == ""  # no bars where nobody watches


def test_what_was_named_and_not_fetched_exits_1(
    extracting: Extracting, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = an_id("track", 999)
    assert exit_code(monkeypatch, extracting, "tracks", A_TRACK, missing) == 1
    assert f"track: 1 missing: Spotify knows no such track: {missing}" in capsys.readouterr().out


def test_a_stop_exits_1_and_says_when_to_come_again(
    fake: FakeSpotify, extracting: Extracting, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.fail("/v1/tracks", 429, headers={"Retry-After": "3600"})
    assert exit_code(monkeypatch, extracting, "tracks", A_TRACK) == 1
    output = capsys.readouterr().out
    assert "stopped: Spotify: 429 a fault" in output
    assert " UTC the same command resumes the crawl" in output


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (["tracks"], "extract tracks: name at least one, or a file of them with --from"),
        (["tracks", "x"], "x: is no id, URI or URL of a track; an id has 22 letters and digits"),
        (
            ["tracks", A_TRACK, "--with", "lyrics"],
            "--with lyrics: lyrics: should be of tracks, albums, artists, features",
        ),
        (["tracks", "--from", "nowhere.txt"], "--from nowhere.txt: cannot be read: No such file or directory"),
        (["me", "likes"], "extract me likes: should be of recent, top, saved, followed"),
        (["search", "x", "--type", "song"], "--type song: should be of track, artist, album, playlist"),
        (["tracks", A_TRACK, "--user", "../x"], "--user ../x: should be letters, digits, - and _"),
        (["tracks", A_TRACK, "--to", "mars"], "--to mars: should be one of files, kafka, kinesis"),
    ],
)
def test_wrong_words_exit_2(
    extracting: Extracting,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    argv: list[str],
    problem: str,
) -> None:
    assert exit_code(monkeypatch, extracting, *argv) == 2
    assert f"soundlake: {problem}" in capsys.readouterr().err


def test_without_credentials_it_is_said_how_to_give_them(
    extracting: Extracting, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SPOTIPY_CLIENT_ID")
    assert exit_code(monkeypatch, extracting, "tracks", A_TRACK) == 2
    assert "set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET" in capsys.readouterr().err


def test_a_file_lists_what_to_read(
    fake: FakeSpotify, extracting: Extracting, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    listed = tmp_path / "tracks.txt"
    other = an_id("track", 2)
    listed.write_text(f"# tracks\n{A_TRACK}   # the first\n\nhttps://open.spotify.com/track/{other}?si=x\n")
    assert exit_code(monkeypatch, extracting, "tracks", "--from", str(listed), "--with", "none") == 0
    assert sorted(extracting.ids("track")) == sorted([A_TRACK, other])


def test_the_playlists_of_the_settings_are_read_where_none_is_named(
    fake: FakeSpotify, extracting: Extracting, monkeypatch: pytest.MonkeyPatch
) -> None:
    playlists = [fake.catalog.add_playlist(number, []) for number in (1, 2)]
    extracting.sets += (f"extract.playlists={','.join(playlists)}",)
    assert exit_code(monkeypatch, extracting, "playlists") == 0
    assert extracting.ids("playlist") == playlists


@pytest.mark.parametrize(
    "text",
    [
        A_TRACK,
        f"spotify:track:{A_TRACK}",
        f"https://open.spotify.com/track/{A_TRACK}",
        f"https://open.spotify.com/intl-de/track/{A_TRACK}?si=abc",
        f"open.spotify.com/embed/track/{A_TRACK}",
    ],
)
def test_a_thing_can_be_named_in_many_ways(text: str) -> None:
    assert parse_id("track", text) == A_TRACK


def test_only_private_files_hold_tokens_and_nothing_shown_does(
    fake: FakeSpotify, extracting: Extracting, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a consent, a token that ends early, an error of the server, and a umask that hides nothing."""
    fake.consents.add("a-consent")
    monkeypatch.setenv("SPOTIPY_REFRESH_TOKEN", "a-consent")
    playlist = fake.catalog.add_playlist(1, list(fake.catalog.tracks.values()))
    extracting.sets += ("extract.attempts=2",)
    fake.fail("/tracks", 401)
    fake.fail("/albums", 500, times=9)
    command = [str(Path(sys.executable).with_name("soundlake")), *words(extracting, "playlists", playlist)[1:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, umask=0, cwd=tmp_path)
    secrets = {APP["SPOTIPY_CLIENT_SECRET"], *fake.consents, *fake.tokens}
    assert done.returncode == 1
    assert not [secret for secret in secrets if secret in done.stdout + done.stderr]
    holders = [
        path
        for path in tmp_path.rglob("*")
        if path.is_file() and any(secret.encode() in path.read_bytes() for secret in secrets)
    ]
    assert [path.name[:6] for path in holders] == ["token-"]
    assert stat.S_IMODE(holders[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(holders[0].parent.stat().st_mode) == 0o700


def kill_at(fake: FakeSpotify, number: int, command: list[str]) -> None:
    """Run a command and kill it while it waits for the answer to a request."""
    processes: list[subprocess.Popen[bytes]] = []
    started = threading.Event()

    def kill(asked: object) -> None:
        if len(fake.asked) == number:
            started.wait(10)
            os.kill(processes[0].pid, signal.SIGKILL)

    fake.before = kill
    processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    started.set()
    assert processes[0].wait(60) == -signal.SIGKILL


@pytest.mark.parametrize("checkpoint_seconds", [0, 30])
def test_killed_at_any_time_it_goes_on_and_everything_is_published(
    fake: FakeSpotify, extracting: Extracting, monkeypatch: pytest.MonkeyPatch, checkpoint_seconds: int
) -> None:
    """SIGKILL in the middle of a request, three times; then to the end."""
    extracting.sets += (f"extract.checkpoint_seconds={checkpoint_seconds}",)
    fake.generation = "new"
    fake.consents.add("a-consent")
    monkeypatch.setenv("SPOTIPY_REFRESH_TOKEN", "a-consent")
    playlist = fake.catalog.add_playlist(1, list(fake.catalog.tracks.values()))
    command = [sys.executable, "-c", "from soundlake.cli import main; main()"]
    command += words(extracting, "playlists", playlist)[1:]
    for number in (3, 12, 7):  # what was read before a kill is in the cache
        fake.asked.clear()
        kill_at(fake, number, command)
    fake.before = lambda asked: None
    assert subprocess.run(command, timeout=60, stdout=subprocess.DEVNULL).returncode == 0
    assert set(extracting.ids("track")) == set(fake.catalog.tracks)
    assert set(extracting.ids("album")) == set(fake.catalog.albums)
    assert set(extracting.ids("artist")) == set(fake.catalog.artists)
    assert set(extracting.ids("audio_features")) == set(fake.catalog.tracks)
    items = [record["payload"]["position"] for record in extracting.records("playlist_item")]
    assert sorted(items) == list(range(60))


# Rate limit and retries.


def test_no_window_of_30_seconds_holds_more_requests_than_allowed() -> None:
    moments: list[float] = []
    time = [0.0]

    def sleep(seconds: float) -> None:
        time[0] += seconds

    limiter = RateLimiter(7, Clock(lambda: time[0], sleep))
    for _ in range(50):
        limiter.wait()
        moments.append(time[0])
        time[0] += 0.4
    assert all(later - earlier >= WINDOW_SECONDS - 1e-6 for earlier, later in zip(moments, moments[7:], strict=False))


# Credentials, and running by a clock.


def keep_secret(text: str) -> None:
    boto3.client("secretsmanager").create_secret(Name="spotify", SecretString=text)


AWS_KEEPS_IT = "extract.secret_id=spotify"


@pytest.mark.usefixtures("emulated_aws")
def test_credentials_can_be_a_secret() -> None:
    keep_secret(json.dumps({"client_id": "from-aws", "client_secret": "hidden"}))
    found = load_credentials(load_settings(None, (AWS_KEEPS_IT,), env={}), env={})
    assert (found.client_id, found.client_secret, found.refresh_token) == ("from-aws", "hidden", None)
    assert "hidden" not in repr(found)
    assert "from-aws" not in repr(found)


@pytest.mark.usefixtures("emulated_aws")
def test_a_secret_in_another_shape_is_not_shown() -> None:
    keep_secret("client_secret=hidden")
    with pytest.raises(SoundlakeError, match="should be a JSON object") as caught:
        load_credentials(load_settings(None, (AWS_KEEPS_IT,), env={}), env={})
    assert "hidden" not in str(caught.value)


@pytest.mark.usefixtures("emulated_aws")
def test_a_secret_that_is_not_there_is_said() -> None:
    with pytest.raises(SoundlakeError, match="cannot read the secret spotify"):
        load_credentials(load_settings(None, (AWS_KEEPS_IT,), env={}), env={})


class Invocation:
    """What Lambda says of the time that is left."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


@pytest.fixture
def in_the_cloud(emulated_aws: None, fake: FakeSpotify, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Records, state and credentials on AWS; returns a client of S3."""
    keep_secret(json.dumps({"client_id": "an-app", "client_secret": "its-password"}))
    client = boto3.client("s3")
    client.create_bucket(Bucket="a-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for setting in (*fake.settings, AWS_KEEPS_IT, "extract.state=s3://a-bucket/state", "publish.out=s3://a-bucket/raw"):
        key, _, value = setting.partition("=")
        monkeypatch.setenv("SOUNDLAKE_" + key.upper().replace(".", "__"), value)
    return client


def keys(client: Any, prefix: str) -> list[str]:
    return [found["Key"] for found in client.list_objects_v2(Bucket="a-bucket", Prefix=prefix).get("Contents", [])]


def test_a_lambda_extracts_with_all_it_needs_on_aws(fake: FakeSpotify, in_the_cloud: Any) -> None:
    report = handler({"command": "tracks", "ids": [A_TRACK], "with": "none"}, Invocation(300))
    assert report["stages"]["track"]["fetched"] == 1
    assert len(keys(in_the_cloud, "raw/spotify.tracks/")) == 1


def test_a_lambda_whose_time_is_over_goes_on_in_the_next_invocation(fake: FakeSpotify, in_the_cloud: Any) -> None:
    playlist = fake.catalog.add_playlist(1, list(fake.catalog.tracks.values()))
    event = {"ids": [playlist], "with": "none"}
    first = handler(event, Invocation(30))
    assert (first["is_well"], first["stopped"]) == (False, "the time limit is reached")
    second = handler(event, Invocation(300))
    assert second["fetched_at"] == first["fetched_at"]
    assert second["stages"]["playlist"] == {
        "asked": 1,
        "fetched": 1,
        "missing": 0,
        "refused": 0,
        "failed": 0,
        "left": 0,
    }
    assert [key for key in keys(in_the_cloud, "state/") if "crawl" in key] == []


@pytest.mark.usefixtures("in_the_cloud")
def test_a_lambda_that_could_not_get_what_was_named_is_an_error() -> None:
    with pytest.raises(SoundlakeError, match="1 missing"):
        handler({"command": "tracks", "ids": [an_id("track", 999)], "with": "none"}, Invocation(300))


def test_an_event_that_says_nothing_sensible_is_an_error() -> None:
    with pytest.raises(UsageError, match="command dance: should be of"):
        handler({"command": "dance"}, Invocation(300))
