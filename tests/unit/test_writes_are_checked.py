"""No writer goes around the check of its lease: each asks the lake for the place that it writes to."""

from __future__ import annotations

import re
from pathlib import Path

import soundlake

SAVED = re.compile(r"\.save\(([^\n]*)")
# Places that no other process knows: the plan of a replay has a name of its own, a model's artifact its version, and
# what the set-up writes lies in a folder for this alone.
OWN = ("plan)", "artifact_path(", 'f"{scratch}/')


def test_every_frame_is_saved_to_a_place_that_the_lake_was_asked_for() -> None:
    sources = [file.read_text(encoding="utf-8") for file in Path(soundlake.__file__).parent.rglob("*.py")]
    places = [place for source in sources if "pyspark" in source for place in SAVED.findall(source)]
    assert places
    assert [place for place in places if ".for_write(" not in place and not place.startswith(OWN)] == []
