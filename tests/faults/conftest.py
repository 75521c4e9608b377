"""What the faults came to: counted by the tests, printed at the end, and written down where make asks for it."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyspark
import pytest

from faults.truth import Outcome
from helpers.services.installed import service_packages
from soundlake.launch.versions import choose_spark_line


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    fault: str
    times: int
    outcome: Outcome


LINES = pytest.StashKey[list[Line]]()
Told = Callable[[str, int, Outcome], None]


@pytest.fixture
def told(request: pytest.FixtureRequest) -> Told:
    """Write down what a fault came to, how often it was made, and hold it against nothing lost and nothing doubled."""

    def tell(fault: str, times: int, outcome: Outcome) -> None:
        request.config.stash.setdefault(LINES, []).append(Line(fault, times, outcome))
        assert (outcome.lost, outcome.doubled) == (0, 0), f"{fault}: {outcome}"

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    lines = terminalreporter.config.stash.get(LINES, [])
    if not lines:
        return
    table = [
        "| fault | how often | records sent so far | lost | doubled |",
        "|---|---|---|---|---|",
        *[f"| {n.fault} | {n.times} | {n.outcome.sent:,} | {n.outcome.lost} | {n.outcome.doubled} |" for n in lines],
        f"| **all** | {sum(n.times for n in lines)} | {_sent(lines):,} "
        f"| {sum(n.outcome.lost for n in lines)} | {sum(n.outcome.doubled for n in lines)} |",
    ]
    terminalreporter.section("what the faults came to")
    terminalreporter.write_line("\n".join(table))
    if (file := os.environ.get("SOUNDLAKE_FAULTS_TABLE")) and exitstatus == 0:
        _write(Path(file), table)


def _sent(lines: list[Line]) -> int:
    """How many records were sent in all: several faults in turn count those of one topic."""
    last = {line.outcome.topic: line.outcome.sent for line in lines if line.outcome.topic}
    return sum(last.values()) + sum(line.outcome.sent for line in lines if line.outcome.topic is None)


def _write(file: Path, table: list[str]) -> None:
    """Put the table and what it was made with between the file's two markers."""
    begin, end = "<!-- made by make test-faults -->", "<!-- end -->"
    head, _, rest = file.read_text(encoding="utf-8").partition(begin)
    line = choose_spark_line()
    (kafka,) = service_packages("kafka")[:1]
    (kinesalite,) = service_packages("kinesalite")[:1]
    versions = (
        f"{datetime.now(UTC):%Y-%m-%d}, `make test-faults`: Spark {pyspark.__version__}, Delta {line.delta}, "
        f"Python {platform.python_version()}, broker {kafka}, emulator {kinesalite}, {os.cpu_count()} cores."
    )
    made = "\n".join([begin, "", versions, "", *table, "", end])
    file.write_text(head + made + rest.partition(end)[2], encoding="utf-8")
