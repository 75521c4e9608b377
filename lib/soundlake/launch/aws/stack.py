"""The templates of the stacks, with what is made from other files: named queries, schedules, the QuickSight part."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from soundlake.insights.insight import Insight, load_insights, render
from soundlake.launch.aws import quicksight
from soundlake.launch.paths import CONF

FOLDER = CONF / "aws"
# Jobs by the clock: the parameter that holds the schedule, and the condition that there is one.
SCHEDULES = {
    "train_clusters": ("TrainSchedule", "Trains"),
    "build_insights": ("InsightsSchedule", "BuildsInsights"),
    "register_tables": ("RegisterSchedule", "Registers"),
    "recommend": ("RecommendSchedule", "Recommends"),
    "maintain": ("MaintainSchedule", "Maintains"),
}
_LONGEST_DESCRIPTION = 1024
Template = dict[str, Any]


def storage() -> Template:
    """The template of what holds data."""
    return _read("storage.yaml")


def main(quicksight_user: str | None = None) -> Template:
    """The template of all that runs; with a QuickSight dashboard where there is a user or group to show it to."""
    template = _read("soundlake.yaml")
    insights = load_insights()
    template["Resources"] |= {f"Query{_camel(insight.name)}": _named_query(insight) for insight in insights}
    template["Resources"] |= {f"{_camel(job)}ByTheClock": _schedule(job) for job in SCHEDULES}
    if quicksight_user is not None:
        template["Resources"] |= quicksight.resources(insights, quicksight_user)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            _as_text(resource["Properties"])
    return template


def as_json(template: Template) -> str:
    """A template as CloudFormation reads it."""
    return json.dumps(template, ensure_ascii=False, separators=(",", ":"))


def write(folder: Path) -> None:
    """Write all templates into a folder, as they are sent: for linters."""
    folder.mkdir(parents=True, exist_ok=True)
    anybody = "arn:aws:quicksight:us-east-1:123456789012:group/default/analysts"
    for name, template in (("storage", storage()), ("soundlake", main(anybody))):
        (folder / f"{name}.json").write_text(json.dumps(template, indent=1, ensure_ascii=False), encoding="utf-8")


def _read(name: str) -> Template:
    template: Template = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return template


def _named_query(insight: Insight) -> Template:
    return {
        "Type": "AWS::Athena::NamedQuery",
        "Properties": {
            "Name": insight.name,
            "Description": f"{insight.title}. {insight.question}"[:_LONGEST_DESCRIPTION],
            "Database": {"Ref": "GlueDatabase"},
            "WorkGroup": {"Ref": "WorkGroup"},
            "QueryString": render(insight.sql, None),
        },
    }


def _schedule(job: str) -> Template:
    parameter, condition = SCHEDULES[job]
    request = {
        "ApplicationId": "${Application}",
        "ClientToken": "<aws.scheduler.execution-id>",
        "ExecutionRoleArn": "${JobRole.Arn}",
        "Name": f"${{AWS::StackName}}-{job.replace('_', '-')}",
        "Mode": "BATCH",
        "RetryPolicy": {"MaxAttempts": 2},
        "ExecutionTimeoutMinutes": 240,
        "Tags": {"soundlake": job},
        "JobDriver": {
            "SparkSubmit": {
                "EntryPoint": f"${{JobsUri}}/{job}.py",
                "EntryPointArguments": ["--config=${ConfigUri}"],
                "SparkSubmitParameters": "${SubmitParameters}",
            }
        },
    }
    return {
        "Type": "AWS::Scheduler::Schedule",
        "Condition": condition,
        "Properties": {
            "GroupName": {"Ref": "ScheduleGroup"},
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "KmsKeyArn": {"Ref": "KeyArn"},
            "ScheduleExpression": {"Ref": parameter},
            "ScheduleExpressionTimezone": {"Ref": "TimeZone"},
            "Target": {
                "Arn": {"Fn::Sub": "arn:${AWS::Partition}:scheduler:::aws-sdk:emrserverless:startJobRun"},
                "RoleArn": {"Fn::GetAtt": ["ScheduleRole", "Arn"]},
                "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600},
                "Input": {"Fn::Sub": json.dumps(request)},
            },
        },
    }


def _as_text(machine: Template) -> None:
    """Make the definition of a state machine a text: there any partition may be filled in."""
    filled_in = machine.pop("DefinitionSubstitutions")
    machine["DefinitionString"] = {"Fn::Sub": [json.dumps(machine.pop("Definition")), filled_in]}


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
