"""How large a job may be: its driver, its executors, and the most of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from soundlake.settings.model import DeploySettings
from soundlake.spark_conf import SCALING

_HEAP_PERCENT = 60  # the rest is Python's: records are decoded, judged and learned from beside the JVM


@dataclass(frozen=True)
class Worker:
    """The cores and the memory, in GB, of a driver or an executor."""

    cores: int
    memory: int

    def conf(self, role: str) -> dict[str, str]:
        """Its Spark properties, where `role` is driver or executor: heap and overhead fill the memory exactly."""
        heap = self.memory * 1024 * _HEAP_PERCENT // 100
        return {
            f"spark.{role}.cores": str(self.cores),
            f"spark.{role}.memory": f"{heap}m",
            f"spark.{role}.memoryOverhead": f"{self.memory * 1024 - heap}m",
        }


@dataclass(frozen=True)
class Size:
    """A job's driver, one of its executors, and the most executors that it takes."""

    driver: Worker
    executor: Worker
    most: int

    @property
    def cores(self) -> int:
        """The cores of the driver and of all executors."""
        return self.driver.cores + self.executor.cores * self.most

    @property
    def memory(self) -> int:
        """The memory of the driver and of all executors, in GB."""
        return self.driver.memory + self.executor.memory * self.most

    @property
    def working(self) -> int:
        """The cores of all executors."""
        return self.executor.cores * self.most

    def conf(self) -> dict[str, str]:
        """The Spark properties: it begins with one executor, and scales by itself."""
        return {
            **self.driver.conf("driver"),
            **self.executor.conf("executor"),
            "spark.executor.instances": "1",
            **SCALING,
            "spark.dynamicAllocation.initialExecutors": "1",
            "spark.dynamicAllocation.minExecutors": "1",
            "spark.dynamicAllocation.maxExecutors": str(self.most),
        }


def size_of(deploy: DeploySettings, *, streams: bool) -> Size:
    """The size of a stream, or of a job that ends."""
    if streams:
        return Size(_worker(deploy.stream_driver), _worker(deploy.stream_executor), deploy.stream_executors)
    return Size(_worker(deploy.batch_driver), _worker(deploy.batch_executor), deploy.batch_executors)


def _worker(text: str) -> Worker:
    cores, memory = (int(number) for number in re.findall(r"\d+", text))
    return Worker(cores, memory)
