"""Put each fault of mutants.toml into a copy of the code, and tell whether its tests fail, as they should.

What came of each is kept in build/mutants.json, from which docs/mutants.md is written.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("mutants.toml")
DOCS = ROOT / "docs" / "mutants.md"
KEPT = ROOT / "build" / "mutants.json"
COPIED = ("lib", "tests", "jobs", "conf", "sample", "pyproject.toml")
PATIENCE_SECONDS = 1_800
PYTEST_FAILED = 1  # its exit code when a test failed; all others say that they could not run
HEAD = """# Mutants

Each line is a fault that was put into a copy of the code, alone. It is killed where a test fails, and survives where
none does. The list is `tests/mutants/mutants.toml`, which names the tests that have to notice; `make mutants` tries
all of it and writes this page.
"""


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


def fails(copy: Path, tests: tuple[str, ...]) -> bool:
    """Whether a test of some files fails in a copy; ends the program where they cannot be run."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        *(f"tests/{file}" for file in tests),
    ]
    # Compiled modules are told apart by time and size, which a mutant may share with the one before.
    environment = {**os.environ, "PYTHONPATH": str(copy / "lib"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    if done.returncode not in (0, PYTEST_FAILED):
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
    return done.returncode == PYTEST_FAILED


def is_killed(copy: Path, mutant: Mutant) -> bool:
    file = _source(copy, mutant)
    sound = file.read_text(encoding="utf-8")
    file.write_text(sound.replace(mutant.find, mutant.replace), encoding="utf-8")
    try:
        return fails(copy, mutant.tests)
    finally:
        file.write_text(sound, encoding="utf-8")


def results() -> dict[str, bool]:
    """Whether the mutants that were tried so far, by their faults, were killed."""
    kept: dict[str, bool] = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    return kept


def page(everything: list[Mutant], kept: dict[str, bool]) -> str:
    """What docs/mutants.md says."""
    killed = sum(kept.get(mutant.fault, False) for mutant in everything)
    lines = [
        HEAD,
        f"{killed} of {len(everything)} are killed. {sum(mutant.spark for mutant in everything)} need Spark.",
        "",
        "| fault | in | noticed by | |",
        "|---|---|---|---|",
    ]
    for mutant in everything:
        tests = ", ".join(f"`{Path(test.partition('::')[0]).stem}`" for test in mutant.tests)
        state = {True: "killed", False: "**survived**", None: "not tried yet"}[kept.get(mutant.fault)]
        lines.append(f"| {mutant.fault} | `{mutant.file}` | {tests} | {state} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="TEXT", help="those with this text in file or fault")
    parser.add_argument("--no-spark", action="store_true", help="leave out those whose tests need Spark")
    parser.add_argument("--spark", action="store_true", help="only those whose tests need Spark")
    parser.add_argument("--rest", action="store_true", help="only those that were not killed so far")
    options = parser.parse_args()
    everything = mutants()
    kept = results()
    chosen = [
        mutant
        for mutant in everything
        if options.only in f"{mutant.file} {mutant.fault}"
        and not (options.no_spark and mutant.spark)
        and not (options.spark and not mutant.spark)
        and not (options.rest and kept.get(mutant.fault))
    ]
    check(chosen)
    KEPT.parent.mkdir(exist_ok=True)
    with scratch() as copy:
        if chosen and fails(copy, tuple(sorted({file for mutant in chosen for file in mutant.tests}))):
            sys.exit("the tests fail without any mutant")
        for mutant in chosen:
            found = is_killed(copy, mutant)
            kept = results() | {mutant.fault: found}  # another run may have added some
            KEPT.write_text(json.dumps(kept, indent=1))
            print(f"{'killed  ' if found else 'SURVIVED'}  {mutant.file}: {mutant.fault}", flush=True)
    killed = sum(kept[mutant.fault] for mutant in chosen)
    print(f"{killed} of {len(chosen)} killed")
    DOCS.write_text(page(everything, kept), encoding="utf-8")
    return 0 if killed == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
