"""A Spark cluster of its own: one master and two workers, each a process, all on 127.0.0.1."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from json import loads
from pathlib import Path

from helpers.services.ports import free_ports
from helpers.services.process import ServiceProcess
from soundlake.launch.local import spark_environment

WORKERS = 2
_UP_SECONDS = 60


@contextmanager
def spark_cluster(folder: Path) -> Iterator[str]:
    """Start the cluster; yields its URL."""
    port, web = free_ports(2)
    url = f"spark://127.0.0.1:{port}"
    env = {**os.environ, **spark_environment(cores=1)}
    for name in ("PYSPARK_SUBMIT_ARGS", "PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON", "PYTHONPATH"):
        env.pop(name, None)
    # Idle JVMs beside the one that works: small.
    env |= {"SPARK_DAEMON_MEMORY": "256m", "SPARK_WORKER_DIR": str(folder / "work")}
    spark_class = str(Path(env["SPARK_HOME"]) / "bin" / "spark-class")
    master = ["org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(port)]
    worker = ["org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--cores", "1", "--memory", "1g", url]
    processes = [ServiceProcess([spark_class, *master, "--webui-port", str(web)], folder / "master.log", env)]
    try:
        processes[0].await_ready(lambda: _workers(web) == 0, _UP_SECONDS)
        for number in range(WORKERS):
            log = folder / f"worker-{number}.log"
            processes.append(ServiceProcess([spark_class, *worker, "--webui-port", "0"], log, env))
        processes[-1].await_ready(lambda: _workers(web) == WORKERS, _UP_SECONDS)
        yield url
    finally:
        for process in reversed(processes):
            process.stop()


def _workers(web: int) -> int | None:
    """How many workers the master has; None when it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{web}/json/", timeout=5) as answer:
            return len([one for one in loads(answer.read())["workers"] if one["state"] == "ALIVE"])
    except OSError:
        return None
