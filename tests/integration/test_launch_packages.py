"""What the launcher packs for AWS is enough: the jobs start with it, and with nothing of this checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from soundlake.launch.aws import packages
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.local import spark_environment
from soundlake.launch.platforms import platform_of
from soundlake.launch.versions import choose_line

PLATFORM = platform_of("emr-serverless")
GLUE = platform_of("glue")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packages.build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def code(wheel: Path) -> Path:
    """The wheel as Spark takes it."""
    return wheel.rename(wheel.with_suffix(".zip"))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("environment") / "environment.tar.gz"
    return packages.environment_archive(out, PLATFORM.python, "x86_64", choose_line().delta)


@pytest.fixture(scope="module")
def environment(archive: Path) -> Path:
    folder = archive.parent / "unpacked" / "environment"
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="tar")
    return folder


def bare() -> dict[str, str]:
    """The variables of a machine that has a Spark, and nothing of ours."""
    spark = Path(spark_environment(cores=1)["SPARK_HOME"])
    python = [str(path) for path in (spark / "python" / "lib").glob("*.zip")]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SPARK", "VIRTUAL"))}
    return {**own, "SPARK_HOME": str(spark), "PYTHONPATH": os.pathsep.join(python)}


def test_equal_sources_make_an_equal_wheel(wheel: Path, code: Path, tmp_path: Path) -> None:
    assert packages.build_wheel(tmp_path).read_bytes() == code.read_bytes()


def test_the_wheel_has_the_package_whole_and_neither_spark_nor_delta(code: Path) -> None:
    names = zipfile.ZipFile(code).namelist()
    package = Path(packages.ROOT) / "lib" / "soundlake"
    wanted = {
        f"soundlake/{file.relative_to(package)}"
        for pattern in ("*.py", "*.sql", "*.toml", "py.typed")
        for file in package.rglob(pattern)
    }
    assert wanted - set(names) == set()
    assert [name for name in names if not name.startswith("soundlake")] == []


def test_the_environment_runs_the_platforms_python_with_the_libraries_it_brings(environment: Path) -> None:
    told = "import sys, pyarrow, pydantic, delta; print(sys.version_info[:2], pyarrow.__file__, delta.__file__)"
    command = [str(environment / "bin" / "python"), "-c", told]
    done = subprocess.run(command, env=bare(), capture_output=True, text=True, cwd=environment.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(3, 11)")
    assert done.stdout.count(str(environment / "lib")) == 2


@pytest.mark.parametrize("job", list(REGISTRY))
def test_every_job_imports_and_prints_its_help_there(job: str, environment: Path, code: Path) -> None:
    variables = bare()
    variables["PYTHONPATH"] = os.pathsep.join([str(code), variables["PYTHONPATH"]])
    command = [str(environment / "bin" / "python"), str(REGISTRY[job].file), "--help"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, cwd=environment.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: {job}.py")


def test_the_wheels_for_glue_are_its_pythons_and_lack_nothing(tmp_path: Path) -> None:
    packed = packages.wheels_archive(tmp_path / "libraries.gluewheels.zip", GLUE.python, "x86_64")
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path)  # noqa: S202 - our own
    tag = f"cp{GLUE.python.replace('.', '')}"
    for wheel in (tmp_path / "wheels").glob("*.whl"):
        assert re.search(rf"-(py2\.py3|py3|{tag}|cp3\d+-abi3)-", wheel.name), wheel.name
    requirements = tmp_path / "wheels" / "requirements.txt"
    offline = ["--no-index", f"--find-links={tmp_path / 'wheels'}", "--only-binary=:all:", f"--target={tmp_path / 'x'}"]
    python = [f"--python-version={GLUE.python}", "--implementation=cp", "--platform=manylinux_2_34_x86_64"]
    python += ["--platform=manylinux_2_28_x86_64", "--platform=manylinux_2_17_x86_64"]
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", *offline, *python, "-r", requirements]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
