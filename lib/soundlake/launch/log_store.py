"""The Delta log store for conditional commits on S3: a Java class, compiled at the first start that needs it."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from soundlake.errors import UsageError
from soundlake.launch.jars import s3_jars_locked
from soundlake.launch.steps import Steps
from soundlake.launch.versions import SparkLine

SOURCE = Path(__file__).with_name("ConditionalLogStore.java")
_HADOOP_AWS = "org.apache.hadoop:hadoop-aws:"
_FIRST = (3, 4, 2)  # the first with conditional creates


def check(line: SparkLine, env: Mapping[str, str]) -> None:
    """Raise UsageError where the log store is not there yet and cannot be compiled."""
    if not _jar(line).exists():
        _compiler(line, env)


def build(line: SparkLine, steps: Steps, env: Mapping[str, str]) -> None:
    """Compile the log store into the folder of the line's jars for S3, unless it is there; others wait meanwhile.

    Raises UsageError as `check` does, and SoundlakeError where the compiler fails.
    """
    with s3_jars_locked(line):
        if not _jar(line).exists():
            _build(line, steps, env)


def _build(line: SparkLine, steps: Steps, env: Mapping[str, str]) -> None:
    jar = _jar(line)
    with tempfile.TemporaryDirectory(prefix="soundlake-log-store-", dir=line.environment) as scratch:
        classes, made = Path(scratch) / "classes", Path(scratch) / jar.name
        compile_into(classes, line, steps, env)
        with zipfile.ZipFile(made, "w") as packed:
            for file in classes.rglob("*.class"):
                packed.write(file, file.relative_to(classes))
        for old in line.s3_jars.glob("soundlake-log-store-*.jar"):
            old.unlink(missing_ok=True)
        made.replace(jar)


def compile_into(folder: Path, line: SparkLine, steps: Steps, env: Mapping[str, str]) -> None:
    """Compile the log store into a folder of classes; raises errors as `build` does."""
    compiler = _compiler(line, env)
    spark = next((line.environment / "lib").glob("python3.*/site-packages/pyspark/jars"))
    path = ":".join(f"{jars}/*" for jars in (spark, line.jars, line.s3_jars))
    release = str(min(line.java))
    command = [compiler, "--release", release, "-nowarn", "-classpath", path, "-d", str(folder), str(SOURCE)]
    steps.run("compiling the log store for S3", command, env)


def _jar(line: SparkLine) -> Path:
    return line.s3_jars / f"soundlake-log-store-{sha256(SOURCE.read_bytes()).hexdigest()[:16]}.jar"


def _compiler(line: SparkLine, env: Mapping[str, str]) -> str:
    (hadoop,) = (package.removeprefix(_HADOOP_AWS) for package in line.s3 if package.startswith(_HADOOP_AWS))
    if tuple(map(int, hadoop.split("."))) < _FIRST:
        first = ".".join(map(str, _FIRST))
        raise UsageError(
            f"s3.conditional_commits: Spark {line.name} has hadoop-aws {hadoop}, but {first} or later is needed"
        )
    home = env.get("JAVA_HOME")
    found = shutil.which(Path(home) / "bin" / "javac") if home else shutil.which("javac", path=env.get("PATH", ""))
    if found is None:
        place = f"JAVA_HOME, {home}" if home else "the PATH"
        raise UsageError(f"s3.conditional_commits: no javac in {place}; it needs a JDK, a JRE is not enough")
    return found
