"""Small files beside the tables, through Spark's own file systems: local, S3, HDFS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from soundlake.errors import SoundlakeError

_FULL = "No space left on device"


@contextmanager
def full_disk_named(place: str) -> Iterator[None]:
    """Raise SoundlakeError, with what to do, where something failed because the disk of `place` is full."""
    try:
        yield
    except (SoundlakeError, PySparkException, Py4JError, OSError) as error:
        if _FULL not in str(error):
            raise
        raise SoundlakeError(
            f"the disk of {place} is full, or the one that Spark keeps its temporary files on: make space and start "
            "again. Nothing is lost: the unfinished batch is done again"
        ) from error


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
        """Write a new file atomically; raises FileExistsError where another one has its name."""
        system, path = self._at(name)
        if system.getScheme() in ("s3", "s3a"):
            self._put(name, text)
            return
        _, unfinished = self._at(f"{name}.unfinished")
        self._fill(system.create(unfinished, True), text)
        if not system.rename(unfinished, path):
            raise FileExistsError(name)

    def _put(self, name: str, text: str) -> None:
        """Write a file to S3, where it appears complete when it is closed and a rename would be a copy.

        A write that is retried after a lost response finds its own file, and recognises it by its content.
        """
        system, path = self._at(name)
        try:
            self._fill(system.create(path, False), text)
        except Py4JJavaError:
            if not self.exists(name):
                raise
            if self.read(name) != text:
                raise FileExistsError(name) from None

    @staticmethod
    def _fill(stream: Any, text: str) -> None:
        try:
            stream.write(text.encode())
        finally:
            stream.close()

    def copy(self, folder: str, to: str) -> None:
        """Copy a folder with its content, overwriting existing files."""
        system, path = self._at(folder)
        target, target_path = self._at(to)
        for status in system.listStatus(path):
            name = str(status.getPath().getName())
            if status.isDirectory():
                self.copy(f"{folder}/{name}", f"{to}/{name}")
            else:
                place = self._jvm.org.apache.hadoop.fs.Path(target_path, name)
                conf = self.spark.sparkContext._jsc.hadoopConfiguration()
                self._jvm.org.apache.hadoop.fs.FileUtil.copy(system, status.getPath(), target, place, False, True, conf)

    def delete(self, name: str) -> None:
        """Delete a file, or a folder with its content, if it exists."""
        system, path = self._at(name)
        system.delete(path, True)

    @property
    def _jvm(self) -> Any:
        jvm = self.spark.sparkContext._jvm
        assert jvm is not None
        return jvm

    def _at(self, name: str) -> tuple[Any, Any]:
        path = self._jvm.org.apache.hadoop.fs.Path(name)
        return path.getFileSystem(self.spark.sparkContext._jsc.hadoopConfiguration()), path
