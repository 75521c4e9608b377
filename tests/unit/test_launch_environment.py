"""When the environment is made, renewed and left alone."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from soundlake.errors import SoundlakeError, UsageError
from soundlake.launch import class_archive, environment, jars, versions
from soundlake.launch.environment import find_python, interpreter, prepare
from soundlake.launch.java import Java
from soundlake.launch.paths import ROOT
from soundlake.launch.steps import Steps
from soundlake.launch.versions import SparkLine, choose_spark_line

JAVA = Java(Path("/usr/bin/java"), 17, "PATH", "17.0.1")


class Installation:
    """Stands for pip, Ivy and the first start of Spark: counts what was asked for."""

    def __init__(self) -> None:
        self.made: list[Path] = []
        self.recorded = 0
        self.installed: list[list[str]] = []
        self.fails = False

    def make(self, line: SparkLine, python: Path) -> None:
        self.made.append(python)
        interpreter(line).parent.mkdir(parents=True, exist_ok=True)
        interpreter(line).touch()

    def install(self, line: SparkLine, extras: list[str], steps: Steps) -> None:
        self.installed.append(extras)
        if self.fails:
            raise SoundlakeError("no network")

    def record(self, line: SparkLine, steps: Steps) -> None:
        self.recorded += 1


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\nname = "one"\n')
    installation = Installation()
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(versions, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "PROJECT", project)
    monkeypatch.setattr(environment, "_make", installation.make)
    monkeypatch.setattr(environment, "_install", installation.install)
    monkeypatch.setattr(jars, "fetch", lambda line, steps: None)
    monkeypatch.setattr(class_archive, "record", installation.record)
    return installation


def test_an_environment_is_made_once(installation: Installation) -> None:
    prepare(choose_spark_line(), JAVA)
    prepare(choose_spark_line(), JAVA)
    assert len(installation.made) == 1
    assert installation.installed == [[]]


def test_an_environment_is_renewed_when_what_it_is_made_from_changes(
    installation: Installation, tmp_path: Path
) -> None:
    prepare(choose_spark_line(), JAVA)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "two"\n')
    prepare(choose_spark_line(), JAVA)
    assert len(installation.made) == 1
    assert len(installation.installed) == 2


def test_the_classes_of_spark_are_recorded_once(installation: Installation, tmp_path: Path) -> None:
    for _ in range(2):
        prepare(choose_spark_line(), JAVA)
    assert installation.recorded == 1
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "two"\n')
    prepare(choose_spark_line(), JAVA)
    assert installation.recorded == 2


def test_the_classes_of_another_java_are_recorded_where_the_set_up_is_asked_for(installation: Installation) -> None:
    updated = dataclasses.replace(JAVA, build="17.0.2")
    prepare(choose_spark_line(), JAVA)
    prepare(choose_spark_line(), updated)
    assert installation.recorded == 1
    for _ in range(2):
        prepare(choose_spark_line(), updated, is_asked=True)
    assert installation.recorded == 2
    assert len(installation.installed) == 1


def test_more_tools_are_no_reason_to_record_again(installation: Installation) -> None:
    prepare(choose_spark_line(), JAVA)
    prepare(choose_spark_line(), JAVA, with_dev=True, is_asked=True)
    assert installation.recorded == 1


@pytest.mark.parametrize("program", ["raise SystemExit(1)", "pass"], ids=["fails", "writes nothing"])
def test_a_recording_that_fails_is_said_and_leaves_the_archive(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(versions, "ROOT", tmp_path)
    line = choose_spark_line()
    interpreter(line).parent.mkdir(parents=True)
    interpreter(line).write_text(f"#!{sys.executable}\n{program}\n")
    interpreter(line).chmod(0o755)
    line.class_archive.write_text("earlier")
    class_archive.record(line, Steps(tmp_path / "setup.log"))
    assert "each start of it takes some seconds more" in capsys.readouterr().err
    assert line.class_archive.read_text() == "earlier"


def test_an_environment_stays_when_only_linters_and_tests_are_told_something_else(
    installation: Installation, tmp_path: Path
) -> None:
    prepare(choose_spark_line(), JAVA)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "one"\n[tool.ruff]\nline-length = 100\n')
    prepare(choose_spark_line(), JAVA)
    assert installation.installed == [[]]


def test_an_interrupted_installation_is_done_again(installation: Installation) -> None:
    installation.fails = True
    with pytest.raises(SoundlakeError):
        prepare(choose_spark_line(), JAVA)
    installation.fails = False
    prepare(choose_spark_line(), JAVA)
    assert len(installation.made) == 2


def test_an_environment_whose_renewal_was_interrupted_is_made_anew(installation: Installation, tmp_path: Path) -> None:
    prepare(choose_spark_line(), JAVA)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "two"\n')
    installation.fails = True
    with pytest.raises(SoundlakeError):
        prepare(choose_spark_line(), JAVA)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "one"\n')
    installation.fails = False
    prepare(choose_spark_line(), JAVA)
    assert len(installation.made) == 2


def test_a_checkout_that_was_moved_gets_a_new_environment(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(choose_spark_line(), JAVA)
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    monkeypatch.setattr(environment, "ROOT", moved)
    monkeypatch.setattr(versions, "ROOT", moved)
    monkeypatch.setattr(environment, "PROJECT", moved / "pyproject.toml")
    prepare(choose_spark_line(), JAVA)
    assert len(installation.made) == 2


def test_the_tools_of_developers_are_added_and_stay(installation: Installation, tmp_path: Path) -> None:
    prepare(choose_spark_line(), JAVA)
    prepare(choose_spark_line(), JAVA, with_dev=True)
    prepare(choose_spark_line(), JAVA)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "two"\n')
    prepare(choose_spark_line(), JAVA)
    assert installation.installed == [[], ["dev"], ["dev"]]


def test_a_checkout_that_cannot_be_written_is_wrong_usage(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "ROOT", Path("/proc"))
    with pytest.raises(UsageError, match="^cannot write to"):
        prepare(choose_spark_line(), JAVA)


def test_this_python_is_taken_where_it_fits() -> None:
    version = "{}.{}".format(*sys.version_info)
    assert find_python((version,)) == Path(sys.executable)


def test_a_python_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match=r"^Python 3\.99 is needed and not on the PATH \(Debian"):
        find_python(("3.99",))


def test_a_step_that_fails_shows_the_end_of_its_output(tmp_path: Path) -> None:
    steps = Steps(tmp_path / "log")
    with pytest.raises(SoundlakeError, match=r"(?s)^counting failed;.*\n4\n5\n6\n7\n8$"):
        steps.run("counting", ["sh", "-c", "for i in 1 2 3 4 5 6 7 8; do echo $i; done; exit 3"])


def test_a_step_that_takes_long_gives_signs_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []

    def end_the_step_when_told(line: str) -> None:
        said.append(line)
        if line.endswith("s: half of it"):
            (tmp_path / "go on").touch()

    monkeypatch.setattr("soundlake.launch.steps.SIGN_OF_LIFE_SECONDS", 0.05)
    monkeypatch.setattr("soundlake.launch.steps.say", end_the_step_when_told)
    work = 'echo half of it; until [ -e "$0" ]; do :; done'
    Steps(tmp_path / "log").run("working", ["sh", "-c", work, str(tmp_path / "go on")])
    assert said[0] == "working ..."
    assert said[-1].endswith("s: half of it")


def test_jars_are_fetched_once_for_the_same_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "ROOT", tmp_path)
    line = choose_spark_line()
    spark = line.environment / "lib" / "python3.11" / "site-packages" / "pyspark"
    (spark / "jars").mkdir(parents=True)
    (spark / "jars" / "slf4j-api-2.0.jar").touch()
    fetched: list[list[str]] = []

    class Ivy(Steps):
        def run(self, name: str, command: list[str], env: object = None) -> None:  # type: ignore[override]
            fetched.append(command)
            folder = line.environment / "ivy-jars" / "jars"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "io.delta_delta-spark_4.1_2.13-4.2.0.jar").touch()
            (folder / "org.slf4j_slf4j-api-2.0.jar").touch()

    for _ in range(2):
        jars.fetch(line, Ivy(tmp_path / "log"))
    assert len(fetched) == len(line.packages)
    assert [jar.name for jar in line.jars.glob("*.jar")] == ["io.delta_delta-spark_4.1_2.13-4.2.0.jar"]
    fetched.clear()
    other = dataclasses.replace(line, packages=("a:b:1", "a:c:2"))
    jars.fetch(other, Ivy(tmp_path / "log"))
    jars.fetch(dataclasses.replace(other, provided=("d:*",)), Ivy(tmp_path / "log"))
    asked = [command[command.index("--packages") + 1] for command in fetched]
    left_out = [command[command.index("--exclude-packages") + 1].split(",") for command in fetched]
    assert asked == ["a:b:1", "a:c:2"] * 2
    assert left_out[2:] == [["d:*", "a:c"], ["d:*", "a:b"]]


def test_the_launcher_needs_nothing_installed() -> None:
    bare = "import sys; sys.path.insert(0, sys.argv[1]); import soundlake.launch.bootstrap"
    lib = str(Path(environment.__file__).parents[2])
    done = subprocess.run([sys.executable, "-I", "-S", "-c", bare, lib], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def launched(*argv: str) -> str:
    """What the launcher prints, in a Python that has nothing but the standard library."""
    command = [sys.executable, "-S", "-c", "from soundlake.launch.bootstrap import main; main()", *argv]
    env = {"PYTHONPATH": str(ROOT / "lib")}
    return subprocess.run(command, capture_output=True, text=True, env=env, check=True).stdout


def test_the_launcher_tells_its_version_before_anything_is_installed() -> None:
    assert launched("--version") == f"soundlake {version('soundlake')}\n"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_jobs_and_options() -> None:
    rule = launched("--completion").removeprefix("complete").removesuffix("spark-submit.sh\n")
    for begun, meant in (("tra", "train_clusters"), ("--onc", "--once")):
        done = subprocess.run(["bash", "-c", f"compgen {rule} -- {begun}"], capture_output=True, text=True)
        assert done.stdout.split() == [meant]
