"""Put each fault of mutants.toml into a copy of the code, and tell whether its tests fail, as they should.

docs/mutants.md keeps what came of each, and when. A run of some replaces their lines and leaves the others.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("mutants.toml")
DOCS = ROOT / "docs" / "mutants.md"
COPIED = ("lib", "tests", "jobs", "conf", "sample", "docs", "pyproject.toml")
PATIENCE_SECONDS = 1_800
PYTEST_FAILED = 1  # its exit code when a test failed; all others say that they could not run
HEAD = """# Mutants

Each line is a fault that was put into a copy of the code, alone. It is killed where a test fails, and survives where
none does; the day says when that was tried last. The list is `tests/mutants/mutants.toml`, which names the tests that
have to notice, all of them tests of `make test`. `make mutants` tries all of it and writes this page.
"""
KILLED, SURVIVED, UNTRIED = "killed", "**survived**", "not tried yet"


@dataclass(frozen=True)
class Mutant:
    """A fault: a text of a file of lib/soundlake is replaced by another one, and test files have to notice."""

    fault: str
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]
    spark: bool = False

    @classmethod
    def read(cls, entry: dict[str, object]) -> Mutant:
        tests = entry.pop("tests")
        assert isinstance(tests, list)
        return cls(tests=tuple(tests), **entry)  # type: ignore[arg-type]


def mutants() -> list[Mutant]:
    return [Mutant.read(entry) for entry in tomllib.loads(LIST.read_text(encoding="utf-8"))["mutant"]]


def check(found: list[Mutant]) -> None:
    """End the program, with what is wrong, where the text of a mutant does not stand once in its file."""
    wrong = [
        f"{mutant.file}: {count} times, not once: {mutant.find!r}"
        for mutant in found
        if (count := _source(ROOT, mutant).read_text(encoding="utf-8").count(mutant.find)) != 1
    ]
    if wrong:
        sys.exit("\n".join([f"{LIST.relative_to(ROOT)} does not fit the code any more:", *wrong]))


def _source(root: Path, mutant: Mutant) -> Path:
    return root / "lib" / "soundlake" / mutant.file


@contextmanager
def scratch() -> Iterator[Path]:
    """A copy of what tests need."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, Path(folder) / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, Path(folder) / name)
        yield Path(folder)


def failed(copy: Path, tests: tuple[str, ...]) -> str:
    """What pytest says of the first test of some files that fails in a copy, "" where none does.

    Ends the program where they cannot be run.
    """
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "not slow and not faults",
        "-o",
        "timeout=0",  # a machine that is busy kills no mutant
        *(f"tests/{file}" for file in tests),
    ]
    # Compiled modules are told apart by time and size, which a mutant may share with the one before.
    environment = {**os.environ, "PYTHONPATH": str(copy / "lib"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    if done.returncode not in (0, PYTEST_FAILED):
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
    return done.stdout if done.returncode == PYTEST_FAILED else ""


def is_killed(copy: Path, mutant: Mutant) -> bool:
    file = _source(copy, mutant)
    sound = file.read_text(encoding="utf-8")
    file.write_text(sound.replace(mutant.find, mutant.replace), encoding="utf-8")
    try:
        return failed(copy, mutant.tests) != ""
    finally:
        file.write_text(sound, encoding="utf-8")


def results() -> dict[str, str]:
    """What docs/mutants.md says of each fault."""
    lines = DOCS.read_text(encoding="utf-8").splitlines() if DOCS.exists() else []
    return dict(re.findall(r"^\| (.+?) \| `.* \| (.+) \|$", "\n".join(lines), re.MULTILINE))


def page(everything: list[Mutant], found: dict[str, str]) -> str:
    """What docs/mutants.md is to say."""
    killed = sum(found.get(mutant.fault, UNTRIED).startswith(KILLED) for mutant in everything)
    lines = [
        HEAD,
        f"{killed} of {len(everything)} are killed. {sum(mutant.spark for mutant in everything)} need Spark.",
        "",
        "| fault | in | noticed by | |",
        "|---|---|---|---|",
    ]
    for mutant in everything:
        tests = ", ".join(f"`{Path(test.partition('::')[0]).stem}`" for test in mutant.tests)
        lines.append(f"| {mutant.fault} | `{mutant.file}` | {tests} | {found.get(mutant.fault, UNTRIED)} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="TEXT", help="those with this text in file or fault")
    parser.add_argument("--no-spark", action="store_true", help="leave out those whose tests need Spark")
    parser.add_argument("--spark", action="store_true", help="only those whose tests need Spark")
    parser.add_argument("--rest", action="store_true", help="only those that were not killed so far")
    options = parser.parse_args()
    everything = mutants()
    found = results()
    chosen = [
        mutant
        for mutant in everything
        if options.only in f"{mutant.file} {mutant.fault}"
        and not (options.no_spark and mutant.spark)
        and not (options.spark and not mutant.spark)
        and not (options.rest and found.get(mutant.fault, UNTRIED).startswith(KILLED))
    ]
    check(chosen)
    killed = 0
    with scratch() as copy:
        if chosen and (said := failed(copy, tuple(sorted({file for mutant in chosen for file in mutant.tests})))):
            sys.exit(f"{said[-4000:]}\nthe tests fail without any mutant")
        for mutant in chosen:
            state = KILLED if is_killed(copy, mutant) else SURVIVED
            killed += state == KILLED
            found = results() | {
                mutant.fault: f"{state}, {datetime.now(UTC):%Y-%m-%d}"
            }  # another run may have added some
            DOCS.write_text(page(everything, found), encoding="utf-8")
            print(f"{state:12}  {mutant.file}: {mutant.fault}", flush=True)
    print(f"{killed} of {len(chosen)} killed")
    return 0 if killed == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
