"""Where AWS runs a Spark line: the rows of conf/versions.toml, read."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from soundlake.errors import UsageError
from soundlake.launch.versions import FILE, SparkLine, choose_spark_line


@dataclass(frozen=True)
class Platform:
    """A Spark line on one of AWS's services.

    `releases`: those that run it, the one to make new things with first. `jars` are paths on the platform. `has_kafka`:
    whether it brings Spark's Kafka connector; else `kafka_jars` names what has to be uploaded.
    """

    target: str
    line: SparkLine
    releases: tuple[str, ...]
    python: str
    jars: tuple[str, ...]
    kinesis_jars: tuple[str, ...]
    has_kafka: bool
    kafka_jars: tuple[str, ...]

    def check_release(self, release: str, where: str) -> None:
        """Raise UsageError where `where` runs a release that has another Spark, or that nobody knows."""
        if release not in self.releases:
            known = " or ".join(self.releases)
            raise UsageError(f"{where} runs {release}; Spark {self.line.name} needs {known} (conf/versions.toml)")


def platform_of(target: str, line: SparkLine | None = None, file: Path = FILE) -> Platform:
    """Return a line (the default one) on a target; raises UsageError where it does not run there."""
    line = line or choose_spark_line(file=file)
    declared = tomllib.loads(file.read_text(encoding="utf-8"))
    row = declared["platforms"].get(target, {}).get(line.name)
    if row is None:
        raise UsageError(f"--target {target}: no row for Spark {line.name} in conf/versions.toml")
    return Platform(
        target=target,
        line=line,
        releases=tuple(row["releases"]),
        python=row["python"],
        jars=tuple(row["jars"]),
        kinesis_jars=tuple(row["kinesis_jars"]),
        has_kafka=row["kafka"],
        kafka_jars=tuple(declared["kafka_jars"]),
    )
