"""The paths of a checkout of Soundlake."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CONF = ROOT / "conf"
JOBS = ROOT / "jobs"
CLASS_ARCHIVE = "classes.jsa"  # in an environment
SAMPLE = ROOT / "sample" / "records"
