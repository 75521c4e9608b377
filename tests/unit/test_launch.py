"""What a user relies on when starting a job: the command line, and what happens before Spark starts."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from soundlake.errors import SoundlakeError, UsageError
from soundlake.launch import local
from soundlake.launch.arguments import JobArguments, parse
from soundlake.launch.command_line import as_argv, read_command_line
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.main import launch, run_job
from soundlake.launch.paths import SAMPLE
from soundlake.launch.versions import choose_spark_line, read_lines

NO_ENV: dict[str, str] = {}


def problems_of(*argv: str) -> list[str]:
    with pytest.raises(UsageError) as caught:
        read_command_line(argv)
    return list(caught.value.problems)


def test_every_job_has_its_script() -> None:
    assert [job.name for job in REGISTRY.values() if not job.file.is_file()] == []


def test_an_unknown_job_is_told_the_known_ones() -> None:
    (problem,) = problems_of("train_cluster")
    assert problem.startswith("unknown job 'train_cluster': did you mean train_clusters?")
    assert "demo, stream" in problem


def test_no_job_at_all_is_wrong_usage() -> None:
    (problem,) = problems_of()
    assert problem.startswith("which job?")


def test_every_unknown_option_has_its_line() -> None:
    assert problems_of("stream", "--onec", "--lakes", "x") == [
        "unknown option --onec; did you mean --once?",
        "unknown option --lakes; did you mean --lake?",
    ]


def test_an_option_is_not_abbreviated() -> None:
    assert problems_of("stream", "--sour", "files") == ["unknown option --sour; did you mean --source?"]


@pytest.mark.parametrize("words", [["--sets=source.kafka.options.x=hunter2"], ["source.kafka.options.x=hunter2"]])
def test_a_secret_after_a_mistyped_option_is_not_repeated(words: list[str]) -> None:
    (problem,) = problems_of("stream", *words)
    assert "hunter2" not in problem


def test_a_second_job_is_unexpected() -> None:
    assert problems_of("stream", "demo") == ["unexpected argument 'demo'"]


def test_an_option_without_its_value_is_one_line() -> None:
    assert problems_of("stream", "--config") == ["argument --config: expected one argument"]


def test_options_of_stream_are_refused_elsewhere() -> None:
    assert problems_of("demo", "--once", "--source", "files") == [
        "--source is no option of demo",
        "--once is no option of demo",
    ]


def test_a_target_that_is_not_there_is_refused() -> None:
    (problem,) = problems_of("--target", "moon", "demo")
    assert problem.startswith("--target moon: not known")


def test_options_may_stand_before_and_after_the_job() -> None:
    job, options = read_command_line(["--lake", "demo", "--spark", "3.5", "stream", "--once"])
    assert job.name == "stream"
    assert as_argv(options) == ["--lake=demo", "--once"]


def test_a_job_is_given_what_the_launcher_was_given(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text("[train]\nk = 5\n")
    argv = ["stream", "--config", str(tmp_path / "s.toml"), "--set", "train.seed=1", "--set", "train.max_iter=2"]
    argv += ["--lake", str(tmp_path / "lake"), "--source", "kafka", "--once"]
    argv += ["--set", "source.kafka.bootstrap_servers=localhost:1"]
    _, options = read_command_line(argv)
    arguments = parse("stream", as_argv(options), NO_ENV)
    assert arguments.once
    assert arguments.settings.source.type == "kafka"
    assert (arguments.settings.train.k, arguments.settings.train.seed, arguments.settings.train.max_iter) == (5, 1, 2)
    assert arguments.settings.lake.uri == str(tmp_path / "lake")


def test_demo_reads_the_bundled_records_unless_told_otherwise(tmp_path: Path) -> None:
    lake = ["--lake", str(tmp_path / "lake")]
    assert parse("demo", lake, NO_ENV).settings.source.files.path == str(SAMPLE)
    told = parse("demo", [*lake, "--set", f"source.files.path={tmp_path}"], NO_ENV)
    assert told.settings.source.files.path == str(tmp_path)


def test_demo_reads_files_only(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="demo reads the bundled files, not kafka"):
        parse("demo", ["--lake", str(tmp_path)], {"SOUNDLAKE_SOURCE__TYPE": "kafka"})


def test_stream_needs_to_know_where_records_come_from(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^source\.files\.path: needed"):
        parse("stream", ["--lake", str(tmp_path)], NO_ENV)


@pytest.mark.parametrize("job", ["train_clusters", "build_insights", "maintain"])
def test_jobs_that_work_on_a_lake_need_one(job: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no lake at"):
        parse(job, ["--lake", str(tmp_path / "lake")], NO_ENV)
    assert not (tmp_path / "lake").exists()


def test_wrong_usage_exits_2_with_its_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        launch(["demo", "--set", "train.k=0", "--set", "no.such=1"], NO_ENV)
    assert ended.value.code == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.splitlines() == [
        "soundlake: --set train.k=0: should be greater than or equal to 2",
        "soundlake: --set no.such=…: unknown key",
    ]


def test_the_launcher_becomes_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *call: became.append(call))
    monkeypatch.setattr(local, "spark_environment", lambda **asked: {"PYSPARK_PYTHON": "this"})
    launch(["demo", "--lake", str(tmp_path)], {"KEPT": "yes", "PYSPARK_PYTHON": "another"})
    ((python, command, env),) = became
    assert command == [python, str(REGISTRY["demo"].file), f"--lake={tmp_path}"]
    assert env == {"KEPT": "yes", "PYSPARK_PYTHON": "this"}


def test_a_job_that_is_done_just_ends(tmp_path: Path) -> None:
    seen: list[JobArguments] = []
    run_job("demo", seen.append, ["--lake", str(tmp_path)])
    assert seen[0].settings.lake.uri == str(tmp_path)


def test_a_job_that_fails_exits_1_with_its_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_: JobArguments) -> None:
        raise SoundlakeError("the broker is gone")

    with pytest.raises(SystemExit) as ended:
        run_job("demo", fail, ["--lake", str(tmp_path)])
    assert ended.value.code == 1
    assert capsys.readouterr().err == "soundlake: the broker is gone\n"


def test_a_job_started_wrongly_exits_2_before_it_runs(tmp_path: Path) -> None:
    def never(_: JobArguments) -> None:
        raise AssertionError

    with pytest.raises(SystemExit) as ended:
        run_job("demo", never, ["--lake", str(tmp_path), "--nonsense"])
    assert ended.value.code == 2


def test_an_error_nobody_foresaw_is_not_hidden(tmp_path: Path) -> None:
    def crash(_: JobArguments) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_job("demo", crash, ["--lake", str(tmp_path)])


@pytest.fixture
def jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "a folder" / "jars"
    folder.mkdir(parents=True)
    (folder / "delta.jar").touch()
    monkeypatch.setattr(local, "JARS", folder)
    return folder


def test_spark_gets_the_jars_whatever_the_folder_is_called(jars: Path) -> None:
    assert f"spark.driver.extraClassPath={jars}/*" in shlex.split(local.submit_args())


def test_spark_uses_the_cores_it_is_told_and_all_otherwise(jars: Path) -> None:
    assert shlex.split(local.submit_args(cores=3))[:2] == ["--master", "local[3]"]
    assert shlex.split(local.submit_args())[:2] == ["--master", f"local[{os.cpu_count()}]"]
    assert "spark.sql.shuffle.partitions=3" in shlex.split(local.submit_args(cores=3))


def test_java_takes_the_archived_classes_that_are_there(jars: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = jars.with_name("classes.jsa")
    monkeypatch.setattr(local, "CLASSES", archive)
    option = f"-XX:SharedArchiveFile={archive}"
    assert option not in java_options()
    archive.touch()
    assert option in java_options()


def test_the_jars_for_a_lake_on_s3_come_last_on_the_class_path(jars: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_DIST_CLASSPATH", "/mine/*")
    assert local.spark_environment(with_s3=True)["SPARK_DIST_CLASSPATH"] == f"{local.S3_JARS}/*:/mine/*"
    assert "SPARK_DIST_CLASSPATH" not in local.spark_environment()


def test_java_records_its_classes_where_it_is_told(jars: Path) -> None:
    options = java_options(recorded_in=jars / "new.jsa")
    assert f"-XX:ArchiveClassesAtExit={jars / 'new.jsa'}" in options
    assert not any("SharedArchiveFile" in option for option in options)


def java_options(**asked: Any) -> list[str]:
    told = dict(one.split("=", 1) for one in shlex.split(local.submit_args(**asked)) if "=" in one)
    return shlex.split(told["spark.driver.extraJavaOptions"])


def test_spark_takes_part_of_the_memory_unless_told(jars: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPARK_DRIVER_MEMORY", raising=False)
    arguments = shlex.split(local.submit_args())
    assert arguments[arguments.index("--driver-memory") + 1] in {f"{size}g" for size in range(1, 9)}
    monkeypatch.setenv("SPARK_DRIVER_MEMORY", "3g")
    assert "--driver-memory" not in shlex.split(local.submit_args())


def test_missing_jars_are_said_before_spark_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "JARS", tmp_path)
    with pytest.raises(UsageError, match=r"run \./spark-submit\.sh --setup"):
        local.submit_args()


def test_spark_is_the_one_of_this_environment(jars: Path) -> None:
    env = local.spark_environment()
    assert (Path(env["SPARK_HOME"]) / "bin" / "spark-submit").exists()
    told = re.search(r"-Dlog4j2.configurationFile=(\S+)", env["PYSPARK_SUBMIT_ARGS"])
    assert told
    assert Path(told[1]).exists()
    assert Path(env["PYSPARK_PYTHON"]).exists()


def test_one_line_is_the_default_and_names_fitting_packages() -> None:
    line = choose_spark_line()
    assert line.requirements == (f"pyspark=={line.spark}", f"delta-spark=={line.delta}")
    assert f"io.delta:delta-spark_{line.name}_{line.scala}:{line.delta}" in line.packages
    assert line.environment.name == ".venv"


def test_the_other_line_lives_beside_the_default_one() -> None:
    line = choose_spark_line("3.5")
    assert line.environment.name == ".venv-3.5"
    assert line.python == ("3.11",)
    assert line.packages == (
        f"io.delta:delta-spark_2.12:{line.delta}",
        f"org.apache.spark:spark-sql-kafka-0-10_2.12:{line.spark}",
    )


def test_a_line_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match=f"no such Spark line; the lines are {', '.join(read_lines())}"):
        choose_spark_line("2.4")


def test_exports_may_stand_before_and_behind_options(tmp_path: Path) -> None:
    one, two = tmp_path / "a.zip", tmp_path / "folder"
    one.touch()
    two.mkdir()
    _, options = read_command_line(["history", str(one), "--lake", str(tmp_path / "lake"), str(two), "--user", "ana"])
    arguments = parse("history", as_argv(options), NO_ENV)
    assert (arguments.exports, arguments.user) == ((str(one), str(two)), "ana")


def test_a_history_is_of_an_export_and_of_this_machine() -> None:
    (problem,) = problems_of("history")
    assert problem.startswith("history: which export? ./spark-submit.sh history my_spotify_data.zip")
    assert problems_of("--target", "emr", "history", "a.zip") == ["--target emr: history runs where the export is"]
    assert problems_of("stream", "--user", "ana") == ["--user is no option of stream"]


def test_every_export_that_is_not_there_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        parse("history", ["--lake", str(tmp_path / "lake"), "no.zip", "none"], NO_ENV)
    assert caught.value.problems == ("no.zip: no such file or folder", "none: no such file or folder")


def test_ones_own_history_and_the_demo_have_lakes_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.zip").touch()
    assert parse("history", ["a.zip"], NO_ENV).settings.lake.uri == "./lake"
    assert parse("demo", [], NO_ENV).settings.lake.uri == "./demo-lake"
