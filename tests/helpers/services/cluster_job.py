"""A job on the cluster of this machine, started by spark-submit with nothing but what the launcher packs for EMR."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from json import loads
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any
from urllib.request import urlopen

from helpers.services.packed import archive, bare, code, environment
from helpers.services.ports import free_ports
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.local import CONFIGURATION, JARS

PATIENCE_SECONDS = 600
_LOOK_AGAIN_SECONDS = 0.05


class ClusterJob:
    """A running driver, and the executors it has."""

    def __init__(self, url: str, log: Path, job: str, *words: str, conf: Mapping[str, str] | None = None) -> None:
        """Start the job of this name with these words; `conf` goes on top of what the launcher sets."""
        driver, self._web = free_ports(2)
        self._driver, self.log = str(driver), log
        told = CONFIGURATION | {
            "spark.sql.shuffle.partitions": "2",
            "spark.driver.port": self._driver,
            "spark.ui.enabled": "true",
            "spark.ui.port": str(self._web),
            **(conf or {}),
        }
        variables = bare() | {"PYSPARK_PYTHON": "./environment/bin/python", "SPARK_LOCAL_IP": "127.0.0.1"}
        variables |= {"PYSPARK_DRIVER_PYTHON": str(environment() / "bin" / "python")}
        options = ["--master", url, "--py-files", str(code()), "--archives", f"{archive()}#environment"]
        options += ["--jars", ",".join(map(str, JARS.glob("*.jar"))), "--driver-memory", "1g"]
        options += ["--executor-memory", "768m", "--executor-cores", "1"]
        options += [part for name, value in told.items() for part in ("--conf", f"{name}={value}")]
        submit = [str(Path(variables["SPARK_HOME"]) / "bin" / "spark-submit"), *options, str(REGISTRY[job].file)]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*submit, *words], env=variables, stdout=output, stderr=output, cwd=log.parent, start_new_session=True
            )

    def is_running(self) -> bool:
        return self._process.poll() is None

    def executors(self) -> list[int]:
        """The process ids of its executors."""
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    words = (folder / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue  # it has just ended
                if b"org.apache.spark.executor.CoarseGrainedExecutorBackend" in words and any(
                    word.endswith(f":{self._driver}".encode()) for word in words
                ):
                    found.append(int(folder.name))
        return sorted(found)

    def tasks_at_work(self) -> int:
        """How many tasks its executors run now."""
        try:
            application = self._asked("applications")[0]["id"]
            executors = self._asked(f"applications/{application}/executors")
        except (OSError, LookupError, ValueError):
            return 0  # not up yet, or just gone
        return sum(one["activeTasks"] for one in executors if one["id"] != "driver")

    def _asked(self, what: str) -> list[dict[str, Any]]:
        with urlopen(f"http://127.0.0.1:{self._web}/api/v1/{what}", timeout=5) as answer:
            found: list[dict[str, Any]] = loads(answer.read())
        return found

    def kill_executors_at_work(self, times: int) -> int:
        """SIGKILL an executor while tasks run, when two are there, so many times; returns how often it was done."""
        killed: list[int] = []
        deadline = monotonic() + PATIENCE_SECONDS
        while len(killed) < times and self.is_running() and monotonic() < deadline:
            pids = [pid for pid in self.executors() if pid not in killed]
            if len(pids) == 2 and self.tasks_at_work():
                os.kill(pids[0], signal.SIGKILL)
                killed.append(pids[0])
            Event().wait(_LOOK_AGAIN_SECONDS)
        return len(killed)

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for something that the job brings about; fails when it ends before."""
        deadline = monotonic() + PATIENCE_SECONDS
        while not holds():
            assert self.is_running(), f"the job ended before {what}:\n{self.said()}"
            assert monotonic() < deadline, f"in {PATIENCE_SECONDS} s it did not come to this: {what}\n{self.said()}"
            Event().wait(_LOOK_AGAIN_SECONDS)

    def wait(self) -> int:
        """Wait for its end; returns the exit code."""
        return self._process.wait(PATIENCE_SECONDS)

    def said(self) -> str:
        """The end of what it printed."""
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        """End it, with everything that it started."""
        if self.is_running():
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@contextmanager
def cluster_job(
    url: str, log: Path, job: str, *words: str, conf: Mapping[str, str] | None = None
) -> Iterator[ClusterJob]:
    """A job that is gone at the end, however it went."""
    running = ClusterJob(url, log, job, *words, conf=conf)
    try:
        yield running
    finally:
        running.stop()
