"""What a job says in minutes in which nothing else is said."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest

from soundlake import progress
from soundlake.logs import get_log
from soundlake.progress import EVERY, Reporter, count, doing


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Process:
    """A process that logs, and whose silent minutes are reported; time passes when it is told."""

    def __init__(self, logged: pytest.LogCaptureFixture) -> None:
        self.clock, self.tasks, self._logged = Clock(), dict[int, tuple[int, int]](), logged
        self.reporter = Reporter(lambda: self.tasks, self.clock)

    def after(self, seconds: float) -> list[str]:
        """What is said when so much time has passed."""
        self._logged.clear()
        self.clock.now += seconds
        self.reporter.tick()
        return [message for name, _, message in self._logged.record_tuples if name == progress.__name__]


@pytest.fixture
def process(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    caplog.set_level(logging.INFO, "soundlake")
    process = Process(caplog)
    monkeypatch.setattr(time, "monotonic", process.clock)
    logger = logging.getLogger("soundlake")
    logger.addHandler(process.reporter)
    yield process
    logger.removeHandler(process.reporter)


def test_a_silent_minute_of_work_is_told_with_what_is_done(process: Process) -> None:
    with doing("ranking lists"):
        assert process.after(EVERY) == ['at work on="ranking lists" seconds=60']
        assert process.after(EVERY) == ['at work on="ranking lists" seconds=120']


def test_the_minute_counts_from_what_was_logged_last(process: Process) -> None:
    with doing("ranking"):
        process.clock.now += EVERY - 1
        get_log("soundlake.stream").info("refined")
        assert process.after(EVERY - 1) == []
        assert process.after(1) == [f"at work on=ranking seconds={2 * EVERY - 1:.0f}"]


def test_nothing_is_said_where_no_work_goes_on(process: Process) -> None:
    with doing("ranking"):
        count("records", 500)
    assert process.after(10 * EVERY) == []


def test_a_job_that_was_idle_is_silent_from_the_beginning_of_its_work_on(process: Process) -> None:
    process.after(10 * EVERY)
    with doing("ranking"):
        assert process.after(EVERY - 1) == []
        assert process.after(1) == ["at work on=ranking seconds=60"]


def test_counts_are_told_with_how_many_there_are_and_the_rate(process: Process) -> None:
    with doing("refining"):
        count("records", 1000, of=9000)
        assert process.after(2 * EVERY) == ["at work on=refining seconds=120 records=1000/9000 records_a_minute=500"]
        count("records", 3000)
        assert process.after(EVERY) == ["at work on=refining seconds=180 records=4000/9000 records_a_minute=3000"]


def test_what_an_earlier_work_counted_is_not_told_again(process: Process) -> None:
    with doing("refining"):
        count("records", 1000)
    count("records", 1)
    with doing("ranking"):
        assert process.after(EVERY) == ["at work on=ranking seconds=60"]


def test_counts_of_the_work_around_are_told_too(process: Process) -> None:
    with doing("fitting"):
        count("numbers_tried", of=7)
        with doing("trying 8 clusters"):
            assert process.after(EVERY) == [
                'at work on="trying 8 clusters" seconds=60 numbers_tried=1/7 numbers_tried_a_minute=1'
            ]


def test_tasks_of_spark_are_told_with_their_rate(process: Process) -> None:
    process.tasks = {7: (10, 100)}
    assert process.after(EVERY) == ["at work tasks=10/100 tasks_a_minute=10"]
    process.tasks = {7: (40, 100), 8: (0, 4)}
    assert process.after(EVERY) == ["at work tasks=40/104 tasks_a_minute=30"]


def test_of_works_within_each_other_the_innermost_is_told(process: Process) -> None:
    with doing("fitting"):
        with doing("trying 7 clusters"):
            process.clock.now += 30
        with doing("trying 8 clusters"):
            assert process.after(EVERY) == ['at work on="trying 8 clusters" seconds=60']
