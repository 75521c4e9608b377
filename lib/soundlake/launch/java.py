"""The Java that Spark will start with, and whether it is one that Spark runs on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from soundlake.errors import UsageError

# Where systems and version managers keep their Javas; only looked at to tell what could be used.
USUAL_PLACES = (
    "/usr/lib/jvm/*",
    "/opt/java/*",
    "/opt/homebrew/opt/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
)


# Spark 4 starts with `--add-modules` of it; runtimes made by jlink may lack it.
NEEDED_MODULE = "jdk.incubator.vector"


@dataclass(frozen=True)
class Java:
    """A Java: its executable, its major version (17), how it was found, and what it says of its build."""

    executable: Path
    version: int
    found_by: str
    build: str


def check_java(supported: Iterable[int], env: Mapping[str, str] = os.environ) -> Java:
    """Return the Java that Spark takes: JAVA_HOME's, else the first on the PATH.

    Raises UsageError, in one line, when there is none, when it does not start, is cut down, or of another version.
    """
    versions = sorted(supported)
    java = find_java(versions, env)
    if java.version not in versions:
        trouble = "too old" if java.version < versions[0] else "too new" if java.version > versions[-1] else "not fit"
        raise UsageError(f"Java {java.version} is {trouble} ({java.found_by}: {java.executable}); {_advice(versions)}")
    if NEEDED_MODULE not in modules_of(java.executable, {NEEDED_MODULE}):
        raise UsageError(
            f"the Java found by {java.found_by} is incomplete, without the module {NEEDED_MODULE} that Spark needs: "
            f"{java.executable}; {_advice(versions)}"
        )
    return java


def modules_of(executable: Path, otherwise: set[str]) -> set[str]:
    """The modules that a Java says it consists of in its file `release`; `otherwise` where it says nothing."""
    try:
        text = (executable.resolve().parent.parent / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return otherwise
    found = re.search(r'^MODULES="([^"]*)"', text, re.MULTILINE)
    return set(found[1].split()) if found else otherwise


def find_java(supported: Iterable[int], env: Mapping[str, str] = os.environ) -> Java:
    """Find the Java that Spark would take, of whatever version; raises UsageError when none starts."""
    home = env.get("JAVA_HOME")
    if home:
        found_by, executable = "JAVA_HOME", shutil.which(Path(home) / "bin" / "java")
        missing = f"JAVA_HOME is {home}, where there is no bin/java"
    else:
        found_by, executable = "PATH", shutil.which("java", path=env.get("PATH", ""))
        missing = "there is no Java: JAVA_HOME is not set and the PATH has no java"
    if executable is None:
        raise UsageError(f"{missing}; {_advice(supported)}")
    told = _told(Path(executable), env)
    version = re.search(r'version "(?:1\.)?(\d+)', told)
    if version is None:
        raise UsageError(f"the java found by {found_by} does not start: {executable}; {_advice(supported)}")
    return Java(Path(executable), int(version[1]), found_by, told)


def _told(executable: Path, env: Mapping[str, str]) -> str:
    """What a java says of its version and build; nothing when it does not answer."""
    try:
        answer = subprocess.run(
            [executable, "-version"], env=env, capture_output=True, text=True, errors="replace", timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    told = (answer.stderr + answer.stdout).splitlines()
    return "\n".join(line for line in told if 'version "' in line or "(build " in line)


def _advice(supported: Iterable[int]) -> str:
    wanted = " or ".join(str(version) for version in sorted(supported))
    for home in _usual_homes(supported):
        return f"Java {wanted} is needed, and there is one: export JAVA_HOME={home}"
    remedy = "Debian, Ubuntu: apt install openjdk-17-jre-headless; macOS: brew install openjdk@17"
    return f"Java {wanted} is needed, on the PATH or in JAVA_HOME ({remedy}; others: https://adoptium.net)"


def _usual_homes(supported: Iterable[int]) -> list[Path]:
    homes = []
    for version in sorted(supported):
        for place in USUAL_PLACES:
            folder, _, rest = place.partition("*")
            for home in sorted(Path(folder).glob(f"*{rest}")):
                named = re.search(rf"(?<!\d){version}(?!\d)", str(home.relative_to(folder)))
                if named and (home / "bin" / "java").exists():
                    homes.append(home)
    return homes
