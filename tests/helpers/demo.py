"""Running the demo as a user does."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from soundlake.launch.paths import ROOT


def demo(lake: Path) -> str:
    """What the demo prints."""
    command = [str(ROOT / "spark-submit.sh"), "demo", "--lake", str(lake)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "COLUMNS": "160"})
    assert done.returncode == 0, done.stderr
    return done.stdout
