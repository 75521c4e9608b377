"""What a stream does between two batches, and while nothing comes: applying the changes that wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from pyspark.sql import SparkSession

from soundlake.lake import Lake, retry_conflicts
from soundlake.refine.apply import apply_changes
from soundlake.refine.pace import Pace
from soundlake.settings import Settings
from soundlake.settings.types import in_seconds
from soundlake.tables import CHANGES


class Between:
    """The work between the batches of refine in one lake. It is done by whichever thread asks first, by one at a time."""

    def __init__(self, lake: Lake, settings: Settings) -> None:
        self._lake = lake
        self._pace = Pace(in_seconds(settings.refine.apply_interval))
        self._lock = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep this work away, for as long as a batch is refined."""
        with self._lock:
            yield

    def rest(self, spark: SparkSession) -> None:
        """Do what is due while nothing comes; asked often, it looks at the clock alone."""
        if self._pace.has_come():
            self.do(spark)

    def do(self, spark: SparkSession) -> None:
        """Do what is due, unless a batch is being refined or another thread is at it."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._pace.is_due(self._lake.size(spark, CHANGES)):
                with self._pace.applying():
                    retry_conflicts(partial(apply_changes, spark, self._lake))
        finally:
            self._lock.release()
