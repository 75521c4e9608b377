"""How long a listener's list takes to follow a new play: from the file that lands to the commit of the list.

    .venv/bin/python tests/bench/rerank_latency.py --lake lake

Takes a lake with recommendations (`demo`, then `recommend`), works on a copy, and starts the real stream on it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from deltalake import DeltaTable

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 150


def lists(lake: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(DeltaTable(str(lake / "gold/recommendations")).to_pyarrow_table().to_pylist(), key=_rank):
        found.setdefault(row["user_id"], []).append(row)
    return found


def _rank(row: dict[str, Any]) -> int:
    return int(row["rank"])


def land(folder: Path, number: int, user: str, track: str) -> None:
    """A record as the API gives it, in a file that is whole when it appears."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    payload = {"user_id": user, "played_at": now, "track": {"id": track, "uri": f"spotify:track:{track}"}}
    record = {"kind": "play", "fetched_at": now, "source": "account-export", "payload": payload}
    unfinished = folder.parent / f"_{number}"
    unfinished.write_text(json.dumps(record))
    unfinished.rename(folder / f"{number}.ndjson")


def follow(lake: Path, folder: Path, number: int, user: str, stream: subprocess.Popen[bytes]) -> float:
    """Let a user play the first track of his list; return the seconds until his list is another one."""
    first = lists(lake).get(user) or next(iter(lists(lake).values()))
    track, before = first[0]["track_id"], [row["track_id"] for row in lists(lake).get(user, [])]
    began = time.monotonic()
    land(folder, number, user, track)
    while (now := [row["track_id"] for row in lists(lake).get(user, [])]) == before:
        if stream.poll() is not None or time.monotonic() - began > PATIENCE_SECONDS:
            raise SystemExit(f"the list of {user} did not change")
        time.sleep(0.2)
    took = time.monotonic() - began
    assert track not in now, "what was just heard is recommended"
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--plays", type=int, default=12)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        lake = Path(shutil.copytree(options.lake, Path(scratch) / "lake"))
        folder = Path(scratch) / "landed" / "plays"
        folder.mkdir(parents=True)
        command = [
            str(ROOT / "spark-submit.sh"),
            "stream",
            "--lake",
            str(lake),
            "--set",
            f"source.files.path={folder.parent}",
        ]
        stream = subprocess.Popen(command)
        try:
            users = [*list(lists(lake))[: options.plays - 1], "somebody new"]
            measured = []
            for number, user in enumerate(users):
                took = follow(lake, folder, number, user, stream)
                note = ", the start of the stream included" if number == 0 else ""
                print(f"{user}: {took:.1f} s{note}", flush=True)
                measured += [took] if number else []
            middle, high = np.percentile(measured, [50, 95])
            print(f"{len(measured)} plays after the first: median {middle:.1f} s, 95 % within {high:.1f} s")
        finally:
            stream.send_signal(signal.SIGTERM)
            stream.wait(timeout=60)


if __name__ == "__main__":
    main()
