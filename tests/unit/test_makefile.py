"""What `make clean` removes: what the project made, and nothing that is somebody's own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from soundlake.launch.paths import ROOT


def test_clean_leaves_what_is_somebodys_own(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    own, made = ("lake", "records", "my_spotify_data"), ("demo-lake", "build", ".pytest_cache", "spark-warehouse")
    for name in (*own, *made):
        (tmp_path / name).mkdir()
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True, capture_output=True)
    assert {path.name for path in tmp_path.iterdir()} == {"Makefile", *own}
