"""How long `history` takes: a made-up export of ten years, then a newer one of the same listener, then another's.

    .venv/bin/python tests/bench/history.py --plays 200000

Runs what ./spark-submit.sh runs once its environment is set up. Prints seconds, and what the tables hold afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from soundlake.tables import PLAYS

FIRST = datetime(2015, 1, 1, 7, tzinfo=UTC)
ARTISTS, ALBUMS_EACH, TRACKS_EACH = 2_000, 3, 10
YEARS = 10
A_FILE = 16_000  # plays in one file of an export
Play = dict[str, Any]


def listened(plays: int, seed: int) -> Iterator[Play]:
    """A listener's plays, in order of time: few artists are heard much, one play in twenty is a podcast's."""
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    step = timedelta(days=365 * YEARS) / plays
    for number in range(plays):
        moment = FIRST + number * step + timedelta(seconds=rng.randrange(60))
        ms = rng.randrange(5_000, 300_000)
        play: Play = {
            "ts": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "platform": rng.choice(("ios", "windows", "web_player")),
            "ms_played": ms,
            "conn_country": "JP",
            "ip_addr": "192.0.2.1",
            "reason_start": "trackdone",
            "reason_end": "trackdone" if ms > 30_000 else "fwdbtn",
            "shuffle": rng.random() < 0.5,
            "skipped": ms <= 30_000,
            "offline": False,
            "incognito_mode": False,
        }
        yield play | (_episode(rng) if rng.random() < 0.05 else _track(rng))


def _track(rng: random.Random) -> Play:
    artist = int(ARTISTS * rng.random() ** 3)
    album, title = rng.randrange(ALBUMS_EACH), rng.randrange(TRACKS_EACH)
    return {
        "spotify_track_uri": f"spotify:track:{artist:08}{album:04}{title:010}",
        "master_metadata_track_name": f"Song {title} of {artist}",
        "master_metadata_album_artist_name": f"Artist {artist}",
        "master_metadata_album_album_name": f"Album {album} of {artist}",
    }


def _episode(rng: random.Random) -> Play:
    show, part = rng.randrange(30), rng.randrange(200)
    uri = f"spotify:episode:{show:08}{part:014}"
    return {"spotify_episode_uri": uri, "episode_name": f"Part {part}", "episode_show_name": f"Show {show}"}


def write_export(path: Path, plays: Iterator[Play]) -> None:
    """Write plays as Spotify packs them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        number = 0
        while part := list(islice(plays, A_FILE)):
            name = f"Spotify Extended Streaming History/Streaming_History_Audio_{number}.json"
            package.writestr(name, json.dumps(part))
            number += 1


def timed(lake: Path, export: Path, user: str) -> None:
    """Run the command and print how long it took and how many plays the lake has."""
    command = [sys.executable, "-m", "soundlake.launch", "history", str(export), "--user", user, "--lake", str(lake)]
    spent, begun = _processor_seconds(), time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, cwd=lake.parent)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    seconds, processor = time.monotonic() - begun, _processor_seconds() - spent
    print(done.stdout)
    rows = DeltaTable(str(lake / PLAYS.path)).count()
    print(f"{export.name}, {user}: {seconds:.0f} s ({processor:.0f} s of processor), {rows:,} plays in the lake\n")


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Make the exports and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plays", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3, help="1: the first export alone")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="soundlake-history-") as scratch:
        folder = Path(scratch)
        known, newer = options.plays, options.plays // 100
        plays = list(listened(known + newer, seed=1))
        write_export(folder / "first.zip", iter(plays[:known]))
        write_export(folder / "newer.zip", iter(plays))
        write_export(folder / "another.zip", listened(known // 10, seed=2))
        runs = (("first.zip", "ana"), ("newer.zip", "ana"), ("another.zip", "bo"))
        for export, user in runs[: options.runs]:
            timed(folder / "lake", folder / export, user)


if __name__ == "__main__":
    main()
