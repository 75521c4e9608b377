"""What a stream does between its batches: one thing at a time, when it is due, and nothing while a batch is refined."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from soundlake import stream_work
from soundlake.insights import all_tables
from soundlake.ops.maintenance import MaintenanceRecord, Step
from soundlake.settings import load_settings
from soundlake.stream_work import StreamWork
from soundlake.tables import CHANGES, TRACKS

APPLY, MAINTAIN = 300, 3600  # seconds
SPARK: Any = object()


class Lake:
    """A lake of which the size of the changes that wait is known."""

    def __init__(self) -> None:
        self.waiting, self.looks = 0, 0

    def size(self, spark: Any, table: Any) -> int:
        self.looks += 1
        return self.waiting


class Stream:
    """A stream's work on a lake, by a clock of its own; `done` is what it did."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lake, self.now, self.step_takes, self.dies = Lake(), 0.0, 0.0, False
        self.done: list[str] = []
        self.noted: list[list[str]] = []
        settings = load_settings(
            sets=[f"refine.apply_interval={APPLY} seconds", f"maintain.stream_interval={MAINTAIN} seconds"], env={}
        )
        monkeypatch.setattr(stream_work, "apply_steps", self._apply_steps)
        monkeypatch.setattr(stream_work, "do_step", self._do_step)
        monkeypatch.setattr(stream_work, "record_steps", self._note)
        self.trimmed: list[float] = []
        monkeypatch.setattr(stream_work, "trim_logs", lambda *_: self.trimmed.append(self.now))
        self.work = StreamWork(self.lake, settings, clock=lambda: self.now)  # type: ignore[arg-type]

    def _apply_steps(self, *_: Any) -> list[Step]:
        return [Step("applied", table, lambda: True) for table in (TRACKS, CHANGES)]

    def _do_step(self, step: Step) -> MaintenanceRecord:
        if self.dies:
            raise ZeroDivisionError
        self.now += self.step_takes
        self.done.append(f"{step.action} {step.table.name}")
        if step.table is CHANGES:
            self.lake.waiting = 0
        return MaintenanceRecord(datetime(2026, 3, 1, tzinfo=UTC), 0, step.table.name, step.action)

    def _note(self, spark: Any, lake: Any, done: list[MaintenanceRecord]) -> None:
        self.noted.append([str(one) for one in done])

    def after_batch(self) -> list[str]:
        """What is done after a batch."""
        self.done = []
        self.work.do(SPARK)
        return self.done


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Stream:
    return Stream(monkeypatch)


def test_before_its_time_nothing_is_done(stream: Stream) -> None:
    stream.lake.waiting, stream.now = 1, APPLY - 1
    assert stream.after_batch() == []


def test_changes_are_applied_when_it_is_time_one_table_after_each_batch(stream: Stream) -> None:
    stream.lake.waiting, stream.now = 1, APPLY
    assert [stream.after_batch() for _ in range(3)] == [["applied tracks"], ["applied changes"], []]


def test_applications_take_a_tenth_of_the_time_at_most(stream: Stream) -> None:
    stream.lake.waiting, stream.now, stream.step_takes = 1, APPLY, 60
    round_of(stream)
    stream.lake.waiting = 1
    stream.now += 2 * 10 * 60 - 1
    assert stream.after_batch() == []
    stream.now += 1
    assert stream.after_batch() == ["applied tracks"]


def test_what_was_done_is_noted_when_a_round_is_over(stream: Stream) -> None:
    stream.lake.waiting, stream.now = 1, APPLY
    stream.after_batch()
    assert stream.noted == []
    stream.after_batch()
    assert stream.noted == [["tracks: applied", "changes: applied"]]


def test_after_a_step_that_failed_the_next_turn_begins_anew(stream: Stream) -> None:
    stream.lake.waiting, stream.now = 1, APPLY
    stream.after_batch()
    stream.dies = True
    with pytest.raises(ZeroDivisionError):
        stream.after_batch()
    stream.dies = False
    assert stream.after_batch() == []
    stream.now += APPLY
    assert round_of(stream) == ["applied tracks", "applied changes"]


def test_maintenance_is_done_one_step_after_each_batch(stream: Stream) -> None:
    stream.now = MAINTAIN
    steps = [stream.after_batch() for _ in range(3)]
    assert steps == [["caught up tracks"], ["caught up artists"], ["caught up albums"]]


def test_a_round_of_maintenance_ends_and_the_next_begins_an_interval_later(stream: Stream) -> None:
    stream.now = MAINTAIN
    first = round_of(stream)
    assert len(first) == len(set(first)) > 5
    stream.now += MAINTAIN - 1
    assert stream.after_batch() == []
    stream.now += 1
    assert round_of(stream) == first


def round_of(stream: Stream) -> list[str]:
    """The steps that are done one after the other, until there is none."""
    done: list[str] = []
    while step := stream.after_batch():
        done += step
    return done


def test_logs_are_trimmed_every_five_minutes_and_never_amid_other_work(stream: Stream) -> None:
    for second in range(0, 1000, 10):
        stream.now = second
        stream.after_batch()
    assert stream.trimmed == [300, 600, 900]
    stream.lake.waiting, stream.now = 1, 1200
    assert [stream.after_batch() for _ in range(2)] == [["applied tracks"], ["applied changes"]]
    assert len(stream.trimmed) == 3
    stream.after_batch()
    assert len(stream.trimmed) == 4


def test_applying_goes_before_a_step_of_maintenance(stream: Stream) -> None:
    stream.lake.waiting, stream.now = 1, MAINTAIN
    done = [stream.after_batch() for _ in range(3)]
    assert done == [["applied tracks"], ["applied changes"], ["caught up tracks"]]


def test_every_table_of_a_lake_is_compacted_by_a_running_stream(stream: Stream) -> None:
    stream.now = MAINTAIN
    done = [stream.after_batch() for _ in range(200)]
    assert {f"compacted {table.name}" for table in all_tables()} <= {step for one in done for step in one}


def test_nothing_is_done_while_a_batch_is_refined(stream: Stream) -> None:
    stream.lake.waiting, stream.now = 1, APPLY
    with stream.work.kept_away():
        assert stream.after_batch() == []
    assert stream.after_batch() == ["applied tracks"]


def test_what_is_due_is_done_while_nothing_comes(stream: Stream) -> None:
    stream.lake.waiting, stream.now = 1, APPLY
    stream.work.rest(SPARK)
    assert stream.done == ["applied tracks"]


def test_while_nothing_comes_the_table_is_looked_at_once_an_interval(stream: Stream) -> None:
    for second in range(2 * APPLY + 1):
        stream.now = second
        stream.work.rest(SPARK)
    assert stream.lake.looks == 2
