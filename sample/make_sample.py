"""Make Soundlake's bundled records from two public data sets and a seeded generator of plays.

    python sample/make_sample.py --songs spotify_songs.csv.gz --charts top50_daily.csv.gz [--out FOLDER] [--seed 20210]

The same inputs and the same seed give the same bytes. README.md, next to this file, says what is what.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from random import Random

from sample_charts import MARKETS, chart_days, chart_records, read_charts
from sample_dirt import mix_in
from sample_plays import MINUTE, Music, make_users, plays_of
from sample_records import FOLDERS, Record, as_line, write_part
from sample_roads import export_records, poll_records, user_item_records
from sample_songs import read_songs, song_records, song_tracks

PLAYLISTS_PER_SUBGENRE = 3
USERS_PER_PART = 3  # one user's plays repeat each other, which gzip uses
USER_ITEMS_ASKED_MS = 1_625_616_000_000  # 2021-07-07T00:00:00Z, the day after the last play
EXPORTS_ASKED_MS = 1_625_702_400_000  # 2021-07-08T00:00:00Z

Parts = dict[str, list[list[bytes]]]


def sample_parts(songs: Path, charts: Path, seed: int, playlists_per_subgenre: int = PLAYLISTS_PER_SUBGENRE) -> Parts:
    """The lines of every file: kind → parts → lines."""
    rng = Random(seed)  # noqa: S311 - listeners, not secrets
    song_rows, chart_rows = read_songs(songs, playlists_per_subgenre), read_charts(charts)
    records: dict[str, list[list[Record]]] = defaultdict(list)
    for made in (song_records(song_rows), chart_records(chart_rows)):
        for kind, of_kind in made.items():
            records[kind].append(of_kind)
    plays, user_items = _listening(_music(song_rows, chart_rows), rng)
    records["play"] += plays
    records["user_item"].append(user_items)
    return mix_in({kind: [[as_line(r) for r in part] for part in records[kind]] for kind in FOLDERS}, rng)


def _music(song_rows: list[dict[str, str]], chart_rows: list[dict[str, str]]) -> Music:
    tracks = song_tracks(song_rows)
    music = Music(by_subgenre=defaultdict(lambda: defaultdict(list)), charts={}, by_artist=defaultdict(list))
    for row in song_rows:
        music.by_subgenre[row["playlist_subgenre"]][row["playlist_id"]].append(tracks[row["track_id"]])
    for track in tracks.values():
        if track.artist_id:
            music.by_artist[track.artist_id].append(track)
    ids = {row["playlist_name"]: row["playlist_id"] for row in chart_rows}
    days = chart_days(chart_rows)
    for name, market in MARKETS.items():
        music.charts[market] = (ids[name], days[ids[name]])
    return music


def _listening(music: Music, rng: Random) -> tuple[list[list[Record]], list[Record]]:
    """Files of plays, each in the order of arrival, and the user items.

    Of ten users, seven are polled only, one is polled and asks for an export as well, two only ask for an export.
    """
    polled: dict[int, list[tuple[int, Record]]] = defaultdict(list)
    exported: list[tuple[int, Record]] = []
    user_items: list[Record] = []
    for number, user in enumerate(make_users(music, rng)):
        plays = plays_of(user, music, rng)
        if number % 10 < 8:
            polled[number // USERS_PER_PART].extend(poll_records(user.id, plays, rng))
        if number % 10 >= 7:
            exported.extend(export_records(user.id, plays, EXPORTS_ASKED_MS + number * 7 * MINUTE))
        user_items.extend(user_item_records(user.id, plays, USER_ITEMS_ASKED_MS))
    files = [sorted(part, key=lambda arrival: arrival[0]) for _, part in sorted(polled.items())] + [exported]
    return [[record for _, record in file] for file in files if file], user_items


def write_sample(parts: Parts, out: Path) -> int:
    """Write the parts as `<folder of the kind>/part-<number>.ndjson.gz`; returns the bytes written."""
    size = 0
    for kind, files in parts.items():
        folder = out / FOLDERS[kind]
        for old in folder.glob("part-*.ndjson.gz"):
            old.unlink()
        for number, lines in enumerate(files):
            size += write_part(folder / f"part-{number:04d}.ndjson.gz", lines)
    return size


def main(arguments: Iterable[str] | None = None) -> None:
    """Read the arguments, write the sample, print the records of each kind and the size of all files."""
    parser = argparse.ArgumentParser(description="Make Soundlake's bundled records.")
    parser.add_argument("--songs", type=Path, required=True, help="spotify_songs.csv.gz (TidyTuesday, 2020-01-21)")
    parser.add_argument("--charts", type=Path, required=True, help="top50_daily.csv.gz (Top 50 archive, 2021)")
    parser.add_argument("--out", type=Path, default=Path("sample/records"), help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=20210, help="seed of the generated plays (default: 20210)")
    options = parser.parse_args(None if arguments is None else list(arguments))
    parts = sample_parts(options.songs, options.charts, options.seed)
    size = write_sample(parts, options.out)
    for kind, files in parts.items():
        print(f"{FOLDERS[kind]:<16} {len(files):>3} files {sum(map(len, files)):>7,} records")
    print(f"{size:,} bytes in {options.out}")


if __name__ == "__main__":
    main()
