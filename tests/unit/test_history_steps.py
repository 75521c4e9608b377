"""The steps of `history` that need no Spark: what is imported and where to, and what a lake tells of a listener."""

from __future__ import annotations

import gzip
import json
import zipfile
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from helpers.listenings import basic, extended, plays_alone
from helpers.marts import write
from soundlake.errors import SoundlakeError
from soundlake.history.importing import import_history, reading_imports
from soundlake.history.telling import tell
from soundlake.settings import Settings, load_settings
from soundlake.tables import ARTISTS

pytestmark = pytest.mark.heavy


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(lake=str(tmp_path / "lake"), sets=[f"extract.state={tmp_path}/state"], env={})


def export(path: Path, **files: object) -> str:
    """A package of Spotify's, with files by name."""
    with zipfile.ZipFile(path, "w") as package:
        for name, content in files.items():
            package.writestr(f"my/{name}.json", json.dumps(content))
    return str(path)


def records(lake: Path) -> list[dict[str, object]]:
    """The payloads below the folder of imported records."""
    files = sorted((lake / "imports").rglob("*.ndjson.gz"))
    return [json.loads(line)["payload"] for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]


def test_an_export_is_imported_into_the_lake_that_it_is_for(settings: Settings, tmp_path: Path) -> None:
    played = extended("2026-10-01 10:00:00", "a")
    name = export(tmp_path / "x.zip", Streaming_History_Audio_2026_1=[played], Userdata={"email": "nobody's"})
    told = import_history(reading_imports(settings), [name], "ana")
    assert told[-1] == "1 rows read; records: 1 play"
    (record,) = records(tmp_path / "lake")
    assert (record["user_id"], record["ts"]) == ("ana", "2026-10-01T10:00:00Z")
    assert "email" not in repr(record) + repr(told)


def test_several_exports_of_a_listener_are_taken_at_once(settings: Settings, tmp_path: Path) -> None:
    first = export(tmp_path / "x.zip", Streaming_History_Audio_2026_1=[extended("2026-10-01 10:00:00", "a")])
    second = export(tmp_path / "y.zip", StreamingHistory_music_0=[basic("2026-10-02 10:00", "b")])
    import_history(reading_imports(settings), [first, second], "ana")
    assert len(records(tmp_path / "lake")) == 2


def test_files_that_give_no_record_are_an_error_that_says_why(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing\n")
    with pytest.raises(SoundlakeError, match="none of these files gave a record"):
        import_history(reading_imports(settings), [str(tmp_path / "notes.txt")], "ana")


def told_of(lake: Path, user: str) -> str:
    written = StringIO()
    tell(load_settings(lake=str(lake), env={}), user, Console(width=120, file=written))
    return written.getvalue()


def test_a_lake_tells_of_a_listener_and_what_is_missing_for_more(tmp_path: Path) -> None:
    lake = plays_alone(tmp_path / "lake")
    told = told_of(lake, "u1")
    assert "The listening history of u1" in told
    assert "28 days, 2026-10-01 to 2026-10-28" in told
    assert "Missing for more: how your music sounds (clusters); genres; recommendations" in told
    write(lake, ARTISTS, {"artist_id": "A1"})
    assert "genres" not in told_of(lake, "u1")


def test_a_listener_without_plays_is_told_so(tmp_path: Path) -> None:
    lake = plays_alone(tmp_path / "lake")
    assert f"{lake} holds no plays of bo" in told_of(lake, "bo").replace("\n", "")
