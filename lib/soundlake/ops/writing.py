"""The frame of what writes: its lease first, then a session, then its tables made ready."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from soundlake.lake import Lake
from soundlake.ops.evolution import evolve_all
from soundlake.ops.leases import leased
from soundlake.session import cancelling, open_session
from soundlake.settings import Settings
from soundlake.tables import STREAM_LEASE, TABLES


@contextmanager
def writing(settings: Settings, job: str) -> Iterator[tuple[SparkSession, Lake]]:
    """Hold the lease of a job's own tables; yields a session, and the lake with the check of the lease.

    These tables are evolved to their declarations first. Raises what `soundlake.lease.lease` raises:
    TakenError before Spark starts.
    """
    with leased(settings, job, job) as lake, open_session(f"soundlake {job}", settings) as spark:
        evolve_all(spark, lake, [table for table in TABLES if table.lease == job])
        yield spark, lake


@contextmanager
def step_of(spark: SparkSession, settings: Settings, job: str, name: str = STREAM_LEASE) -> Iterator[Lake]:
    """Hold the lease `name` for a step of a longer run; yields the lake, as `leased`.

    The session outlives the lease: on Ctrl-C its jobs are cancelled before another process can take the lease.
    """
    with leased(settings, job, name) as lake, cancelling(spark):
        yield lake
