"""Every field that the three targets are sent, as docs/aws-requests.md lists them: for tests of that page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from soundlake.launch.aws import run as run_module
from soundlake.launch.aws.launcher import TARGETS, prepare
from soundlake.launch.aws.run import Call, Run
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.versions import choose_spark_line, read_lines
from soundlake.settings import load_settings

SETTINGS = (
    "lake.uri=s3://lake/lake",
    "deploy.bucket=artifacts",
    "deploy.role_arn=arn:aws:iam::123456789012:role/job",
    "deploy.application_id=00app",
    "deploy.cluster_id=j-1",
    "deploy.log_group=/soundlake/soundlake",
    "deploy.region=eu-west-1",
    "deploy.glue_connections=private",
    "deploy.jars=s3://mine/one.jar",
    "source.type=kinesis",
    "source.kinesis.stream=soundlake",
)
# Names of these are the user's, or one of many.
_NAMED_BY_OTHERS = {"tags", "Tags"}


def runs(target: str) -> Iterator[Run]:
    """A stream, one that ends, and a batch job, on each line."""
    settings = load_settings(sets=SETTINGS, env={})
    for line in read_lines():
        for job, once in (("stream", False), ("stream", True), ("build_insights", False)):
            yield prepare(REGISTRY[job], settings, target, choose_spark_line(line), once=once, check_only=False)


def calls(run: Run) -> list[Call]:
    """The requests that start a run; its package is not built."""
    with patch.object(run_module, "_package", lambda: ("soundlake.zip", b"the package")):
        return TARGETS[run.platform.target].calls(run)


def fields(target: str) -> set[str]:
    """The paths of all fields in the requests for a target, with settings of Spark and options of spark-submit."""
    requests = [call for run in runs(target) for call in calls(run)]
    return {path for request in requests for path in _paths(request.operation, request.parameters)}


def _paths(place: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            inner = f"{place}.{name}"
            yield from [inner] if name in _NAMED_BY_OTHERS else _paths(inner, item)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for item in value:
            yield from _paths(f"{place}[]", item)
    elif isinstance(value, list):
        yield place
        yield from _options(value)
    else:
        yield place
        yield from _options(str(value).split(" ")) if "--conf " in f"{value} " else ()
        if place.endswith(".--conf"):
            yield from _options(["--conf", *str(value).split(" ")])


def _options(told: list[str]) -> Iterator[str]:
    """The options of spark-submit in a list of words, and the settings that stand after --conf."""
    for option, value in zip(told, [*told[1:], ""], strict=True):
        if option.startswith("--") and option != "--conf" and "=" not in option:
            yield option
        if option == "--conf":
            yield value.partition("=")[0]
