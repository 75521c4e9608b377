"""Short programs that read a lake end with code 0, each time: delta-rs's own reader makes some of them abort (134)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from helpers.listenings import extended, plays_of
from helpers.marts import small_lake, write
from soundlake.launch.paths import ROOT
from soundlake.tables import PLAYS, TRACKS

pytestmark = pytest.mark.slow

TIMES, AT_ONCE = int(os.environ.get("SOUNDLAKE_SHORT_PROCESSES", "200")), 4
SNIPPETS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "reading.md").read_text(encoding="utf-8"), re.DOTALL)
SOUNDLAKE = [sys.executable, "-c", "from soundlake.cli import main; main()"]
COMMANDS = {
    "status": [*SOUNDLAKE, "status", "--lake", "lake"],
    "query": [*SOUNDLAKE, "query", "SELECT user_id, count(*) FROM silver_plays GROUP BY user_id", "--lake", "lake"],
    **{
        f"snippet {place}": [sys.executable, "-c", snippet]
        for place, snippet in enumerate(SNIPPETS)
        if "spark" not in snippet
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("short")
    small_lake(folder / "lake")
    write(folder / "lake", PLAYS, *plays_of(extended(f"2026-10-{day:02} 10:00:00", "a") for day in range(1, 29)))
    write(folder / "lake", TRACKS, {"track_id": "a", "track_name": "A"})
    return folder


def test_there_are_snippets_to_run() -> None:
    assert len(COMMANDS) == 4


@pytest.mark.parametrize("name", COMMANDS)
def test_a_short_process_ends_well(name: str, folder: Path) -> None:
    def run(_: int) -> int:
        return subprocess.run(COMMANDS[name], cwd=folder, capture_output=True, env=os.environ).returncode

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert Counter(pool.map(run, range(TIMES))) == {0: TIMES}
