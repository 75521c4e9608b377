"""Ctrl-C among tasks that run side by side on Spark: none begins after it, and Spark's jobs are cancelled."""

from __future__ import annotations

from threading import Event
from unittest.mock import Mock

import pytest

from soundlake.session import workers


def test_after_ctrl_c_no_other_task_begins_and_the_running_ones_are_cancelled() -> None:
    spark, cancelled, begun = Mock(), Event(), list[int]()
    spark.sparkContext.cancelAllJobs.side_effect = cancelled.set
    first_began = Event()

    def task(number: int) -> None:
        begun.append(number)
        first_began.set()
        cancelled.wait(10)  # as a job of Spark, which ends when it is cancelled

    def interrupted() -> None:
        with workers(spark, 1) as pool:
            for number in range(5):
                pool.submit(task, number)
            first_began.wait(10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert begun == [0]
    assert cancelled.is_set()


def test_without_it_all_tasks_end_before_the_context_does() -> None:
    spark, done = Mock(), list[int]()
    with workers(spark, 2) as pool:
        for number in range(5):
            pool.submit(done.append, number)
    assert sorted(done) == list(range(5))
    spark.sparkContext.cancelAllJobs.assert_not_called()
