"""What a machine must have to run Soundlake, checked one by one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata

from soundlake.errors import SoundlakeError, UsageError
from soundlake.launch import local
from soundlake.launch.environment import has_archive
from soundlake.launch.java import check_java
from soundlake.launch.paths import SAMPLE
from soundlake.launch.versions import SparkLine, installed_spark_line
from soundlake.settings import Settings, check_lake_writable


@dataclass(frozen=True)
class CheckResult:
    """What was checked, whether it passed, and what was found."""

    what: str
    is_well: bool
    found: str

    @classmethod
    def of(cls, what: str, check: Callable[[], str]) -> CheckResult:
        """Run a check, which returns what it found or raises SoundlakeError."""
        try:
            return cls(what, True, check())
        except SoundlakeError as error:
            return cls(what, False, str(error))


def examine(settings: Settings) -> Iterator[CheckResult]:
    """Yield the result of the check of each thing that a run on this machine needs."""
    line = installed_spark_line()
    for what, check in (
        ("Java", lambda: _java(line)),
        ("Python", lambda: _python(line)),
        ("Spark", lambda: _library("pyspark", line.spark)),
        ("Delta", lambda: _library("delta-spark", line.delta)),
        ("jars", lambda: _jars(line)),
        ("bundled records", _sample),
        ("lake", lambda: _lake(settings)),
    ):
        yield CheckResult.of(what, check)


def _java(line: SparkLine) -> str:
    java = check_java(line.java)
    advice = "" if has_archive(line, java) else "; run ./spark-submit.sh --setup, and Spark starts sooner"
    return f"{java.version} ({java.found_by}: {java.executable}){advice}"


def _python(line: SparkLine) -> str:
    version = "{}.{}".format(*sys.version_info)
    if version not in line.python:
        raise UsageError(f"{version}; Spark {line.name} runs on {' or '.join(line.python)}")
    return f"{version} ({sys.executable})"


def _library(name: str, wanted: str) -> str:
    version = _installed(name)
    if version != wanted:
        raise UsageError(f"{version or 'not installed'}, not {wanted}: run ./spark-submit.sh --setup")
    return version


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _jars(line: SparkLine) -> str:
    present = {jar.name for jar in local.JARS.glob("*.jar")}
    wanted = {package: "{}_{}-{}.jar".format(*package.split(":")) for package in line.packages}
    missing = [package for package, jar in wanted.items() if jar not in present]
    if missing:
        raise UsageError(f"{', '.join(missing)} not in {local.JARS}: run ./spark-submit.sh --setup")
    return f"{len(present)} in {local.JARS}"


def _sample() -> str:
    folders = sorted(folder.name for folder in SAMPLE.glob("*/"))
    if not folders:
        raise UsageError(f"none in {SAMPLE}")
    return f"{len(folders)} kinds in {SAMPLE}"


def _lake(settings: Settings) -> str:
    check_lake_writable(settings)
    return settings.lake.uri
