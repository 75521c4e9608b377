"""`make playground` as its user has it: the command, what it prints, and nothing left of it."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any
from urllib.request import urlopen

import pytest

from soundlake.launch.paths import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.heavy, pytest.mark.xdist_group("services")]

RUN = [sys.executable, str(ROOT / "tests" / "playground" / "run.py")]
PATIENCE = 400  # seconds: five services and a stream start on a busy machine


@dataclass(frozen=True)
class Up:
    """A playground that is up: its process, what it printed, and where its files are."""

    process: subprocess.Popen[str]
    guide: str
    home: Path

    def shell(self, line: str) -> str:
        """What a line prints in another terminal that has read the file `env`, as the guide says; "" where it fails."""
        assert self.process.poll() is None, self.process.communicate()[0]
        command = f"source {shlex.quote(str(self.home / 'env'))}; {line}"
        done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=120)
        return done.stdout if done.returncode == 0 else ""

    def line(self, beginning: str, ending: str = "") -> str:
        """The line of the guide that begins and ends so."""
        (found,) = [
            line.strip()
            for line in self.guide.splitlines()
            if line.strip().startswith(beginning) and line.endswith(ending)
        ]
        return found


def until(looked: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What is there at last."""
    deadline = monotonic() + seconds
    while not (found := looked()):
        assert monotonic() < deadline
        Event().wait(0.5)
    return found


def start(home: Path) -> subprocess.Popen[str]:
    command = [*RUN, "up", "--home", str(home), "--rate", "1000"]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def read_until(process: subprocess.Popen[str], last: str) -> str:
    assert process.stdout is not None
    printed = ""
    for line in process.stdout:
        printed += line
        if last in line:
            return printed
    raise AssertionError(printed)


def descendants(pid: int) -> set[int]:
    """The processes that a process has started, and theirs, as the kernel knows them."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents[int(status.parent.name)] = int(fields[1])
    found, added = set[int](), {pid}
    while added:
        found |= added
        added = {child for child, parent in parents.items() if parent in added} - found
    return found - {pid}


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}/exe").exists()}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    home = tmp_path_factory.mktemp("playground") / "home"
    process = start(home)
    try:
        yield Up(process, read_until(process, "build_insights"), home)
    finally:
        process.kill()
        process.wait()


def test_records_that_are_played_come_into_silver_and_are_seen_by_athenas_engine(up: Up) -> None:
    count = "soundlake query --format csv 'SELECT count(*) AS plays FROM silver_plays'"
    assert until(lambda: re.fullmatch(r'"plays"\s+[1-9]\d*\s*', up.shell(count)))


def test_the_query_that_is_printed_has_an_answer(up: Up) -> None:
    assert until(lambda: "artist_name" in up.shell(up.line("soundlake query", 'LIMIT 5"')), 60)


def test_a_record_of_ones_own_comes_through_kafka_into_the_tables(up: Up) -> None:
    up.shell(up.line("echo"))
    assert "1 track" in up.shell(up.line("soundlake import"))
    mine = up.line("soundlake query", "'mine'\"")
    assert until(lambda: "A song of mine" in up.shell(mine))


def test_the_tables_are_listed(up: Up) -> None:
    assert "silver_plays" in up.shell(up.line("soundlake status"))


def test_the_dashboard_is_where_it_is_said_to_be(up: Up) -> None:
    url = up.line("dashboard").split()[1]
    with urlopen(url) as page:  # noqa: S310 - our own server
        assert (page.status, page.headers.get_content_type()) == (200, "text/html")


def test_a_second_start_only_says_where_the_first_is(up: Up) -> None:
    second = subprocess.run([*RUN, "up", "--home", str(up.home)], capture_output=True, text=True, timeout=60)
    assert (second.returncode, second.stdout.strip()) == (0, up.guide[up.guide.index("The playground") :].strip())


def test_nothing_listens_but_on_this_machine(up: Up) -> None:
    sockets = set()
    for pid in {up.process.pid, *descendants(up.process.pid)}:
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            with suppress(OSError):  # it has been closed meanwhile
                sockets.add(str(link.readlink()))
    listening = [
        fields[1].rpartition(":")[0]
        for table in ("tcp", "tcp6")
        for fields in (line.split() for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:])
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets
    ]
    assert len(listening) > 5
    assert set(listening) <= {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


def test_one_command_ends_all_of_it(up: Up) -> None:
    started = descendants(up.process.pid)
    assert len(started) > 5
    ended = subprocess.run([*RUN, "down", "--home", str(up.home)], capture_output=True, text=True, timeout=90)
    assert (ended.returncode, ended.stdout) == (0, "the playground has ended\n")
    assert up.process.wait(timeout=10) == 0
    assert until(lambda: not alive(started), 10)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_start_that_is_cut_off_leaves_nothing(tmp_path: Path, how: signal.Signals) -> None:
    process = start(tmp_path / "home")
    read_until(process, "S3 at")
    started = descendants(process.pid)
    assert started
    os.kill(process.pid, how)
    process.wait(timeout=60)
    assert until(lambda: not alive(started), 10)
