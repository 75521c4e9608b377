"""What the launcher packs for AWS is enough: the jobs start with it, and with nothing of this checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from helpers.services.packed import bare, code, environment
from soundlake.launch.aws import packages
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.paths import ROOT
from soundlake.launch.platforms import platform_of

pytestmark = pytest.mark.slow

GLUE = platform_of("glue")


def test_equal_sources_make_an_equal_wheel(tmp_path: Path) -> None:
    assert packages.build_wheel(tmp_path).read_bytes() == code().read_bytes()


def test_the_wheel_has_the_package_whole_and_neither_spark_nor_delta() -> None:
    names = zipfile.ZipFile(code()).namelist()
    package = ROOT / "lib" / "soundlake"
    wanted = {
        f"soundlake/{file.relative_to(package)}"
        for pattern in ("*.py", "*.sql", "*.toml", "py.typed")
        for file in package.rglob(pattern)
    }
    assert wanted - set(names) == set()
    assert [name for name in names if not name.startswith("soundlake")] == []


def test_the_environment_runs_the_platforms_python_with_the_libraries_it_brings() -> None:
    told = "import sys, pyarrow, pydantic, delta; print(sys.version_info[:2], pyarrow.__file__, delta.__file__)"
    command = [str(environment() / "bin" / "python"), "-c", told]
    done = subprocess.run(command, env=bare(), capture_output=True, text=True, cwd=environment().parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(3, 11)")
    assert done.stdout.count(str(environment() / "lib")) == 2


@pytest.mark.parametrize("job", list(REGISTRY))
def test_every_job_imports_and_prints_its_help_there(job: str) -> None:
    variables = bare()
    variables["PYTHONPATH"] = os.pathsep.join([str(code()), variables["PYTHONPATH"]])
    command = [str(environment() / "bin" / "python"), str(REGISTRY[job].file), "--help"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, cwd=environment().parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: {job}.py")


def test_the_wheels_for_glue_are_its_pythons_and_lack_nothing(tmp_path: Path) -> None:
    packed = packages.wheels_archive(tmp_path / "libraries.gluewheels.zip", GLUE.python, "x86_64")
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path)
    tag = f"cp{GLUE.python.replace('.', '')}"
    for wheel in (tmp_path / "wheels").glob("*.whl"):
        assert re.search(rf"-(py2\.py3|py3|{tag}|cp3\d+-abi3)-", wheel.name), wheel.name
    requirements = tmp_path / "wheels" / "requirements.txt"
    offline = ["--no-index", f"--find-links={tmp_path / 'wheels'}", "--only-binary=:all:", f"--target={tmp_path / 'x'}"]
    python = [f"--python-version={GLUE.python}", "--implementation=cp", "--platform=manylinux_2_34_x86_64"]
    python += ["--platform=manylinux_2_28_x86_64", "--platform=manylinux_2_17_x86_64"]
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--quiet",
        *offline,
        *python,
        "-r",
        str(requirements),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
