"""Conditional commits are refused in one line where this machine or the Spark line cannot make them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from soundlake.errors import UsageError
from soundlake.launch.log_store import SOURCE, check
from soundlake.launch.versions import choose_spark_line
from soundlake.s3 import LOG_STORE, spark_conf
from soundlake.settings import load_settings


def test_the_other_line_has_a_file_system_that_is_too_old() -> None:
    with pytest.raises(UsageError, match=r"^s3\.conditional_commits: Spark 3\.5 has hadoop-aws 3\.3\.\d, "):
        check(choose_spark_line("3.5"), os.environ)


@pytest.mark.parametrize("variable", ["JAVA_HOME", "PATH"])
def test_without_a_jdk_it_says_that_one_is_needed(tmp_path: Path, variable: str) -> None:
    line = replace(choose_spark_line("4.1"), name="without", is_default=False)
    with pytest.raises(UsageError, match=r"^s3\.conditional_commits: no javac in .*needs a JDK"):
        check(line, {variable: str(tmp_path)})


@pytest.mark.parametrize("asked", [True, False])
def test_delta_is_told_of_the_log_store_where_it_is_asked_for(asked: bool) -> None:
    settings = load_settings(sets=[f"s3.conditional_commits={asked}"], lake="s3://lake/lake", env={})
    assert (spark_conf(settings).get("spark.delta.logStore.s3a.impl") == LOG_STORE) is asked


def test_the_class_is_the_one_that_the_source_declares() -> None:
    package, _, name = LOG_STORE.rpartition(".")
    text = SOURCE.read_text(encoding="utf-8")
    assert f"package {package};" in text
    assert f"class {name} " in text
