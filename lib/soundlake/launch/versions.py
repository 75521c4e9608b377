"""The Spark lines, read from conf/versions.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from soundlake.errors import UsageError
from soundlake.launch.paths import CLASS_ARCHIVE, CONF, ROOT
from soundlake.spark_conf import FAST_LISTING

FILE = CONF / "versions.toml"


@dataclass(frozen=True)
class SparkLine:
    """A Spark line, such as 4.1: versions of Spark, Delta, Scala, Python and Java that go together.

    `python` holds the minor versions the line runs on ("3.11"), `java` the major ones (17). `packages` and `provided`
    are Maven coordinates: what is added to Spark's own jars, and what of its dependencies Spark already has (`*` is any
    name).
    `s3` are the coordinates that a lake on S3 needs besides, `s3_credentials` the class of the usual AWS chain there.
    `kinesis` says how the line reads Kinesis: the value of source.kinesis.reader where nobody sets it.
    """

    name: str
    spark: str
    delta: str
    scala: str
    python: tuple[str, ...]
    java: tuple[int, ...]
    packages: tuple[str, ...]
    provided: tuple[str, ...]
    is_default: bool
    kinesis: str
    s3: tuple[str, ...]
    s3_credentials: str

    @property
    def requirements(self) -> tuple[str, ...]:
        """The Python packages of the line, as pip requirements."""
        return (f"pyspark=={self.spark}", f"delta-spark=={self.delta}")

    @property
    def s3_conf(self) -> Mapping[str, str]:
        """What Spark is told for a lake on S3. Delta 3 lists by an AWS SDK that Hadoop 3.4 no longer has."""
        return {} if self.delta.startswith("3.") else FAST_LISTING

    @property
    def environment(self) -> Path:
        """The folder of the line's virtual environment."""
        return ROOT / (".venv" if self.is_default else f".venv-{self.name}")

    @property
    def jars(self) -> Path:
        """The folder of the line's jars."""
        return self.environment / "jars"

    @property
    def class_archive(self) -> Path:
        """The file of the line's archived classes, see `soundlake.launch.class_archive`."""
        return self.environment / CLASS_ARCHIVE

    @property
    def s3_jars(self) -> Path:
        """The folder of the jars that a lake on S3 needs besides."""
        return self.environment / "jars-s3"


def read_lines(file: Path = FILE) -> dict[str, SparkLine]:
    """Read all lines, by name; raises UsageError where there is no such file (outside a checkout)."""
    declared = _declared(file)
    lines = {}
    for name, versions in declared["lines"].items():
        own = {key: versions[key] for key in ("spark", "delta", "scala")}
        lines[name] = SparkLine(
            name=name,
            **own,
            python=tuple(versions["python"]),
            java=tuple(versions["java"]),
            packages=tuple(package.format(**own) for package in versions["packages"]),
            provided=tuple(declared["provided"]),
            is_default=name == declared["default"],
            kinesis=versions["kinesis"],
            s3=tuple(versions["s3"]),
            s3_credentials=versions["s3_credentials"],
        )
    return lines


def version_of_checkout() -> str:
    """The version of Soundlake that this checkout is."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def choose_spark_line(name: str | None = None, file: Path = FILE) -> SparkLine:
    """Return the named line, or the default one; raises UsageError for a line that does not exist."""
    lines = read_lines(file)
    for line in lines.values():
        if line.name == name or (name is None and line.is_default):
            return line
    raise UsageError(f"--spark {name}: no such Spark line; the lines are {', '.join(lines)}")


def installed_spark_line(file: Path = FILE) -> SparkLine:
    """Return the line that the installed pyspark belongs to, else the default one."""
    try:
        installed = metadata.version("pyspark")
    except metadata.PackageNotFoundError:
        installed = None
    for line in read_lines(file).values():
        if line.spark == installed:
            return line
    return choose_spark_line(file=file)


def _declared(file: Path) -> dict[str, Any]:
    if not file.exists():
        raise UsageError(f"there is no {file}: this needs a checkout of Soundlake")
    return tomllib.loads(file.read_text(encoding="utf-8"))
