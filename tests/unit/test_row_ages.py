"""The ages of the newest rows, as the stack's alarms read them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import boto3
import pytest
from moto import mock_aws

from helpers import templates
from soundlake.launch.aws import deploy
from soundlake.ops.row_ages import RowAges, reporting_ages

pytestmark = pytest.mark.heavy

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
GROUP = "/soundlake/soundlake"


def batch(name: str, at: datetime, rows: int = 1, seconds: float = 0) -> dict[str, Any]:
    """A batch as Spark tells it."""
    began = f"{at:%Y-%m-%dT%H:%M:%S}.000Z"
    return {"name": name, "timestamp": began, "batchDuration": int(seconds * 1000), "numInputRows": rows}


def told(ages: RowAges, now: datetime = NOON) -> tuple[float, float]:
    line = json.loads(ages.line(now))
    return line["bronze_age_seconds"], line["silver_age_seconds"]


def test_an_age_is_counted_from_the_end_of_the_last_batch_that_had_rows() -> None:
    ages = RowAges(NOON - timedelta(hours=1))
    ages.see([batch("ingest", NOON - timedelta(minutes=2), seconds=30), batch("refine", NOON - timedelta(minutes=10))])
    assert told(ages) == (90, 600)


def test_batches_without_rows_and_of_other_queries_make_nothing_younger() -> None:
    ages = RowAges(NOON - timedelta(hours=1))
    ages.see([batch("ingest", NOON, rows=0), batch("refine", NOON, rows=0), batch("rerank", NOON)])
    assert told(ages) == (3600, 3600)


def test_an_older_batch_that_is_seen_again_makes_nothing_older() -> None:
    ages = RowAges(NOON - timedelta(hours=1))
    ages.see([batch("refine", NOON - timedelta(minutes=1))])
    ages.see([batch("refine", NOON - timedelta(minutes=5))])
    assert told(ages) == (3600, 60)


def test_a_refine_that_hangs_is_older_than_bronze_by_all_the_time_since() -> None:
    ages = RowAges(NOON)
    ages.see([batch("refine", NOON)])
    ages.see([batch("ingest", NOON + timedelta(minutes=minute)) for minute in range(30)])
    bronze, silver = told(ages, NOON + timedelta(minutes=30))
    assert (bronze, silver) == (60, 1800)


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "eu-west-1")
    with mock_aws():
        yield boto3.client("logs", region_name="eu-west-1")


def lines(logs: Any) -> list[str]:
    found = logs.filter_log_events(logGroupName=GROUP)["events"]
    return [event["message"] for event in found]


class Looks:
    """Progress that counts how often it was looked at; `enough` is set after three looks."""

    def __init__(self) -> None:
        self.count, self.enough = 0, Event()

    def __call__(self) -> list[dict[str, Any]]:
        self.count += 1
        if self.count > 3:
            self.enough.set()
        return [batch("ingest", datetime.now(UTC))]


def test_the_ages_are_reported_again_and_again_while_the_stream_runs(logs: Any) -> None:
    logs.create_log_group(logGroupName=GROUP)
    looks = Looks()
    with reporting_ages(GROUP, RowAges(datetime.now(UTC) - timedelta(hours=1)), looks, seconds=0.01):
        assert looks.enough.wait(20)
    reported = [json.loads(line) for line in lines(logs)]
    assert len(reported) >= 3
    assert reported[-1]["bronze_age_seconds"] < 60
    assert reported[-1]["silver_age_seconds"] >= 3600


def test_a_log_group_that_is_not_there_stops_nothing_and_is_logged_once(
    logs: Any, caplog: pytest.LogCaptureFixture
) -> None:
    looks = Looks()
    with reporting_ages("/not/there", RowAges(NOON), looks, seconds=0.01):
        assert looks.enough.wait(20)
    (logged,) = caplog.messages
    assert logged.startswith("the ages of rows could not be reported group=/not/there")


# The template: filters make metrics of what is reported, alarms watch these metrics.

TEMPLATE = templates.main(user=None)


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    found = TEMPLATE["Resources"].items()
    return {name: one["Properties"] for name, one in found if one["Type"] == kind}


def made() -> dict[tuple[str, str], str]:
    """The field that each metric of a filter is made from, by namespace and name."""
    return {
        (str(one["MetricNamespace"]), one["MetricName"]): one["MetricValue"]
        for properties in of_type("AWS::Logs::MetricFilter").values()
        for one in properties["MetricTransformations"]
    }


def test_each_filter_matches_the_line_and_takes_an_age_from_it() -> None:
    line = json.loads(RowAges(NOON).line(NOON))
    assert set(made().values()) == {f"$.{name}" for name in line}
    for properties in of_type("AWS::Logs::MetricFilter").values():
        (transformation,) = properties["MetricTransformations"]
        pattern = re.fullmatch(r"\{ (\$\.\w+) >= (\d+) \}", properties["FilterPattern"])
        assert pattern is not None
        field, least = pattern.groups()
        assert field == transformation["MetricValue"]
        assert line[field.removeprefix("$.")] >= int(least)


def test_alarms_watch_the_ages_and_no_longer_the_reader_of_kinesis() -> None:
    watched = {
        name: {
            (str(one["MetricStat"]["Metric"]["Namespace"]), one["MetricStat"]["Metric"]["MetricName"])
            for one in properties.get("Metrics", [])
            if "MetricStat" in one
        }
        for name, properties in of_type("AWS::CloudWatch::Alarm").items()
    }
    ages = set(made())
    assert ages == watched["SilverLags"]
    assert watched["BronzeLags"] - ages == {("AWS/Kinesis", "IncomingRecords")}
    assert "IteratorAge" not in json.dumps(TEMPLATE)


def test_a_stream_that_is_deployed_reports_where_the_filters_look() -> None:
    (group,) = {str(properties["LogGroupName"]) for properties in of_type("AWS::Logs::MetricFilter").values()}
    named = TEMPLATE["Resources"]["LogGroup"]["Properties"]["LogGroupName"]["Fn::Sub"]
    assert group == str({"Ref": "LogGroup"})
    told_to_the_job = deploy._defaults("one", "eu-west-1", dict.fromkeys(("LakeBucket", "LandingBucket"), "b"))
    assert told_to_the_job["log.metrics_group"] == named.replace("${AWS::StackName}", "one")


@pytest.mark.parametrize(
    ("bronze", "silver", "incoming", "alarmed"),
    [
        (30, 40, 100, set()),
        (36_000, 36_010, 0, set()),  # a quiet night
        (1_000, 1_010, 100, {"BronzeLags"}),  # records come, none is taken
        (30, 1_000, 100, {"SilverLags"}),  # refine hangs
        (30, 1_000, 0, {"SilverLags"}),
    ],
)
def test_an_alarm_goes_off_where_rows_wait_and_not_where_none_come(
    bronze: int, silver: int, incoming: int, alarmed: set[str]
) -> None:
    """Its expression and threshold, as metric math reads them."""
    values = {"bronze": bronze, "silver": silver, "incoming": incoming, "IF": lambda test, yes, no: yes if test else no}
    alarms = of_type("AWS::CloudWatch::Alarm")
    off = set()
    for name in ("BronzeLags", "SilverLags"):
        (returned,) = [one for one in alarms[name]["Metrics"] if one["ReturnData"]]
        assert alarms[name]["ComparisonOperator"] == "GreaterThanThreshold"
        if eval(returned["Expression"], {}, values) > alarms[name]["Threshold"]:  # noqa: S307 - our own template
            off.add(name)
    assert off == alarmed
