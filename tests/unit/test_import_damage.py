"""Whatever happens to a file, an import ends without a stack trace and no value lands in another column."""

from __future__ import annotations

import gzip
import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.importing import imported, tracks, write
from soundlake.errors import UsageError

pytestmark = pytest.mark.heavy

TABLE = "id,name,popularity\n" + "".join(f't{n},"Song, {n}",{n}\n' for n in range(40))
OBJECTS = json.dumps([{"id": f"t{n}", "name": f"Song, {n}", "popularity": n} for n in range(40)])
MAPPING = tracks(popularity="popularity")
FEW = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize(("name", "content"), [("f.csv", TABLE.encode()), ("f.json", OBJECTS.encode())])
@FEW
@given(data=st.data())
def test_any_damage_ends_in_a_report(tmp_path: Path, name: str, content: bytes, data: st.DataObject) -> None:
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged)))
        damaged[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    with suppress(UsageError):  # what begins as a zip and is none is told before anything starts
        imported(tmp_path, write(tmp_path / name, bytes(damaged)), mapping=MAPPING)


@FEW
@given(data=st.data())
def test_stray_and_lost_signs_of_syntax_shift_nothing(tmp_path: Path, data: st.DataObject) -> None:
    lines = TABLE.splitlines(keepends=True)
    for number in data.draw(st.sets(st.integers(1, 40), max_size=3)):
        line = lines[number]
        at = data.draw(st.integers(0, len(line) - 1))
        lost = line[at] in ',"\n' and data.draw(st.booleans())
        lines[number] = line[:at] + ("" if lost else data.draw(st.sampled_from(',"\n\r'))) + line[at + lost :]
    done = imported(tmp_path, write(tmp_path / "f.csv", "".join(lines)), mapping=MAPPING)
    for payload in done.payloads("track"):
        # A value may be cut where the damage is, but it is of its own column.
        assert "Song" not in payload["id"]
        assert re.search("[Song]", payload.get("name", "Song"))
        assert isinstance(payload.get("popularity", 0), int)


@FEW
@given(data=st.data())
def test_a_damaged_gzip_gives_only_what_stands_before_the_damage(tmp_path: Path, data: st.DataObject) -> None:
    packed = bytearray(gzip.compress(TABLE.encode(), mtime=0))
    at = data.draw(st.integers(10, len(packed) - 1))
    packed[at] ^= data.draw(st.integers(1, 255))
    imported(tmp_path, write(tmp_path / "f.csv.gz", bytes(packed)), mapping=MAPPING)
