"""The templates of the stacks, with what is made from other files: requests, named queries, the QuickSight part."""

from __future__ import annotations

import json
from typing import Any

import yaml

from soundlake.insights.insight import Insight, load_insights, render
from soundlake.launch.aws import quicksight
from soundlake.launch.aws.job_requests import JobRequests
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
# What a job in a VPC without a NAT gateway calls, beside S3, which has a gateway of its own.
ENDPOINTS = {
    "Glue": "glue",
    "Kinesis": "kinesis-streams",
    "Kms": "kms",
    "Logs": "logs",
    "Secrets": "secretsmanager",
    "Sts": "sts",
}
# The state machines, and whether the stream that each starts ends when all is taken.
MACHINES = {"KeepStream": False, "StreamOnce": True}
_LONGEST_DESCRIPTION = 1024
Template = dict[str, Any]


def storage() -> Template:
    """The template of what holds data."""
    return _read("storage.yaml")


def defaults() -> dict[str, str]:
    """The parameters of what runs that have a default, with it."""
    found = _read("soundlake.yaml")["Parameters"]
    return {name: str(declared["Default"]) for name, declared in found.items() if "Default" in declared}


def parameters() -> list[str]:
    """The names of all parameters of both stacks."""
    return [name for file in ("storage.yaml", "soundlake.yaml") for name in _read(file)["Parameters"]]


def main(requests: JobRequests, quicksight_user: str | None = None) -> Template:
    """The template of all that runs; with a QuickSight dashboard where there is a user or group to show it to.

    `requests` start its jobs.
    """
    template = _read("soundlake.yaml")
    resources = template["Resources"]
    insights = load_insights()
    resources |= {f"Query{_camel(insight.name)}": _named_query(insight) for insight in insights}
    resources |= {f"{_camel(job)}ByTheClock": _schedule(job, requests) for job in SCHEDULES}
    resources |= {f"{name}Endpoint": _endpoint(service) for name, service in ENDPOINTS.items()}
    if requests.on_glue:
        glue = {"Type": "AWS::Glue::Job", "Condition": "StreamsOnGlue", "Properties": requests.glue_stream()}
        resources["GlueStream"] = glue
    for name, once in MACHINES.items():
        _complete(
            resources[name]["Properties"], {**requests.stream(once=once), "ClientToken.$": "States.UUID()"}, requests
        )
    if quicksight_user is not None:
        resources |= quicksight.resources(insights, quicksight_user)
    return template


def as_json(template: Template) -> str:
    """A template as CloudFormation reads it."""
    return json.dumps(template, ensure_ascii=False, separators=(",", ":"))


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


def _schedule(job: str, requests: JobRequests) -> Template:
    parameter, condition = SCHEDULES[job]
    request = {**requests.batch(job), "ClientToken": "<aws.scheduler.execution-id>"}
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
                "Input": {"Fn::Sub": requests.escaped(json.dumps(request))},
            },
        },
    }


def _complete(machine: Template, request: Template, requests: JobRequests) -> None:
    """Put the request into the machine, and make its definition a text: there any partition may be filled in."""
    definition = machine.pop("Definition")
    told = json.dumps("the stream's request")
    definition["States"]["Start"]["Parameters"] = json.loads(told)
    text = json.dumps(definition).replace(told, requests.escaped(json.dumps(request)))
    machine["DefinitionString"] = {"Fn::Sub": text}


def _endpoint(service: str) -> Template:
    return {
        "Type": "AWS::EC2::VPCEndpoint",
        "Condition": "MakesEndpoints",
        "Properties": {
            "VpcEndpointType": "Interface",
            "VpcId": {"Ref": "EndpointVpcId"},
            "ServiceName": {"Fn::Sub": f"com.amazonaws.${{AWS::Region}}.{service}"},
            "SubnetIds": {"Ref": "SubnetIds"},
            "SecurityGroupIds": [{"Ref": "EndpointAccess"}],
            "PrivateDnsEnabled": True,
        },
    }


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
