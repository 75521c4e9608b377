"""`soundlake import` as it is typed: what it prints, what it writes, how it ends."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from helpers.importing import write
from soundlake import cli
from soundlake.imports.mapping_file import load_mapping

DOCS = Path(__file__).parents[2] / "docs" / "imports.md"
SONGS = "id,name\nt1,One\nt2,Two\n"
MAPPING = 'name = "m"\n[[records]]\nkind = "track"\n[records.fields]\nid = "id"\nname = "name"\n'


def ends(monkeypatch: pytest.MonkeyPatch, folder: Path, *argv: object) -> object:
    """The exit code of the command, run in a folder."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.argv", ["soundlake", "import", *map(str, argv)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def published(out: Path) -> dict[str, list[dict[str, Any]]]:
    """The records in the files of a folder, by kind."""
    found: dict[str, list[dict[str, Any]]] = {}
    for file in sorted(out.rglob("*.ndjson.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines():
            record = json.loads(line)
            found.setdefault(record["kind"], []).append(record)
    return found


def typed(folder: Path, line: str) -> None:
    """Run a line in a shell that finds the environment's commands."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-euc", line], cwd=folder, env=environment, check=True, timeout=60)


def test_files_are_written_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "songs.csv", SONGS)
    write(tmp_path / "m.toml", MAPPING)
    assert ends(monkeypatch, tmp_path, "songs.csv", "--mapping", "m.toml", "--out", "out", "--as", "mine") in (0, None)
    output = capsys.readouterr()
    assert "2 rows read; records: 2 track" in output.out
    assert output.err == ""
    assert [r["payload"]["id"] for r in published(tmp_path / "out")["track"]] == ["t1", "t2"]
    assert {r["source"] for r in published(tmp_path / "out")["track"]} == {"mine"}


def test_a_file_that_cannot_be_read_exits_1_after_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "a.csv", "x,y\n1,2\n")
    write(tmp_path / "b.csv", SONGS)
    write(tmp_path / "m.toml", MAPPING)
    assert ends(monkeypatch, tmp_path, "a.csv", "b.csv", "--mapping", "m.toml", "--out", "out") == 1
    assert capsys.readouterr().err.startswith("soundlake: a.csv: no header with the columns")
    assert len(published(tmp_path / "out")["track"]) == 2


@pytest.mark.parametrize(
    ("argv", "lines"),
    [
        (["none.csv"], ["soundlake: none.csv: there is no such file or folder"]),
        (["songs.csv", "--mapping", "bad.toml"], ["soundlake: bad.toml: name", "soundlake: bad.toml: records"]),
        (["songs.csv", "--fetched-at", "soon"], ["soundlake: --fetched-at soon"]),
        (["StreamingHistory0.json"], ["soundlake: --user ID: needed"]),
        (["songs.csv", "--mapping", "m.toml", "--to", "paper"], ["soundlake: --to paper"]),
        (["songs.csv", "--mapping", "m.toml", "--report", "no/where.csv"], ["soundlake: --report no/where.csv"]),
    ],
)
def test_wrong_usage_exits_2_before_anything_is_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    argv: list[str],
    lines: list[str],
) -> None:
    write(tmp_path / "songs.csv", SONGS)
    write(tmp_path / "StreamingHistory0.json", "[]")
    write(tmp_path / "m.toml", MAPPING)
    write(tmp_path / "bad.toml", "records = []")
    assert ends(monkeypatch, tmp_path, *argv, "--out", "out") == 2
    for line, told in zip(lines, capsys.readouterr().err.splitlines(), strict=True):
        assert told.startswith(line)
    assert not (tmp_path / "out").exists()


def test_a_draft_is_printed_and_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "songs.csv", "track_id,track_name\nt1,One\n")
    assert ends(monkeypatch, tmp_path, "songs.csv", "--infer") in (0, None)
    assert 'id = "track_id"' in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["songs.csv"]


def test_the_page_of_the_docs_works_as_written(tmp_path: Path) -> None:
    """Its file, its mapping and its commands, in a shell."""
    page = DOCS.read_text(encoding="utf-8")
    blocks = dict(re.findall(r"<!-- (\S+) -->\n```\w*\n(.*?)```", page, re.DOTALL))
    draft, import_it = re.findall(r"^`(soundlake import songs\.csv [^`]*)`", page, re.MULTILINE)
    write(tmp_path / "songs.csv", blocks["songs.csv"])
    typed(tmp_path, draft)
    assert load_mapping(tmp_path / "songs.toml").records
    write(tmp_path / "songs.toml", blocks["songs.toml"])
    typed(tmp_path, import_it)
    records = published(tmp_path / "records")
    assert {kind: len(of_kind) for kind, of_kind in records.items()} == {
        "track": 3,
        "audio_features": 2,
        "playlist_item": 3,
    }
    assert records["track"][0] == {
        "kind": "track",
        "fetched_at": "2024-03-01T00:00:00Z",
        "source": "my-songs",
        "payload": {
            "id": "6f807x0ima9a1j3VPbc7VN",
            "name": "One",
            "duration_ms": 285_000,
            "album": {"name": "First", "release_date": "2017-12-28"},
            "artists": [{"name": "A"}, {"name": "B"}],
        },
    }
    assert [(r["payload"]["position"], r["payload"]["streams"]) for r in records["playlist_item"]] == [
        (0, 48_633_449),
        (1, 1327),
        (2, 204_053),
    ]
    told = [json.loads(line) for line in (tmp_path / "problems.ndjson").read_text(encoding="utf-8").splitlines()]
    assert sorted((line["row"], line["level"]) for line in told) == [(3, "nulled"), (3, "rejected"), (4, "rejected")]


def test_the_draft_of_the_docs_imports_their_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = dict(re.findall(r"<!-- (\S+) -->\n```\w*\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL))
    write(tmp_path / "songs.csv", blocks["songs.csv"])
    assert ends(monkeypatch, tmp_path, "songs.csv", "--infer") in (0, None)
    write(tmp_path / "songs.toml", capsys.readouterr().out)
    assert ends(monkeypatch, tmp_path, "songs.csv", "--mapping", "songs.toml", "--out", "out") in (0, None)
    tracks = published(tmp_path / "out")["track"]
    assert [r["payload"]["id"] for r in tracks] == [
        "6f807x0ima9a1j3VPbc7VN",
        "0r7CVbZTWZgbTCYdfa2P31",
        "1z1Hg7Vb0AhHDiEmnDE79l",
    ]


def test_an_import_that_was_killed_goes_on_and_every_row_is_there_once(tmp_path: Path) -> None:
    """SIGKILL in the middle of a file; its records were safe up to a point, and from there it goes on."""
    rows = 300_000
    write(tmp_path / "songs.csv", "id,name\n" + "".join(f"t{n},Song {n}\n" for n in range(rows)))
    write(tmp_path / "m.toml", MAPPING)
    command = [str(Path(sys.executable).with_name("soundlake")), "import", "songs.csv", "--mapping", "m.toml"]
    process = subprocess.Popen([*command, "--out", "out"], cwd=tmp_path, stdout=subprocess.DEVNULL)
    while not list(tmp_path.glob("extract-state/imports/*.json")):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    assert process.wait(60) == -signal.SIGKILL
    before = sum(len(of_kind) for of_kind in published(tmp_path / "out").values())
    done = subprocess.run([*command, "--out", "out"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "resumes after row" in done.stdout
    ids = [record["payload"]["id"] for record in published(tmp_path / "out")["track"]]
    assert 0 < before < rows
    assert len(ids) == len(set(ids)) == rows


def test_the_help_of_soundlake_loads_nothing_heavy() -> None:
    code = (
        "import sys; import soundlake.imports.command; "
        "print([name for name in ('boto3', 'pyarrow', 'confluent_kafka', 'pyspark') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
