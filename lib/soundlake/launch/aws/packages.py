"""The package and its libraries as AWS takes them: a wheel, an environment for EMR, a zip of wheels for Glue."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from soundlake.errors import SoundlakeError
from soundlake.launch.environment import CONSTRAINTS, PROJECT
from soundlake.launch.paths import ROOT
from soundlake.launch.report import say

BUILT = ROOT / "build" / "aws"
_SOURCES = ("pyproject.toml", "README.md", "LICENSE")
_EPOCH = 315532800  # 1980, the first moment that zip files know: equal files make equal archives
# What the Pythons of AWS load: up to the C library of Amazon Linux 2023.
_GLIBC = ("2_34", "2_28", "2_17")
_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}

# Runs the platform's own Python with the libraries beside this file, and hands all else on to it. Spark starts it by
# a path relative to where the archive was unpacked.
_INTERPRETER = """#!/bin/sh
here=$(cd "$(dirname "$0")/.." && pwd -P)
export PYTHONPATH="$here/lib${PYTHONPATH:+:$PYTHONPATH}"
exec python%(python)s "$@"
"""


def libraries() -> list[str]:
    """The names of the libraries that the package needs, as pyproject.toml has them."""
    return list(tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["dependencies"])


def made_from(python: str, architecture: str, delta: str) -> bytes:
    """All that an archive of libraries depends on: equal bytes make an equal archive."""
    parts = [python, architecture, delta, *libraries(), _INTERPRETER, CONSTRAINTS.read_text("utf-8")]
    return "\n".join(parts).encode()


def build_wheel(folder: Path) -> Path:
    """Build the wheel of this checkout into a folder; raises SoundlakeError where that fails.

    It is built from a copy, so that nothing of earlier builds gets in; equal sources make an equal wheel.
    """
    with tempfile.TemporaryDirectory(prefix="soundlake-wheel-") as scratch:
        copy = Path(scratch) / "soundlake"
        copy.mkdir()
        for name in _SOURCES:
            shutil.copy(ROOT / name, copy)
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / "lib", copy / "lib", ignore=ignored)
        wheel = ["wheel", "--no-deps", "--no-build-isolation", "--no-cache-dir", "--wheel-dir", str(folder), str(copy)]
        _pip(wheel, "the wheel of soundlake could not be built", {"SOURCE_DATE_EPOCH": str(_EPOCH)})
    (built,) = folder.glob("soundlake-*.whl")
    return built


def environment_archive(out: Path, python: str, architecture: str, delta: str) -> Path:
    """Write the archive that EMR unpacks beside a job: all libraries, and bin/python that finds them.

    Delta's Python package is among them, as EMR has only Delta's jars. Raises SoundlakeError where a library cannot be
    fetched.
    """

    def pack(folder: Path, archive: Path) -> None:
        target = ["install", "--quiet", "--no-compile", f"--target={folder / 'lib'}"]
        _pip([*target, *_for(python, architecture)], "libraries could not be gathered")
        _pip([*target, "--no-deps", f"delta-spark=={delta}"], "Delta's Python package could not be gathered")
        shutil.rmtree(folder / "lib" / "bin", ignore_errors=True)  # commands of this machine
        (folder / "bin").mkdir()
        for name in ("python", "python3"):
            (folder / "bin" / name).write_text(_INTERPRETER % {"python": python}, encoding="utf-8")
            (folder / "bin" / name).chmod(0o755)
        with tarfile.open(archive, "w:gz", compresslevel=1) as packed:
            for name in ("bin", "lib"):
                packed.add(folder / name, name, filter=_anonymous)

    return _packed(out, pack)


def wheels_archive(out: Path, python: str, architecture: str) -> Path:
    """Write the zip of wheels that Glue installs before a job; Glue has all of Delta.

    Raises SoundlakeError where a library cannot be fetched.
    """

    def pack(folder: Path, archive: Path) -> None:
        download = ["download", "--quiet", f"--dest={folder}", *_for(python, architecture)]
        _pip(download, "libraries could not be gathered")
        wheels = sorted(folder.glob("*.whl"))
        pinned = "".join(f"{name}=={version}\n" for name, version, *_ in (wheel.name.split("-") for wheel in wheels))
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:  # wheels are packed already
            packed.writestr(zipfile.ZipInfo("wheels/requirements.txt"), pinned)
            for wheel in wheels:
                packed.write(wheel, f"wheels/{wheel.name}")

    return _packed(out, pack)


def _packed(out: Path, pack: Callable[[Path, Path], None]) -> Path:
    """The archive; made unless it is there, and whole when it is."""
    if out.exists():
        return out
    say(f"gathering libraries into {out} (once for each change of them; a minute or two)")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="soundlake-libraries-", dir=out.parent) as scratch:
        unfinished = Path(scratch) / out.name
        folder = Path(scratch) / "libraries"
        folder.mkdir()
        pack(folder, unfinished)
        unfinished.replace(out)
    return out


def _for(python: str, architecture: str) -> list[str]:
    platforms = [f"--platform=manylinux_{glibc}_{_MACHINES[architecture]}" for glibc in _GLIBC]
    pins = ["--only-binary=:all:", f"--python-version={python}", "--implementation=cp", *platforms]
    return [*pins, "--constraint", str(CONSTRAINTS), *libraries()]


def _pip(arguments: Sequence[str], trouble: str, variables: dict[str, str] | None = None) -> None:
    command = [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", *arguments]
    environment = {**os.environ, **(variables or {})}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        last = (ended.stderr.strip() or ended.stdout.strip() or "pip said nothing").splitlines()[-1]
        raise SoundlakeError(f"{trouble}: {last}")


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = _EPOCH
    return entry
