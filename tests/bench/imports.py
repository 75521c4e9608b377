"""How fast a table is imported: generated rows of tracks, through the command's own road, into files.

Prints rows a second of processor time (the import runs on one core) and the most memory that the process held.

    python tests/bench/imports.py --rows 1000000
"""

from __future__ import annotations

import argparse
import csv
import random
import resource
import string
import sys
import tempfile
import time
from pathlib import Path

from soundlake.imports.session import ImportOptions, perform
from soundlake.settings import load_settings

MAPPING = """
name = "bench"
[[records]]
kind = "track"
[records.fields]
id = "track_id"
name = "track_name"
"artists[].id" = "artist_id"
"artists[].name" = "artist_name"
"album.id" = "album_id"
"album.name" = "album_name"
"album.release_date" = "release_date"
duration_ms = "duration_ms"
explicit = "explicit"
popularity = "popularity"
"external_ids.isrc" = "isrc"
"""
HEADER = (
    "track_id,track_name,artist_id,artist_name,album_id,album_name,release_date,duration_ms,explicit,popularity,isrc"
)
SIGNS = string.ascii_letters + string.digits


def generated(path: Path, rows: int, seed: int) -> None:
    """A CSV of tracks; a third of the names are quoted."""
    rng = random.Random(seed)  # noqa: S311 - nothing secret

    def made_id() -> str:
        return "".join(rng.choices(SIGNS, k=22))

    artists = [(made_id(), f"Singer {number}") for number in range(5_000)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER.split(","))
        for row in range(rows):
            name = f"Song, {row}" if row % 3 == 0 else f"Song {row}"
            album = (made_id(), f"Album {row % 1000}", f"20{row % 24:02}-0{row % 9 + 1}-1{row % 9}")
            rest = (rng.randint(100_000, 300_000), rng.random() < 0.5, rng.randint(0, 100), f"XX{row:010}")
            writer.writerow((made_id(), name, *rng.choice(artists), *album, *rest))


def main() -> None:
    """Generate, import, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generated(folder / "tracks.csv", arguments.rows, arguments.seed)
        (folder / "bench.toml").write_text(MAPPING, encoding="utf-8")
        settings = load_settings(sets=[f"extract.state={folder / 'state'}"])
        began, began_cpu = time.perf_counter(), time.process_time()
        options = ImportOptions(mapping=str(folder / "bench.toml"), to="files", out=str(folder / "out"))
        summary = perform(settings, [str(folder / "tracks.csv")], options)
        seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{summary.rows:,} rows in {seconds:.1f} s, {cpu:.1f} s of processor: {summary.rows / cpu:,.0f} rows/s")
    print(f"most memory: {memory:.0f} MB")
    if sum(summary.records.values()) != arguments.rows:
        sys.exit("not every row gave a record")


if __name__ == "__main__":
    main()
