"""Small files beside the tables, through the file systems that Spark itself uses: a local disk, S3, HDFS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Storage:
    """The file systems of a session. Names are paths or URIs, as Spark takes them."""

    spark: SparkSession

    def exists(self, name: str) -> bool:
        """Whether there is a file or folder."""
        system, path = self._at(name)
        return bool(system.exists(path))

    def names(self, folder: str) -> list[str]:
        """The names in a folder; none where there is no such folder."""
        system, path = self._at(folder)
        if not system.exists(path):
            return []
        return [str(status.getPath().getName()) for status in system.listStatus(path)]

    def read(self, name: str) -> str:
        """The text of a file; raises Py4JJavaError where there is none."""
        system, path = self._at(name)
        stream = system.open(path)
        try:
            return str(self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
        finally:
            stream.close()

    def write(self, name: str, text: str) -> None:
        """Write a new file, whole or not at all; raises Py4JJavaError where there is one of that name."""
        system, path = self._at(name)
        _, unfinished = self._at(f"{name}.unfinished")
        stream = system.create(unfinished, True)
        try:
            stream.write(text.encode())
        finally:
            stream.close()
        if not system.rename(unfinished, path):
            raise FileExistsError(name)

    @property
    def _jvm(self) -> Any:
        jvm = self.spark.sparkContext._jvm
        assert jvm is not None
        return jvm

    def _at(self, name: str) -> tuple[Any, Any]:
        path = self._jvm.org.apache.hadoop.fs.Path(name)
        return path.getFileSystem(self.spark.sparkContext._jsc.hadoopConfiguration()), path
