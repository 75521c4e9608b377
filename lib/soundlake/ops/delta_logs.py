"""Trimming the Delta logs of a lake on this machine.

Delta looks for new commits several times in each batch, and a local file system then lists the whole log: each commit
makes all later ones slower. So the writer of a local lake deletes the log of old versions. On S3 Delta lists only the
end of a log (soundlake.spark_conf), and itself deletes what is older than 30 days.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from soundlake.lake import Lake
from soundlake.logs import get_log
from soundlake.ops.leases import tables_of_jobs, writable
from soundlake.refine.query import QUERY as REFINE
from soundlake.settings import Settings
from soundlake.settings.checks import local_path
from soundlake.sources.checkpoint import resume_offset
from soundlake.storage import Storage
from soundlake.tables import EVENTS, STREAM_LEASE, TABLES

# A reader that has looked up the newest version has this long to read its log.
LEAST_AGE_SECONDS = 600.0
_OF_VERSION = re.compile(r"\.?(\d{20})\..+")  # Hadoop's checksum of a file is hidden
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet")
_log = get_log(__name__)


def trim_logs(spark: SparkSession, lake: Lake, settings: Settings) -> int:
    """Trim the logs of the stream's tables to about maintain.log_commits; returns how many files were deleted.

    For the holder of the stream's lease. Nothing is done on S3, nor while another job runs: it may read versions that
    it looked up when it started.
    """
    root = local_path(lake.uri)
    with ExitStack() as leases:
        if root is None or any(
            leases.enter_context(writable(lake, settings, "maintain", name)) is None
            for name in sorted(tables_of_jobs())
        ):
            return 0
        before = time.time() - LEAST_AGE_SECONDS
        deleted = 0
        for table in TABLES:
            log = root / table.path / "_delta_log"
            if table.lease == STREAM_LEASE and log.is_dir():
                # A query that resumes may open the version before its first one too.
                needed = max(refined_version(spark, lake) - 1, 0) if table is EVENTS else None
                deleted += trim(log, settings.maintain.log_commits, before, needed)
    if deleted:
        _log.info("trimmed the logs of tables", files=deleted)
    return deleted


def refined_version(spark: SparkSession, lake: Lake) -> int:
    """The version of bronze at which refine resumes, or a rebuild that died; 0 where refine never ran."""
    found = [_resumed_at(spark, lake) or 0]
    begun = [Lake(f"{lake.rebuilds}/{name}") for name in Storage(spark).names(lake.rebuilds)]
    found += [version for one in begun if (version := _resumed_at(spark, one)) is not None]
    return min(found)


def is_bronze_unread(spark: SparkSession, lake: Lake, hours: int) -> bool:
    """Whether refine or a rebuild still has to read commits of bronze older than so many hours.

    Vacuum could delete their files, if these were compacted since.
    """
    has_rows = ~F.col("operation").rlike("OPTIMIZE|VACUUM")
    first = refined_version(spark, lake)
    commits = lake.version(spark, EVENTS) - first + 1
    if commits <= 0:
        return False
    # Not the whole history: a log on S3 has hundreds of thousands of commits, each of which would be read.
    unread = lake.delta(spark, EVENTS).history(commits).where(has_rows & (F.col("version") >= first))
    oldest = unread.agg(F.min("timestamp").cast("double")).collect()[0][0]
    is_unread = oldest is not None and oldest < time.time() - hours * 3600
    if is_unread:
        _log.warning("kept old files of bronze: refine has not read all of it", table=EVENTS.path)
    return is_unread


def _resumed_at(spark: SparkSession, lake: Lake) -> int | None:
    offset = resume_offset(spark, lake.checkpoint(REFINE))
    return None if offset is None else int(json.loads(offset)["reservoirVersion"])


def trim(log: Path, commits: int, before: float, needed: int | None = None) -> int:
    """Delete the files of a log that are older than a checkpoint; returns how many.

    It is the newest checkpoint that was written before the time `before` (Unix seconds), is no newer than the one that
    readers begin with, and leaves the last `commits` versions and the version `needed` readable.
    """
    names = [file.name for file in log.iterdir()]
    newest = max((int(found[1]) for found in map(_OF_VERSION.fullmatch, names) if found), default=0)
    limit = min(newest - commits, _last_checkpoint(log), newest if needed is None else needed)
    first = max(_checkpoints(log, names, limit, before), default=0)
    old = [name for name in names if (found := _OF_VERSION.fullmatch(name)) and int(found[1]) < first]
    for name in sorted(old, key=lambda name: name.lstrip(".")):
        (log / name).unlink(missing_ok=True)
    return len(old)


def _checkpoints(log: Path, names: Iterable[str], limit: int, before: float) -> list[int]:
    found = [(int(match[1]), match[0]) for match in map(_CHECKPOINT.fullmatch, names) if match]
    return [version for version, name in found if version <= limit and (log / name).stat().st_mtime < before]


def _last_checkpoint(log: Path) -> int:
    """The version of the checkpoint that readers begin with; 0 where there is none or it cannot be read."""
    try:
        return int(json.loads((log / "_last_checkpoint").read_bytes())["version"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return 0
