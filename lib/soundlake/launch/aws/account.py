"""The AWS account of the jobs: its clients, and the stack's outputs for what the settings leave open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from soundlake.aws import error_code, open_client, translate_errors
from soundlake.errors import UsageError
from soundlake.settings.model import DeploySettings

# The settings that outputs of the stack stand for.
OUTPUTS = {
    "bucket": "ArtifactBucket",
    "application_id": "ApplicationId",
    "log_group": "LogGroup",
}
# The role of each kind of job.
ROLES = {"stream": "StreamRoleArn", "batch": "BatchRoleArn"}


@dataclass
class Account:
    """Clients of one account and region, made when they are first needed."""

    deploy: DeploySettings
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return the client of a service; raises SoundlakeError where no region is known."""
        if service not in self._clients:
            with translate_errors(service, "a region"):
                self._clients[service] = open_client(
                    service, region=self.deploy.region, endpoint_url=self.deploy.endpoint_url
                )
        return self._clients[service]

    def outputs(self) -> dict[str, str]:
        """The outputs of the stack, by name; none where there is no such stack."""
        stack = self.deploy.stack
        if stack is None:
            return {}
        with translate_errors(f"the stack {stack}", "cloudformation:DescribeStacks"):
            found = describe_stack(self.client("cloudformation"), stack)
        return {output["OutputKey"]: output["OutputValue"] for one in found for output in one.get("Outputs", [])}

    def resources(self) -> set[str]:
        """The physical ids of the stack's resources; none where there is no such stack."""
        if self.deploy.stack is None or not self.outputs():
            return set()
        with translate_errors(f"the stack {self.deploy.stack}", "cloudformation:ListStackResources"):
            pages = (
                self.client("cloudformation")
                .get_paginator("list_stack_resources")
                .paginate(StackName=self.deploy.stack)
            )
            found = [one for page in pages for one in page["StackResourceSummaries"]]
        return {one["PhysicalResourceId"] for one in found if "PhysicalResourceId" in one}


def completed(account: Account, needed: Sequence[str], kind: str = "batch") -> DeploySettings:
    """Return the deploy settings with what the stack says; raises UsageError with a line for each key still missing.

    The stack is asked only where something needed is not set. `kind` is that of the job, which says its role.
    """
    deploy = account.deploy
    if all(getattr(deploy, key) is not None for key in needed):
        return deploy
    outputs = account.outputs()
    names = {**OUTPUTS, "role_arn": ROLES[kind]}
    said = {key: outputs[name] for key, name in names.items() if name in outputs and getattr(deploy, key) is None}
    deploy = deploy.model_copy(update=said)
    missing = [key for key in needed if getattr(deploy, key) is None]
    if missing:
        where = f", and no stack {deploy.stack} says it (soundlake deploy)" if deploy.stack else ""
        raise UsageError(*[f"deploy.{key}: needed, and not set{where}" for key in missing])
    return deploy


def describe_stack(cloudformation: Any, stack: str) -> list[Any]:
    """Return the stack of a name, in a list; an empty one where there is none."""
    try:
        return list(cloudformation.describe_stacks(StackName=stack)["Stacks"])
    except ClientError as error:
        if error_code(error) == "ValidationError" and "does not exist" in str(error):
            return []
        raise
