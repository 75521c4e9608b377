"""A part of the bundled records, small enough to be run again and again."""

from __future__ import annotations

import gzip
from pathlib import Path

from soundlake.launch.paths import SAMPLE

EVERY = 40


def small_sample(folder: Path) -> tuple[Path, int]:
    """Write every fortieth record of each file into a folder; returns it and how many records it holds."""
    count = 0
    for file in sorted(SAMPLE.glob("*/*.gz")):
        lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)[::EVERY]
        count += sum(1 for line in lines if line.strip())
        target = folder / file.parent.name / file.name.removesuffix(".gz")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"".join(lines))
    return folder, count
