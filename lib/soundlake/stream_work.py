"""What a stream does between two batches of refine, and while nothing comes: applying changes, and maintenance.

It is done in the stream's own application, one thing at a time, so that a batch waits for one step at most.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from pyspark.sql import SparkSession

from soundlake.lake import Lake, retry_conflicts
from soundlake.ops.maintenance import Step, do_step, note, steps
from soundlake.refine.apply import apply_changes
from soundlake.refine.pace import Pace
from soundlake.settings import Settings
from soundlake.settings.types import in_seconds
from soundlake.tables import CHANGES


class StreamWork:
    """The work between the batches of one lake, done by whichever thread asks first, by one at a time."""

    def __init__(self, lake: Lake, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._lake, self._settings = lake, settings
        self._applying = Pace(in_seconds(settings.refine.apply_interval), clock)
        self._maintaining = Pace(in_seconds(settings.maintain.stream_interval), clock)
        self._steps: list[Step] = []
        self._lock = threading.Lock()

    @contextmanager
    def kept_away(self) -> Iterator[None]:
        """Keep this work away, for as long as a batch is refined."""
        with self._lock:
            yield

    def rest(self, spark: SparkSession) -> None:
        """Do what is due while nothing comes; asked often, it looks at the clock alone."""
        if self._steps or self._applying.has_come() or self._maintaining.has_come():
            self.do(spark)

    def do(self, spark: SparkSession) -> None:
        """Do one thing that is due, unless a batch is being refined or another thread is at it."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._applying.is_due(self._lake.size(spark, CHANGES)):
                with self._applying.measured():
                    retry_conflicts(partial(apply_changes, spark, self._lake))
            elif self._steps or self._maintaining.has_come():
                self._maintain(spark)
        finally:
            self._lock.release()

    def _maintain(self, spark: SparkSession) -> None:
        if not self._steps:
            self._steps = steps(spark, self._lake, self._settings)
        with self._maintaining.measured():
            done = do_step(spark, self._lake, self._steps.pop(0))
        note(spark, self._lake, [done] if done else [])
