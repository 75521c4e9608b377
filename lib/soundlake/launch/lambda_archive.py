"""The archive of the AWS Lambda function that extracts by the clock: `python -m soundlake.launch.lambda_archive`.

It holds the settings and the extraction of this package and the libraries they need, at the versions of
conf/constraints.txt. Neither Spark nor any reader of tables is among them.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from soundlake.errors import SoundlakeError, UsageError
from soundlake.launch.paths import CONF, ROOT
from soundlake.launch.report import reported

# What extraction imports, on all its ways out.
LIBRARIES = ("boto3", "confluent-kafka", "pydantic", "requests", "rich", "spotipy", "tenacity", "tzdata")
OURS = ("__init__.py", "aws.py", "errors.py", "logs.py", "s3.py", "small_files.py", "settings", "extract", "publishers")
MOST_BYTES = 250 * 1024 * 1024  # Lambda takes no more, unpacked
_ARCHITECTURES = {"arm64": "aarch64", "x86_64": "x86_64"}
_GLIBC = ("2_34", "2_28", "2_17")  # up to that of Amazon Linux 2023
_DATE = (1980, 1, 1, 0, 0, 0)  # equal files make an equal archive

Gather = Callable[[Sequence[str], Path], None]


@dataclass(frozen=True)
class Archive:
    """An archive: where it is, how large, and how large when unpacked."""

    path: Path
    packed: int
    unpacked: int
    largest: tuple[tuple[str, int], ...]


def main(argv: Sequence[str] | None = None) -> None:
    """Make the archive and print its sizes."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    parser = argparse.ArgumentParser(prog="soundlake.launch.lambda_archive", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "soundlake-extract.zip", metavar="FILE")
    parser.add_argument("--arch", choices=sorted(_ARCHITECTURES), default="x86_64", help="of the function")
    parser.add_argument("--python", default=version, metavar="VERSION", help=f"of the function, by default {version}")
    parser.add_argument(
        "--with", dest="more", action="append", default=[], metavar="LIBRARY", help="one more, such as pyarrow"
    )
    options = parser.parse_args(argv)
    with reported():
        archive = build(options.out, from_index(options.python, options.arch), options.more)
        for name, size in archive.largest:
            print(f"{size / 1e6:9.1f} MB  {name}")
        print(f"{archive.unpacked / 1e6:9.1f} MB  in all, unpacked; Lambda takes {MOST_BYTES / 1e6:.1f} MB")
        print(f"{archive.packed / 1e6:9.1f} MB  {archive.path}")


def build(out: Path, gather: Gather, more: Sequence[str] = (), level: int = 6) -> Archive:
    """Write the archive to `out`, packed as hard as `level` says, with the libraries that `gather` puts into a folder.

    Raises SoundlakeError where a library cannot be had, or where Lambda would not take the archive.
    """
    with tempfile.TemporaryDirectory(prefix="soundlake-lambda-") as scratch:
        folder = Path(scratch)
        gather((*LIBRARIES, *more), folder)
        _copy(ROOT / "lib" / "soundlake", OURS, folder / "soundlake")
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        sizes = _sizes(folder, files)
        unpacked = sum(sizes.values())
        if unpacked > MOST_BYTES:
            raise SoundlakeError(f"the archive would be {unpacked:,} bytes unpacked; Lambda takes {MOST_BYTES:,}")
        out.parent.mkdir(parents=True, exist_ok=True)
        working = out.with_name(f"{out.name}.unfinished")
        with zipfile.ZipFile(working, "w") as archive:
            for file in files:
                entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _DATE)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED, level)
        working.replace(out)
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:8]
    return Archive(out, out.stat().st_size, unpacked, tuple(largest))


def from_index(python: str, architecture: str) -> Gather:
    """Gather libraries with pip, as wheels for the Linux of Lambda."""
    if not all(part.isdecimal() for part in python.split(".")) or python.count(".") != 1:
        raise UsageError(f"--python {python}: should be a version such as 3.13")
    platforms = [f"--platform=manylinux_{glibc}_{_ARCHITECTURES[architecture]}" for glibc in _GLIBC]

    def gather(names: Sequence[str], folder: Path) -> None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--only-binary=:all:"]
        target = [f"--target={folder}", f"--python-version={python}", "--implementation=cp", *platforms]
        ended = subprocess.run([*pip, *target, "--constraint", str(CONF / "constraints.txt"), *names], check=False)
        if ended.returncode:
            raise SoundlakeError(f"pip could not gather {', '.join(names)} for Python {python} on {architecture}")
        shutil.rmtree(folder / "bin", ignore_errors=True)  # commands: nobody can call them there

    return gather


def _copy(root: Path, names: Sequence[str], target: Path) -> None:
    target.mkdir()
    for name in names:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target / name)


def _sizes(folder: Path, files: Sequence[Path]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for file in files:
        top = file.relative_to(folder).parts[0]
        sizes[top] = sizes.get(top, 0) + file.stat().st_size
    return sizes


if __name__ == "__main__":
    main()
