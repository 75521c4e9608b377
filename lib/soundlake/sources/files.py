"""Records from files below one folder, each file read once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from soundlake.errors import UsageError
from soundlake.s3 import for_spark
from soundlake.settings import Settings
from soundlake.sources.file_records import PLACED, SCHEMA, UNREADABLE, cut
from soundlake.sources.files_recovery import recovered_files
from soundlake.sources.protocol import Gap, Once, Recovered

# The columns of Spark's binaryFile format, which a stream has to be given; the content is not read here.
BINARY_FILE = "path string, modificationTime timestamp, length bigint, content binary"

# By default Spark silently skips files a week older than the newest one it has seen.
MAX_FILE_AGE = "100000d"


@dataclass(frozen=True)
class FilesSource:
    """The files below source.files.path."""

    settings: Settings

    @property
    def once(self) -> Once:
        """Spark lists the files when a run begins."""
        return Once.AVAILABLE_NOW

    def check_start(self, spark: SparkSession, resume: str | None) -> tuple[Gap, ...]:
        """See Source: files do not expire."""
        return ()

    def read_stream(self, spark: SparkSession) -> DataFrame:
        """Return the stream of their records, see `read_stream` of this module."""
        return read_stream(spark, self.settings)

    def is_drained(self, reached: str) -> bool:
        """See Source."""
        raise NotImplementedError("Spark's trigger availableNow knows")

    def recover_checkpoint(self, spark: SparkSession, held: DataFrame, scratch: str) -> Recovered:
        """See Source: files are known by their paths."""
        root, found = _found(spark, self.settings)
        return recovered_files(found, root, held, scratch)

    def explain(self, error: str) -> str | None:
        """See Source: name the file that a worker could not read; Spark's own messages need no explanation."""
        if UNREADABLE not in error:
            return None
        said = next(line for line in error.splitlines() if UNREADABLE in line).strip()
        return f"{said.partition('SoundlakeError: ')[2] or said}: restore it or grant access to it, then start again"


def read_stream(spark: SparkSession, settings: Settings) -> DataFrame:
    """Return the records of all files below source.files.path, at any depth, as the files appear there.

    Out: the columns of bronze/events but for those that ingest adds. The checkpoint holds the list of the files that
    were read: a file is read once, whatever happens to it later, so it must be whole when it appears under its name.
    Files and folders whose names begin with `_` or `.` are left out. See `file_records.cut` for files and records that
    are too large. Raises UsageError where no path is set.
    """
    files = settings.source.files
    root, found = _found(spark, settings, maxFilesPerTrigger=files.max_files_per_trigger)
    files_placed = placed(found, root, settings.source.topics.model_dump())
    return files_placed.select(*PLACED).mapInArrow(partial(cut, settings=settings), SCHEMA)


def _found(spark: SparkSession, settings: Settings, **more: int) -> tuple[str, DataFrame]:
    """The folder as in the paths of its files, and the stream of the files."""
    files = settings.source.files
    if files.path is None:
        raise UsageError("source.files.path: needed when source.type is files")
    root = qualified(spark, for_spark(files.path))
    reader = spark.readStream.format("binaryFile").schema(BINARY_FILE).options(**more)
    reader = reader.option("recursiveFileLookup", "true").option("maxFileAge", MAX_FILE_AGE)
    return root, reader.load(_literally(root))


def placed(files: DataFrame, root: str, topics: Mapping[str, str]) -> DataFrame:
    """Add kind, stream and partition to files (column path).

    The stream is the topmost folder whose name stands for a kind, else the root; the partition is the path below it.
    `root` is written as in the paths of the files; `topics` is the topic of each kind.
    """
    kinds = kinds_of_folders(topics)
    prefix = root.rstrip("/") + "/"
    kind_of_root = kinds.get(prefix.split("/")[-2])
    below = F.col("path").substr(len(prefix) + 1, 2**31 - 1)
    names = "|".join(re.escape(name) for name in sorted(kinds))
    topmost = F.lit("") if kind_of_root else F.regexp_extract(below, rf"(?s)^((?:[^/]+/)*?(?:{names}))/", 1)
    kind_of_name = F.create_map(*[F.lit(text) for text in chain(*sorted(kinds.items()))])
    kind = F.lit(kind_of_root) if kind_of_root else kind_of_name[F.substring_index("_folder", "/", -1)]
    has_folder = F.col("_folder") != ""
    in_folder = below.substr(F.length("_folder") + 2, F.length("path"))
    return (
        files.withColumn("_folder", topmost)
        .withColumns(
            {
                "kind": kind,
                "stream": F.when(has_folder, F.concat(F.lit(prefix), "_folder")).otherwise(F.lit(root)),
                "partition": F.when(has_folder, in_folder).otherwise(below),
            }
        )
        .drop("_folder")
    )


def kinds_of_folders(topics: Mapping[str, str]) -> dict[str, str]:
    """Return the kind of each folder name, given the topic of each kind.

    A name stands for a kind if it is the kind's topic, the kind itself, or the last dotted part of its topic, in this
    order; a name that would stand for several kinds stands for none.
    """
    kinds: dict[str, str] = {}
    for names in (
        [(topic, kind) for kind, topic in topics.items()],
        [(kind, kind) for kind in topics],
        [(topic.rpartition(".")[2], kind) for kind, topic in topics.items()],
    ):
        said = [name for name, _ in names]
        kinds |= {name: kind for name, kind in names if said.count(name) == 1 and name not in kinds}
    return kinds


def qualified(spark: SparkSession, path: str) -> str:
    """Return a folder as Spark writes it in the paths of its files: one text for `/x`, `file:/x` and `file:///x/`."""
    context = spark.sparkContext
    assert context._jvm is not None
    folder = context._jvm.org.apache.hadoop.fs.Path(path)
    return str(folder.getFileSystem(context._jsc.hadoopConfiguration()).makeQualified(folder).toString())


def _literally(path: str) -> str:
    """Escape a path: Hadoop would read brackets, braces, stars and question marks as a pattern."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", path)
