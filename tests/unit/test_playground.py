"""The playground's own parts: the player, the watch over the services, and Athena's protocol in front of Trino."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest

from helpers.aws_environment import set_credentials
from helpers.services.athena_on_trino import athena_on_trino
from helpers.services.process import ServiceProcess
from helpers.services.trino import Answer, Trino, TrinoError
from playground import run
from playground.sample_player import SampleRecord, play, sample_records
from soundlake.catalog import athena
from soundlake.errors import MissingTableError
from soundlake.launch.paths import SAMPLE
from soundlake.settings import load_settings

pytestmark = pytest.mark.heavy

Asked = Callable[[str], list[dict[str, Any]]]
# The type and value of Trino's, and the value that comes.
COLUMNS: dict[str, tuple[str, Any, Any]] = {
    "text": ("varchar(10)", "a, b", "a, b"),
    "whole": ("bigint", 3, 3),
    "part": ("double", 0.5, 0.5),
    "yes": ("boolean", True, True),
    "day": ("date", "2026-11-21", date(2026, 11, 21)),
    "moment": ("timestamp(3) with time zone", "2026-11-21 08:00:00.000 UTC", datetime(2026, 11, 21, 8, tzinfo=UTC)),
    "money": ("decimal(5, 2)", "1.50", Decimal("1.50")),
    "bytes": ("varbinary", "AP8=", b"\x00\xff"),
    "list": ("array(varchar)", ["a", None], "[a, null]"),
    "nothing": ("integer", None, None),
}


class ToldTrino(Trino):
    """Answers what it is told."""

    def ask(self, sql: str, database: str = "default") -> Answer:
        if "missing" in sql:
            raise TrinoError("TABLE_NOT_FOUND: Table 'awsdatacatalog.soundlake.gold_missing' does not exist")
        if "many" in sql:
            return Answer([("n", "integer")], [[number] for number in range(2500)])
        return Answer(
            [(name, kind) for name, (kind, _, _) in COLUMNS.items()], [[told for _, told, _ in COLUMNS.values()]]
        )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """What `soundlake query` runs, on Athena's protocol."""
    set_credentials(monkeypatch)
    with athena_on_trino(ToldTrino("")) as url:
        settings = load_settings(sets=["catalog.type=glue", f"athena.endpoint_url={url}"], env={})
        yield lambda sql: athena.run(settings, sql, None).rows.to_pylist()


def test_the_whole_sample_is_played_with_its_kinds_side_by_side() -> None:
    records = sample_records()
    files = SAMPLE.glob("*/*.gz")
    assert len(records) == sum(gzip.decompress(file.read_bytes()).count(b"\n") for file in files)
    kinds = Counter(record.kind for record in records)
    beginning = Counter(record.kind for record in records[: len(records) // 10])
    for kind, count in kinds.items():
        assert beginning[kind] == pytest.approx(count / 10, abs=len(kinds)), kind


def test_records_are_played_at_the_rate_and_arrive_as_they_are(tmp_path: Path) -> None:
    records = [SampleRecord("track", str(n), f'{{"id": "{n}"}}'.encode()) for n in range(60)]
    began = monotonic()
    assert play(records, load_settings(sets=[f"publish.out={tmp_path}"], env={}), 200, Event()) == 60
    assert monotonic() - began > 0.1
    lines = [
        line for file in sorted(tmp_path.rglob("*.gz")) for line in gzip.decompress(file.read_bytes()).splitlines()
    ]
    assert lines == [record.value for record in records]


def test_a_player_that_is_stopped_says_how_many_it_sent(tmp_path: Path) -> None:
    stopped = Event()
    stopped.set()
    records = [SampleRecord("track", "a", b"{}")] * 1000
    assert play(records, load_settings(sets=[f"publish.out={tmp_path}"], env={}), 100, stopped) < 100


def test_a_part_that_ends_ends_the_playground_and_says_its_last_words(tmp_path: Path) -> None:
    part = ServiceProcess([sys.executable, "-c", "raise SystemExit('no disk')"], tmp_path / "log", os.environ)
    try:
        with pytest.raises(run.NotUpError, match=f"(?s){tmp_path}/log .* with 1;.*no disk"):
            run.watch(Future())
    finally:
        part.stop()


def test_a_player_that_fails_ends_the_playground() -> None:
    playing: Future[int] = Future()
    playing.set_exception(RuntimeError("no broker"))
    with pytest.raises(run.NotUpError, match="no broker"):
        run.watch(playing)


@pytest.mark.parametrize("arguments", [["up", "--rate", "0"], ["up", "--rate", "fast"], ["up", "--source", "files"]])
def test_a_wrong_rate_or_source_is_refused_before_anything_starts(arguments: list[str], tmp_path: Path) -> None:
    command = [sys.executable, run.__file__, *arguments, "--home", str(tmp_path / "home")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])


@pytest.fixture
def deaf(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A playground in tmp_path/home that swallows the first interrupt, and has a second to end."""
    program = textwrap.dedent(f"""
        from pathlib import Path
        from time import sleep
        from playground import run

        def swallow(*_):
            try:
                print("up", flush=True)
                sleep(60)
            except KeyboardInterrupt:
                sleep(60)

        run._run, run._SECONDS_TO_END = swallow, 1
        run.up(Path({str(tmp_path / "home")!r}), 1, "kafka")
    """)
    path = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", program], env=path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process
        process.kill()


def test_ctrl_c_ends_a_playground_in_which_the_interrupt_is_swallowed(deaf: subprocess.Popen[str]) -> None:
    deaf.send_signal(signal.SIGINT)
    assert deaf.wait(timeout=30) == -signal.SIGALRM


@pytest.mark.timeout(60)
def test_a_suspended_playground_is_ended_too(deaf: subprocess.Popen[str], tmp_path: Path) -> None:
    deaf.send_signal(signal.SIGSTOP)
    run.down(tmp_path / "home")
    assert deaf.wait(timeout=30) == -signal.SIGALRM


def test_there_is_nothing_to_end_where_none_is_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run.down(tmp_path / "home")
    assert capsys.readouterr().out == "no playground is up\n"


def test_answers_of_trino_come_by_athenas_protocol_with_their_types(asked: Asked) -> None:
    assert asked("SELECT") == [{name: value for name, (_, _, value) in COLUMNS.items()}]


def test_answers_of_many_pages_come_whole(asked: Asked) -> None:
    assert [row["n"] for row in asked("SELECT many")] == list(range(2500))


def test_a_table_that_is_missing_is_named(asked: Asked) -> None:
    with pytest.raises(MissingTableError, match="gold_missing"):
        asked("SELECT missing")
