"""Trimming the Delta logs of a lake.

Delta looks for new commits several times in each batch, and a local file system then lists the whole log: each commit
makes all later ones slower. On S3 Delta finds them by listing the end of a log (soundlake.spark_conf), but lists all of
it at each checkpoint, and once a day it deletes what is 30 days old, one file after the other, in a commit. So the
writer of a lake deletes the log of old versions itself.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from soundlake.errors import SoundlakeError
from soundlake.lake import Lake
from soundlake.logs import get_log
from soundlake.ops.leases import tables_of_jobs, writable
from soundlake.ops.log_files import BucketLog, LocalLog, LogFiles
from soundlake.refine.query import QUERY as REFINE
from soundlake.s3 import on_s3
from soundlake.settings import Settings
from soundlake.settings.bucket import open_s3
from soundlake.settings.checks import local_path
from soundlake.sources.checkpoint import batches, reopened_offset, resume_offset
from soundlake.storage import Storage
from soundlake.tables import EVENTS, STREAM_LEASE, TABLES, Table

# A reader that has looked up the newest version of a local table has this long to read its log.
LEAST_AGE_SECONDS = 600.0
_SECONDS_ON_DISK, _SECONDS_ON_S3 = 300.0, 3600.0  # between two rounds
_MEANWHILE = 100  # commits
_LOG = "_delta_log"
_OF_VERSION = re.compile(r"\.?(\d{20})\..+")  # Hadoop's checksum of a file is hidden
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet")
_log = get_log(__name__)


def trim_interval(settings: Settings) -> float:
    """The seconds between two rounds of `trim_logs` in a stream: on S3 each request is paid for."""
    return _SECONDS_ON_DISK if local_path(settings.lake.uri) is not None else _SECONDS_ON_S3


def trim_logs(spark: SparkSession, lake: Lake, settings: Settings) -> int:
    """Trim the logs of the stream's tables; returns how many files were deleted.

    About maintain.log_commits stay; on S3 also what is younger than maintain.retention_hours. For the holder of the
    stream's lease. On a local lake nothing is done while another job runs: it may read versions that it looked up when
    it started. A log that cannot be trimmed is left to the next round, with a warning.
    """
    local = local_path(settings.lake.uri)
    least_age = LEAST_AGE_SECONDS if local is not None else settings.maintain.retention_hours * 3600.0
    before, deleted, open_log = time.time() - least_age, 0, _opener(settings)
    with ExitStack() as leases:
        names = sorted(tables_of_jobs()) if local is not None else []
        if any(leases.enter_context(writable(lake, settings, "maintain", name)) is None for name in names):
            return 0
        for table in TABLES:
            if table.lease == STREAM_LEASE:
                needed = reopened_version(spark, lake) if table is EVENTS else None
                lake.check()
                try:
                    deleted += trim(open_log(table), settings.maintain.log_commits, before, needed)
                except SoundlakeError as error:
                    _log.warning("the log could not be trimmed", table=table.path, reason=error)
    if deleted:
        _log.info("trimmed the logs of tables", files=deleted)
    return deleted


def _opener(settings: Settings) -> Callable[[Table], LogFiles]:
    local = local_path(settings.lake.uri)
    if local is not None:
        return lambda table: LocalLog(Path(local) / table.path / _LOG)
    client, root = open_s3(settings), on_s3(settings.lake.uri)
    return lambda table: BucketLog(f"{root}/{table.path}/{_LOG}", client)


def refined_version(spark: SparkSession, lake: Lake) -> int:
    """The version of bronze up to which refine has read, or a rebuild that died; 0 where refine never ran."""
    return _least_version(spark, lake, resume_offset)


def reopened_version(spark: SparkSession, lake: Lake) -> int:
    """The oldest version of bronze that refine opens when it resumes, or a rebuild that died; 0 where refine begins."""
    # And the version before, by which Delta checks the schema.
    return max(_least_version(spark, lake, reopened_offset) - 1, 0)


def _least_version(spark: SparkSession, lake: Lake, offset_of: Callable[[SparkSession, str], str | None]) -> int:
    storage = Storage(spark)
    rebuilds = [Lake(f"{lake.rebuilds}/{name}").checkpoint(REFINE) for name in storage.names(lake.rebuilds)]
    begun = [checkpoint for checkpoint in rebuilds if batches(storage, f"{checkpoint}/offsets")]
    offsets = [offset_of(spark, checkpoint) for checkpoint in (lake.checkpoint(REFINE), *begun)]
    return min(0 if offset is None else int(json.loads(offset)["reservoirVersion"]) for offset in offsets)


def is_bronze_unread(spark: SparkSession, lake: Lake, hours: int) -> bool:
    """Whether refine or a rebuild still has to read commits of bronze older than so many hours.

    Vacuum could delete their files, if these were compacted since.
    """
    has_rows = ~F.col("operation").rlike("OPTIMIZE|VACUUM")
    first = refined_version(spark, lake)
    commits = lake.version(spark, EVENTS) - first + 1
    if commits <= 0:
        return False
    # Not the whole history: a log on S3 has hundreds of thousands of commits, and each would be read. Some more than
    # `commits`, as ingest goes on.
    unread = lake.delta(spark, EVENTS).history(commits + _MEANWHILE).where(has_rows & (F.col("version") >= first))
    oldest = unread.agg(F.min("timestamp").cast("double")).collect()[0][0]
    is_unread = oldest is not None and oldest < time.time() - hours * 3600
    if is_unread:
        _log.warning("kept old files of bronze: refine has not read all of it", table=EVENTS.path)
    return is_unread


def trim(log: LogFiles, commits: int, before: float, needed: int | None = None) -> int:
    """Delete the files of a log that are older than a checkpoint; returns how many.

    It is the newest checkpoint that was written before the time `before` (Unix seconds), is no newer than the one that
    readers begin with, and leaves the last `commits` versions and the version `needed` readable.
    """
    files = log.changed_before(before)
    newest = max((int(found[1]) for found in map(_OF_VERSION.fullmatch, files) if found), default=0)
    limit = min(newest - commits, _last_checkpoint(log), newest if needed is None else needed)
    checkpoints = [(int(found[1]), found[0]) for found in map(_CHECKPOINT.fullmatch, files) if found]
    first = max((version for version, name in checkpoints if version <= limit and files[name] < before), default=0)
    old = [name for name in files if (found := _OF_VERSION.fullmatch(name)) and int(found[1]) < first]
    log.delete(sorted(old, key=lambda name: name.lstrip(".")))
    return len(old)


def _last_checkpoint(log: LogFiles) -> int:
    """The version of the checkpoint that readers begin with; 0 where there is none or it cannot be read."""
    try:
        return int(json.loads(log.read("_last_checkpoint"))["version"])
    except (ValueError, KeyError, TypeError):
        return 0
