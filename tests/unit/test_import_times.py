"""Times: the table of docs/imports.md holds for records and for imports, and what import passes the stream takes."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from helpers.importing import imported, mapping_of, write
from soundlake.errors import UsageError
from soundlake.imports.mapping import FieldSource
from soundlake.imports.mapping_file import parse_mapping
from soundlake.imports.unreadable import UnreadableError
from soundlake.imports.values import reader
from soundlake.times import instant

DOCS = Path(__file__).parents[2] / "docs" / "imports.md"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def documented() -> list[tuple[str, str | None]]:
    """The forms of the table, each with the time that it is; None for one that is not read."""
    section = DOCS.read_text(encoding="utf-8").partition("\n## Times\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*) \| (.*) \|$", section, re.MULTILINE)
    return [
        (form, None if said.startswith("not read") else said)
        for forms, said in rows
        for form in re.findall("`([^`]+)`", forms)
    ]


def test_the_table_has_forms_that_are_read_and_forms_that_are_not() -> None:
    said = [time for _, time in documented()]
    assert said.count(None) > 10
    assert len(said) - said.count(None) > 10


@pytest.mark.parametrize(("form", "said"), documented())
def test_a_form_is_read_as_the_table_says(form: str, said: str | None) -> None:
    expected = None if said is None else datetime.fromisoformat(said)
    micros = instant(form)
    assert (None if micros is None else EPOCH + timedelta(microseconds=micros)) == expected


@pytest.mark.parametrize(("form", "said"), documented())
def test_a_mapping_reads_the_same_forms(form: str, said: str | None) -> None:
    read = reader(FieldSource(column="x"), "time")
    if said is None:
        with pytest.raises(UnreadableError):
            read(form)
    else:
        to_milliseconds = datetime.fromisoformat(said).isoformat(timespec="milliseconds")
        assert datetime.fromisoformat(read(form)).isoformat(timespec="milliseconds") == to_milliseconds


@pytest.mark.parametrize("form", [form for form, said in documented() if said is not None])
def test_the_date_of_a_time_is_its_day_as_written(form: str) -> None:
    assert reader(FieldSource(column="x"), "date")(form) == "2021-11-15"


@pytest.mark.parametrize(("form", "said"), documented())
@pytest.mark.parametrize("file", ["endsong_0.json", "StreamingHistory_music_0.json"])
def test_an_export_passes_what_the_stream_reads_and_tells_the_rest(
    tmp_path: Path, file: str, form: str, said: str | None
) -> None:
    extended = {"ms_played": 1, "spotify_track_uri": "spotify:track:t1"}
    name, rest = ("ts", extended) if file.startswith("end") else ("endTime", {"msPlayed": 1, "trackName": "T"})
    rows = [{name: "2021-11-15 13:41", **rest}, {name: form, **rest}]
    done = imported(tmp_path, write(tmp_path / "my" / file, json.dumps(rows)), user="u1")
    plays = done.payloads("play")
    assert len(plays) == (1 if said is None else 2)
    assert all(instant(play.get("ts") or play.get("endTime")) is not None for play in plays)
    assert done.reasons() == ([(2, f"play: {name} is no time that can be read")] if said is None else [])


def test_every_time_of_an_old_history_is_read_or_told(tmp_path: Path) -> None:
    read = [
        "2013-10-09T20:24:30Z",
        "2013-10-09 20:24:31 UTC",
        "2013-10-09 20:24:32",
        "2013-10-09T20:24:33+00:00",
        "2013-10-09T20:24:34+0000",
        "2013-10-09t20:24:35z",
        "2013-10-09T20:24:36.123456789Z",
    ]
    flags = [1, 0, "TRUE", None, True, "1", "false", 0, 1.0]
    times = [*read, "1381350277", "2013-10-09T20:24:38Z[UTC]"]
    rows = [
        {"ts": ts, "ms_played": 1, "spotify_track_uri": f"spotify:track:t{n}", "shuffle": flags[n]}
        for n, ts in enumerate(times)
    ]
    done = imported(tmp_path, write(tmp_path / "Streaming_History_Audio_2013.json", json.dumps(rows)), user="u1")
    assert [play["ts"] for play in done.payloads("play")] == read
    assert [play.get("shuffle") for play in done.payloads("play")] == [True, False, True, None, True, True, False]
    assert [row for row, _ in done.reasons()] == [8, 9]


FETCHED = {
    "fetched_at": {"column": "when"},
    "records": [{"kind": "track", "fields": {"id": "id", "name": "name"}}],
}


def test_a_row_fetched_in_the_future_is_told_as_the_stream_would_reject_it(tmp_path: Path) -> None:
    ahead = datetime.now(UTC) + timedelta(days=400)
    file = write(tmp_path / "f.csv", f"id,name,when\nt1,A,2024-01-01\nt2,B,{ahead:%Y-%m-%d}\n")
    done = imported(tmp_path, file, mapping=mapping_of(FETCHED))
    assert [payload["id"] for payload in done.payloads("track")] == ["t1"]
    assert (2, "track: no readable fetched_at") in done.reasons()


@pytest.mark.parametrize("said", ["yesterday", "1381350277", "9999-12-31T00:00:00Z"])
def test_a_constant_time_of_a_mapping_is_checked_before_a_row_is_read(said: str) -> None:
    fields = {"user_id": "u", "played_at": {"value": said}, "track.name": "t"}
    with pytest.raises(UsageError) as raised:
        parse_mapping({"name": "x", "fetched_at": said, "records": [{"kind": "play", "fields": fields}]}, "x.toml")
    assert {problem.split(":")[1].strip() for problem in raised.value.problems} == {
        "fetched_at",
        "records[0].fields.played_at.value",
    }
