"""Work between the batches of refine, and while the stream is idle: applying changes, and maintenance.

It runs in the stream's application, one step at a time, so that a batch waits for at most one step.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from soundlake.lake import Lake
from soundlake.ops.delta_logs import trim_interval, trim_logs
from soundlake.ops.maintenance import MaintenanceRecord, Step, apply_steps, do_step, record_steps, steps
from soundlake.refine.pace import Pace
from soundlake.settings import Settings
from soundlake.settings.types import in_seconds
from soundlake.tables import CHANGES


class StreamWork:
    """The work between the batches of one lake, for any thread, one at a time."""

    def __init__(self, lake: Lake, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._lake, self._settings = lake, settings
        self._applying = Pace(in_seconds(settings.refine.apply_interval), clock)
        self._maintaining = Pace(in_seconds(settings.maintain.stream_interval), clock)
        self._trimming = Pace(trim_interval(settings), clock)
        self._steps: list[Step] = []
        self._pace = self._applying  # that of the steps
        self._done: list[MaintenanceRecord] = []
        self._lock = threading.Lock()

    @contextmanager
    def kept_away(self) -> Iterator[None]:
        """Block this work while a batch is refined."""
        with self._lock:
            yield

    def rest(self, spark: SparkSession) -> None:
        """Do what is due while the stream is idle; cheap to call often."""
        paces = (self._applying, self._maintaining, self._trimming)
        if self._steps or any(pace.has_come() for pace in paces):
            self.do(spark)

    def do(self, spark: SparkSession) -> None:
        """Do one due step, unless a batch is being refined or another thread does one."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if not self._steps:
                self._begin(spark)
            if self._steps:
                self._step(spark)
        finally:
            self._lock.release()

    def _begin(self, spark: SparkSession) -> None:
        """Begin what is due: applying pending changes goes before maintenance, and that before trimming logs."""
        if self._applying.is_due(self._lake.size(spark, CHANGES)):
            self._pace = self._applying
            self._pace.begin()
            with self._pace.measured():
                self._steps = apply_steps(spark, self._lake)
        elif self._maintaining.has_come():
            self._pace = self._maintaining
            self._pace.begin()
            self._steps = steps(spark, self._lake, self._settings)
        elif self._trimming.has_come():
            self._trimming.begin()
            with self._trimming.measured():
                trim_logs(spark, self._lake, self._settings)

    def _step(self, spark: SparkSession) -> None:
        with self._pace.measured():
            try:
                done = do_step(self._steps.pop(0))
            except BaseException:
                self._steps.clear()  # the next round starts from the beginning
                raise
        self._done += [done] if done else []
        if not self._steps:
            record_steps(spark, self._lake, self._done)
            self._done = []
