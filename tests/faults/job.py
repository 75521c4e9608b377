"""The real job as a child process, to be killed with everything it started."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic

from helpers.services.process import ServiceProcess
from soundlake.launch.local import MOST_HEAP_OF_STREAM, spark_environment
from soundlake.launch.paths import ROOT

PATIENCE_SECONDS = 480
# A child process has the code of this checkout, whatever is installed, and the tests' own modules.
PYTHONPATH = os.pathsep.join([str(ROOT / "lib"), str(ROOT / "tests")])


class Job:
    """`jobs/NAME.py` with its options, as the launcher starts it, or another script in its place."""

    def __init__(self, log: Path, *arguments: str, script: Path = ROOT / "jobs" / "stream.py") -> None:
        environment = {**os.environ, **spark_environment(cores=2, most_heap=MOST_HEAP_OF_STREAM)}
        environment["PYTHONPATH"] = PYTHONPATH
        self._process = ServiceProcess([sys.executable, str(script), *arguments], log, environment)

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.is_running()

    def kill(self) -> None:
        """SIGKILL, for Spark's JVM too."""
        self._process.kill()

    def terminate(self) -> int:
        """SIGTERM, as one stops a job; returns its exit code."""
        os.kill(self._process.pid, signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end; returns the exit code, negative for a signal."""
        return self._process.popen.wait(timeout=PATIENCE_SECONDS)

    def said(self) -> str:
        """What it printed, this time and before."""
        return self._process.log.read_text(errors="replace")

    def wait_until(self, holds: Callable[[], bool], what: str, every: float = 0.3) -> None:
        """Wait for something that the job brings about, looking every so many seconds; fails when it ends before."""
        deadline = monotonic() + PATIENCE_SECONDS
        while not holds():
            assert self.is_running(), f"the job ended before {what}:\n{self._process.end_of_log()}"
            assert monotonic() < deadline, f"in {PATIENCE_SECONDS} s it did not come to this: {what}"
            Event().wait(every)


@contextmanager
def running(log: Path, *arguments: str, script: Path = ROOT / "jobs" / "stream.py") -> Iterator[Job]:
    """A job that is gone at the end, however it went."""
    job = Job(log, *arguments, script=script)
    try:
        yield job
    finally:
        job.kill()
