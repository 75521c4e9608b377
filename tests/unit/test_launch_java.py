"""Which Java is taken, and what is said of one that Spark does not run on."""

from __future__ import annotations

from pathlib import Path

import pytest

from soundlake.errors import UsageError
from soundlake.launch import java
from soundlake.launch.java import check_java, find_java

SUPPORTED = (17, 21)


@pytest.fixture(autouse=True)
def no_other_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "USUAL_PLACES", ())


def a_java(home: Path, version: str, exit_code: int = 0) -> Path:
    executable = home / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2026-01-01' >&2\nexit {exit_code}\n")
    executable.chmod(0o755)
    return home


@pytest.mark.parametrize(("text", "version"), [("17.0.15", 17), ("21", 21), ("21-ea", 21)])
def test_a_supported_java_is_taken(tmp_path: Path, text: str, version: int) -> None:
    assert check_java(SUPPORTED, {"JAVA_HOME": str(a_java(tmp_path, text))}).version == version


@pytest.mark.parametrize(("text", "said"), [("1.8.0_402", "Java 8 is too old"), ("11.0.2", "Java 11 is too old")])
def test_an_old_java_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=rf"^{said} \(JAVA_HOME: .*Java 17 or 21 is needed"):
        check_java(SUPPORTED, {"JAVA_HOME": str(a_java(tmp_path, text))})


def test_a_java_that_is_too_new_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="^Java 25 is too new"):
        check_java(SUPPORTED, {"JAVA_HOME": str(a_java(tmp_path, "25.0.1"))})


def test_a_java_between_the_supported_ones_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="^Java 19 is not fit"):
        check_java(SUPPORTED, {"JAVA_HOME": str(a_java(tmp_path, "19"))})


def test_java_home_goes_before_the_path_as_it_does_for_spark(tmp_path: Path) -> None:
    home, other = a_java(tmp_path / "home", "17"), a_java(tmp_path / "other", "21")
    env = {"JAVA_HOME": str(home), "PATH": str(other / "bin")}
    assert find_java(SUPPORTED, env).found_by == "JAVA_HOME"
    del env["JAVA_HOME"]
    assert find_java(SUPPORTED, env).version == 21


@pytest.mark.parametrize("env", [{"PATH": ""}, {"PATH": "/nowhere"}, {"JAVA_HOME": "/nowhere", "PATH": ""}])
def test_a_missing_java_is_one_line_that_says_how_to_get_one(env: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"apt install openjdk-17.*adoptium") as caught:
        check_java(SUPPORTED, env)
    assert len(caught.value.problems) == 1
    assert "\n" not in caught.value.problems[0]


def test_a_java_that_does_not_start_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not start"):
        check_java(SUPPORTED, {"JAVA_HOME": str(a_java(tmp_path, "17", exit_code=1))})


@pytest.mark.parametrize(("modules", "is_whole"), [("java.base java.sql", False), ("jdk.incubator.vector", True)])
def test_a_java_that_is_cut_down_is_refused(tmp_path: Path, modules: str, is_whole: bool) -> None:
    home = a_java(tmp_path, "17")
    (home / "release").write_text(f'JAVA_VERSION="17"\nMODULES="{modules}"\n')
    if is_whole:
        assert check_java(SUPPORTED, {"JAVA_HOME": str(home)}).version == 17
    else:
        with pytest.raises(UsageError, match=r"incomplete, without the module jdk\.incubator\.vector"):
            check_java(SUPPORTED, {"JAVA_HOME": str(home)})


def test_a_fitting_java_elsewhere_is_pointed_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_java(tmp_path / "jvm" / "temurin-17-jdk", "17")
    monkeypatch.setattr(java, "USUAL_PLACES", (f"{tmp_path}/jvm/*",))
    with pytest.raises(UsageError, match=rf"export JAVA_HOME={tmp_path}/jvm/temurin-17-jdk$"):
        check_java(SUPPORTED, {"PATH": ""})
