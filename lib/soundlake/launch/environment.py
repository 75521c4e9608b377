"""The virtual environment of a Spark line: made when it is missing, renewed when what it is made from changes.

A stamp, written last, says what an environment was made from and with; without a valid one it is rebuilt, so that an
interrupted installation is repeated. The standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from soundlake.errors import UsageError
from soundlake.launch import class_archive, jars
from soundlake.launch.java import Java
from soundlake.launch.paths import CONF, ROOT
from soundlake.launch.report import say
from soundlake.launch.steps import Steps
from soundlake.launch.versions import SparkLine

CONSTRAINTS = CONF / "constraints.txt"
PROJECT = ROOT / "pyproject.toml"
MADE_FROM = (CONSTRAINTS, CONF / "versions.toml", Path(__file__), Path(jars.__file__))


def prepare(line: SparkLine, java: Java, *, with_dev: bool = False, is_asked: bool = False) -> None:
    """Make or renew the line's environment, with developers' tools where `with_dev`, or where it has them.

    A new environment gets a class archive for this Java. For another Java the archive is made again only where the user
    asked for the set-up: no job waits for it. Raises UsageError where there is no fitting Python or the checkout cannot
    be written, SoundlakeError where an installation fails. Several processes may call this at once: one works, the
    others wait.
    """

    def is_ready() -> bool:
        is_for_java = not is_asked or _stamp(line).get("java") == java.build
        return _is_current(line, with_dev=with_dev) and is_for_java

    if is_ready():
        return
    with _locked(line):
        if is_ready():
            return
        steps = Steps(line.environment / "setup.log")
        if not _is_current(line, with_dev=with_dev):
            _renew(line, steps, with_dev=with_dev)
        if _stamp(line).get("java") != java.build:
            class_archive.record(line, steps)
            _write_stamp(line, {**_stamp(line), "java": java.build})


def has_archive(line: SparkLine, java: Java) -> bool:
    """Whether the environment has a class archive for this Java."""
    return line.class_archive.exists() and _stamp(line).get("java") == java.build


def interpreter(line: SparkLine) -> Path:
    """Return the Python of the line's environment."""
    return line.environment / "bin" / "python"


def find_python(versions: tuple[str, ...]) -> Path:
    """Find a Python of one of the versions that can make environments: this one, else by its name on the PATH."""
    unfit = []
    candidates = [sys.executable, *(shutil.which(f"python{version}") for version in versions)]
    probe = "import sys; print('%d.%d' % sys.version_info[:2]); import ensurepip, venv"
    for candidate in filter(None, candidates):
        answer = subprocess.run([candidate, "-c", probe], capture_output=True, text=True, check=False)
        if answer.stdout.strip() in versions:
            if answer.returncode == 0:
                return Path(candidate)
            unfit.append(answer.stdout.strip())
    if unfit:
        remedy = f"Debian, Ubuntu: apt install python{unfit[0]}-venv"
        raise UsageError(f"Python {unfit[0]} cannot make environments, its venv is missing ({remedy})")
    python = f"python{versions[0]}"
    remedy = f"Debian, Ubuntu: apt install {python} {python}-venv; macOS: brew install python@{versions[0]}"
    raise UsageError(f"Python {' or '.join(versions)} is needed and not on the PATH ({remedy})")


def _renew(line: SparkLine, steps: Steps, *, with_dev: bool) -> None:
    made = _stamp(line)
    _stamp_file(line).unlink(missing_ok=True)
    if not made or made.get("root") != str(ROOT):
        python = find_python(line.python)
        say(f"setting up Spark {line.spark} in {line.environment} (once; several minutes where nothing is cached)")
        _make(line, python)
    extras = sorted({*made.get("extras", []), *(["dev"] if with_dev else [])})
    _install(line, extras, steps)
    jars.fetch(line, steps)
    # More tools change no jars, so the class archive stays valid.
    java = made.get("java") if made.get("made_from") == _made_from() else None
    _write_stamp(line, {"root": str(ROOT), "made_from": _made_from(), "extras": extras, "java": java})


def _make(line: SparkLine, python: Path) -> None:
    if line.environment.is_symlink() or line.environment.is_file():
        line.environment.unlink()
    shutil.rmtree(line.environment, ignore_errors=True)
    if python == Path(sys.executable):
        venv.create(line.environment, with_pip=True, symlinks=True)
        return
    subprocess.run([python, "-m", "venv", line.environment], check=True, stdout=subprocess.DEVNULL)


def _install(line: SparkLine, extras: list[str], steps: Steps) -> None:
    # The dashboard is for this machine: platforms install the package without it.
    package = f"{ROOT}[{','.join(['dashboard', *extras])}]"
    pip = [str(interpreter(line)), "-m", "pip", "install", "--no-input", "--constraint", str(CONSTRAINTS)]
    steps.run("installing what builds packages", [*pip, "setuptools"])
    # Built with the environment's own setuptools: what is installed is what constraints.txt names.
    steps.run(
        f"installing Soundlake, pyspark {line.spark} and their Python packages",
        [*pip, "--no-build-isolation", "--editable", package, *line.requirements],
    )


def _is_current(line: SparkLine, *, with_dev: bool) -> bool:
    stamp = _stamp(line)
    return (
        stamp.get("root") == str(ROOT)
        and stamp.get("made_from") == _made_from()
        and (not with_dev or "dev" in stamp.get("extras", []))
        and interpreter(line).exists()
    )


def _made_from() -> str:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    # What linters and tests are told in the same file changes no installation.
    installed = {name: value for name, value in project.items() if name != "tool"}
    digest = hashlib.sha256(json.dumps([installed, project.get("tool", {}).get("setuptools")]).encode())
    for file in MADE_FROM:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _stamp_file(line: SparkLine) -> Path:
    return line.environment / "stamp.json"


def _stamp(line: SparkLine) -> dict[str, Any]:
    try:
        stamp = json.loads(_stamp_file(line).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write_stamp(line: SparkLine, stamp: dict[str, Any]) -> None:
    unfinished = _stamp_file(line).with_suffix(".new")
    unfinished.write_text(json.dumps(stamp), encoding="utf-8")
    unfinished.replace(_stamp_file(line))


@contextmanager
def _locked(line: SparkLine) -> Iterator[None]:
    file = line.environment.with_name(line.environment.name + ".lock")
    try:
        handle = file.open("w")
    except OSError as error:
        raise UsageError(f"cannot write to {ROOT}: {error.strerror}; the environment is made there") from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is setting up the environment: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
