"""From the fake Spotify to silver, by each road, through two stops and a kill: everything once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.reading import rows
from helpers.services.catalog import Catalog, a_local_file, an_episode, an_id
from helpers.services.extracting import APP
from helpers.services.kafka import Broker
from helpers.services.kinesis import REGION, Emulator
from helpers.services.spotify import FakeSpotify
from soundlake.launch.paths import ROOT
from soundlake.settings import load_settings
from soundlake.tables import ALBUMS, ARTISTS, PLAYLIST_ITEMS, PLAYLISTS, PLAYS, TRACK_FEATURES, TRACKS, USER_ITEMS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark")]

TOTAL = 120


@pytest.fixture
def fake() -> Iterator[FakeSpotify]:
    with FakeSpotify(Catalog.of(TOTAL), generation="new") as server:
        server.consents.add("a-consent")
        yield server


@pytest.fixture(params=["files", pytest.param("kafka", marks=pytest.mark.nightly), "kinesis"])
def road(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """The settings of publisher and stream for one road."""
    if request.param == "files":
        (tmp_path / "records").mkdir()
        return [f"source.files.path={tmp_path / 'records'}"]
    if request.param == "kafka":
        broker: Broker = request.getfixturevalue("kafka")
        topics = [
            f"source.topics.{kind}={broker.create_topic(f'{tmp_path.name}.{kind}')}"
            for kind in load_settings(env={}).source.topics.model_dump()
        ]
        servers = f"source.kafka.bootstrap_servers={broker.bootstrap_servers}"
        return ["source.type=kafka", "publish.to=kafka", servers, *topics]
    emulator: Emulator = request.getfixturevalue("kinesis")
    return [
        "source.type=kinesis",
        "publish.to=kinesis",
        f"source.kinesis.stream={emulator.new_stream(2).name}",
        f"source.kinesis.region={REGION}",
        f"source.kinesis.endpoint_url={emulator.endpoint_url}",
    ]


class Typing:
    """Commands as a user types them."""

    def __init__(self, fake: FakeSpotify, sets: list[str], state: Path) -> None:
        self._fake = fake
        self._state = state
        words = [
            word
            for one in [*sets, *fake.settings, f"extract.state={state}", "extract.max_wait=1"]
            for word in ("--set", one)
        ]
        self._sets = [*words, "--set", "extract.checkpoint_seconds=0"]
        self._environment = {**os.environ, **APP, "SPOTIPY_REFRESH_TOKEN": "a-consent"}

    def start(self, *argv: str) -> subprocess.Popen[bytes]:
        soundlake = str(Path(sys.executable).with_name("soundlake"))
        command = [soundlake, "extract", *argv, *self._sets]
        return subprocess.Popen(command, env=self._environment, stdout=subprocess.DEVNULL)

    def run(self, *argv: str) -> int:
        return self.start(*argv).wait(120)

    def stopped_at(self, path: str, after: int, *argv: str) -> None:
        """Run until Spotify says to come again in hours; then let the hours pass."""
        self._fake.fail(path, 429, headers={"Retry-After": "7200"}, after=after)
        assert self.run(*argv) == 1
        self._fake.faults.clear()
        (facts,) = self._state.glob("app-*.json")
        document = json.loads(facts.read_text())
        del document["blocked_until"]
        facts.write_text(json.dumps(document))

    def killed_at(self, wanted: Callable[[str], bool], *argv: str) -> None:
        """Run until a request is made, and kill it there."""
        processes: list[subprocess.Popen[bytes]] = []
        started = threading.Event()

        def kill(asked: Any) -> None:
            if wanted(asked.path):
                started.wait(10)
                os.kill(processes[0].pid, signal.SIGKILL)

        self._fake.before = kill
        processes.append(self.start(*argv))
        started.set()
        assert processes[0].wait(120) == -signal.SIGKILL
        self._fake.before = lambda asked: None


def streamed(sets: list[str], lake: Path) -> None:
    """Take all that is there into the tables, by the command that a user types."""
    words = [word for one in sets for word in ("--set", one)]
    command = [str(ROOT / "spark-submit.sh"), "stream", "--once", *words, "--lake", str(lake)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_everything_that_spotify_served_is_in_silver_once(fake: FakeSpotify, road: list[str], tmp_path: Path) -> None:
    catalog = fake.catalog
    chart = catalog.add_playlist(1, list(catalog.tracks.values()))
    odd = catalog.add_playlist(2, [None, a_local_file(), an_episode(1), catalog.tracks[an_id("track", 3)]])
    for minute in range(5):
        catalog.add_play(catalog.tracks[an_id("track", minute)], f"2026-11-20T10:0{minute}:00Z")
    fake.top["artists"] = list(catalog.artists.values())
    user = Typing(fake, road, tmp_path / "state")
    crawl = ("playlists", chart, odd)
    user.stopped_at("/items$", 1, *crawl)
    user.stopped_at("/v1/albums/.{22}$", 5, *crawl)
    user.killed_at(lambda path: path.endswith(an_id("artist", 4)), *crawl)
    assert user.run(*crawl) == 0
    assert user.run("me") == 0

    lake = str(tmp_path / "lake")
    streamed(road, tmp_path / "lake")
    for table, name, expected in (
        (TRACKS, "track_id", catalog.tracks),
        (ALBUMS, "album_id", catalog.albums),
        (ARTISTS, "artist_id", catalog.artists),
        (TRACK_FEATURES, "track_id", catalog.features),
        (PLAYLISTS, "playlist_id", catalog.playlists),
    ):
        assert sorted(row[name] for row in rows(lake, table)) == sorted(expected), table
    items = rows(lake, PLAYLIST_ITEMS)
    assert [
        row["track_id"] for row in sorted(items, key=lambda row: row["position"]) if row["playlist_id"] == chart
    ] == list(catalog.tracks)
    assert [row["position"] for row in items if row["playlist_id"] == odd and row["track_id"] is None] != []
    assert len(items) == TOTAL + 4
    assert len(rows(lake, PLAYS)) == 5
    assert len(rows(lake, USER_ITEMS)) == 3 * len(catalog.artists)
