"""A part of the bundled records, small enough to be run again and again."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from soundlake.launch.paths import SAMPLE

EVERY = 40
DAYS = 8  # of the charts, the last ones: whole fetches, for a part of one is no snapshot


def small_sample(folder: Path) -> tuple[Path, int]:
    """Write every fortieth record of each file, and the charts of the last days, into a folder.

    Returns the folder and how many records it holds.
    """
    count = 0
    for file in sorted(SAMPLE.glob("*/*.gz")):
        lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
        kept = lines[::EVERY] if file.parent.name != "playlist_items" else []
        count += _write(folder / file.parent.name / file.name.removesuffix(".gz"), kept)
    return folder, count + _write(folder / "playlist_items" / "charts.ndjson", _charts())


def _charts() -> list[bytes]:
    lines = [
        line
        for file in sorted(SAMPLE.glob("playlist_items/*.gz"))
        for line in gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    ]
    days = [str(_record(line).get("fetched_at", ""))[:10] for line in lines]
    last = sorted({day for day in days if day})[-DAYS:]
    return [line for line, day in zip(lines, days, strict=True) if day in last]


def _record(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        return {}  # the sample has dirt in it
    return record if isinstance(record, dict) else {}


def _write(target: Path, lines: list[bytes]) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"".join(lines))
    return sum(1 for line in lines if line.strip())
