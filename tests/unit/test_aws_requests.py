"""docs/aws-requests.md names every field that a target is sent; requests keep to the limits that its sources say.

What the services' own models say is held in test_launch_aws.py; here is what only AWS's pages say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args
from zipfile import ZipFile

import botocore.session
import pyspark
import pytest

from helpers.requested import SETTINGS, calls, fields, runs
from soundlake.errors import UsageError
from soundlake.launch.aws.launcher import TARGETS, prepare
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.local import JARS
from soundlake.launch.paths import ROOT
from soundlake.launch.versions import choose_spark_line
from soundlake.settings import load_settings
from soundlake.settings.types import GlueWorker

pytestmark = pytest.mark.heavy

PAGE = (ROOT / "docs" / "aws-requests.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip().strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| `")
]
SPARK = re.compile(r"^(.*\.)?spark\.")
NOT_OF_SPARK = "spark.emr-serverless."
FAMILY = re.compile(r"^(spark\.(executorEnv|yarn\.appMasterEnv|sql\.catalog)\.).+")  # whose members others name
DECLARES = re.compile(
    r"spark/(SparkConf|deploy/yarn/(Client|config/package)|internal/config/package|sql/(internal|delta/sources)/\w*Conf)"
    r"|io/delta/storage/S3SingleDriverLogStore|parquet/hadoop/ParquetOutputFormat"
)
SEVEN_DAYS = 7 * 24 * 60


def test_the_page_names_every_field_that_is_sent_and_no_other() -> None:
    named = {field for row in ROWS for field in re.findall(r"`([^`]+)`", row[0])}
    sent = {field for target in TARGETS for field in fields(target)}
    assert named == sent


def test_every_row_says_where_it_is_from_and_when_that_was_seen() -> None:
    for row in ROWS:
        assert re.search(r"\]\(https://|^the same", row[2]), row
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}|jars", row[3]), row


def sent(target: str, operation: str) -> list[tuple[bool, dict[str, Any]]]:
    """Each request of an operation, with whether it is a stream's."""
    made = [(run, call) for run in runs(target) for call in calls(run) if call.operation == operation]
    found = [(run.streams, call.parameters) for run, call in made]
    assert {streams for streams, _ in found} == {True, False}
    return found


def test_emr_serverless_retries_one_to_ten_times_each_mode_by_its_own_field() -> None:
    for streams, told in sent("emr-serverless", "StartJobRun"):
        assert told["mode"] == ("STREAMING" if streams else "BATCH")
        ((name, times),) = told["retryPolicy"].items()
        assert name == ("maxFailedAttemptsPerHour" if streams else "maxAttempts")
        assert 1 <= times <= 10


def test_only_a_stream_has_no_end_on_emr_serverless() -> None:
    for streams, told in sent("emr-serverless", "StartJobRun"):
        minutes = told["executionTimeoutMinutes"]
        assert minutes == 0 if streams else 0 < minutes <= SEVEN_DAYS


def test_a_step_of_emr_holds_at_most_10240_characters() -> None:
    for _, told in sent("emr", "AddJobFlowSteps"):
        (step,) = told["Steps"]
        assert sum(map(len, texts(step["HadoopJarStep"]))) <= 10240


def test_a_step_of_emr_may_run_beside_others() -> None:
    for _, told in sent("emr", "AddJobFlowSteps"):
        assert [step["ActionOnFailure"] for step in told["Steps"]] == ["CONTINUE"]


def test_a_job_of_glue_is_of_the_kind_that_its_run_is() -> None:
    for streams, told in sent("glue", "CreateJob"):
        assert told["Command"]["Name"] == ("gluestreaming" if streams else "glueetl")
        assert "MaxCapacity" not in told  # not beside WorkerType and NumberOfWorkers


def test_a_job_of_glue_ends_within_seven_days_or_is_a_stream() -> None:
    for streams, told in sent("glue", "CreateJob"):
        assert ("Timeout" not in told) if streams else (told["Timeout"] < SEVEN_DAYS)


def test_the_arguments_of_a_glue_job_stay_below_260_kb() -> None:
    for _, told in sent("glue", "CreateJob"):
        assert len(json.dumps(told["DefaultArguments"])) < 260_000


@pytest.mark.parametrize(
    ("key", "value"),
    [("retries", "11"), ("timeout_minutes", str(SEVEN_DAYS)), ("glue_worker", "Z.2X"), ("glue_maintenance", "Sun:24")],
)
def test_what_aws_would_refuse_is_refused_before_it_is_asked(key: str, value: str) -> None:
    with pytest.raises(UsageError, match=rf"^--set deploy\.{key}={value}: "):
        load_settings(sets=[*SETTINGS, f"deploy.{key}={value}"], env={})


def test_the_smallest_worker_of_glue_is_for_streams_only() -> None:
    settings = load_settings(sets=[*SETTINGS, "deploy.glue_worker=G.025X"], env={})
    line = choose_spark_line("4.1")
    prepare(REGISTRY["stream"], settings, "glue", line, once=False, check_only=False)
    for job, once in (("stream", True), ("maintain", False)):
        with pytest.raises(UsageError, match=r"^deploy\.glue_worker: Glue has G\.025X for streams only"):
            prepare(REGISTRY[job], settings, "glue", line, once=once, check_only=False)


def test_every_type_of_worker_that_glue_has_for_spark_can_be_set() -> None:
    model = botocore.session.get_session().get_service_model("glue").shape_for("WorkerType")
    assert set(get_args(GlueWorker)) == set(model.metadata["enum"]) - {"Standard", "Z.2X"}  # of old Glue, and of Ray


@pytest.mark.parametrize("target", TARGETS)
def test_every_setting_of_spark_is_one_that_spark_or_delta_reads(target: str) -> None:
    """A name that they do not know would be passed over in silence."""
    known = declarations()
    for name in (field for field in fields(target) if SPARK.search(field)):
        setting = SPARK.sub("spark.", name)
        if not setting.startswith(NOT_OF_SPARK):
            family = FAMILY.sub(r"\1", setting)
            assert re.sub(r"^spark\.(databricks\.delta|hadoop)\.", "", family).encode() in known, setting


@cache
def declarations() -> bytes:
    """The classes in which Spark, its YARN client, Parquet and Delta declare their settings."""
    found, jars = b"", Path(pyspark.__file__).with_name("jars")
    of_delta = JARS.glob("io.delta_delta-s*.jar")
    for jar in [*jars.glob("spark-*.jar"), *jars.glob("parquet-hadoop-*.jar"), *of_delta]:
        with ZipFile(jar) as classes:
            found += b"".join(classes.read(name) for name in classes.namelist() if DECLARES.search(name))
    return found


def texts(value: Any) -> Iterator[str]:
    """All texts in a part of a request."""
    if isinstance(value, str):
        yield value
    else:
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)
