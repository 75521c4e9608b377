"""Bringing a CloudFormation stack to a template: changes are shown first, then executed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from soundlake.aws import translate_errors
from soundlake.errors import SoundlakeError, UsageError
from soundlake.launch.aws.account import Account, describe_stack
from soundlake.launch.aws.run import TAG

_LOOK_AGAIN_SECONDS = 3.0
_NOTHING = ("didn't contain changes", "No updates are to be performed")
_WELL = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
_CAN_CHANGE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")


@dataclass(frozen=True)
class Change:
    """One resource: what is done to it, and whether it is replaced by a new one."""

    action: str
    name: str
    type: str
    replaces: bool

    def __str__(self) -> str:
        return f"{self.action:<8}{self.name:<32}{self.type}{'  REPLACED' if self.replaces else ''}"


class Stack:
    """One stack, by its name."""

    def __init__(self, account: Account, name: str) -> None:
        self.name = name
        self._cloudformation = account.client("cloudformation")
        self._change_set = f"soundlake-{time.time_ns():x}"

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs of the stack; none where it is not there."""
        found = self._describe() or {}
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    @property
    def template(self) -> str:
        """The template that the stack has now, as JSON; empty where it is not there."""
        found = self._describe()
        if found is None or found["StackStatus"] == "REVIEW_IN_PROGRESS":
            return ""
        with translate_errors(f"the template of {self.name}", "cloudformation:GetTemplate"):
            return json.dumps(self._cloudformation.get_template(StackName=self.name)["TemplateBody"])

    def propose(self, template: Mapping[str, str], parameters: Mapping[str, str]) -> list[Change]:
        """Create a change set and return its changes; without changes it is deleted again.

        `template` is {"TemplateBody": …} or {"TemplateURL": …}. Raises UsageError for a name that somebody else's
        stack has, SoundlakeError for a stack that cannot be changed now, and where AWS refuses.
        """
        found = self._describe()
        self._check(found)
        kind = "UPDATE" if found and found["StackStatus"] in _CAN_CHANGE else "CREATE"
        with translate_errors(f"the change set of {self.name}", "cloudformation:CreateChangeSet"):
            self._cloudformation.create_change_set(
                StackName=self.name,
                ChangeSetName=self._change_set,
                ChangeSetType=kind,
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
                Capabilities=["CAPABILITY_IAM"],
                Tags=[{"Key": TAG, "Value": "stack"}],
                **template,
            )
            state = self._await_change_set()
        if state["Status"] == "FAILED":
            reason = state.get("StatusReason", "no reason was given")
            self.discard()
            if any(words in reason for words in _NOTHING):
                return []
            raise SoundlakeError(f"the change set of {self.name}: {reason}")
        changes = list(self._changes())
        if not changes:
            self.discard()
        return changes

    def discard(self) -> None:
        """Delete the change set, and the empty stack that a first one leaves."""
        with translate_errors(f"deleting the change set of {self.name}", "cloudformation:DeleteChangeSet"):
            self._cloudformation.delete_change_set(StackName=self.name, ChangeSetName=self._change_set)
            found = self._describe()
            if found and found["StackStatus"] == "REVIEW_IN_PROGRESS":
                self._cloudformation.delete_stack(StackName=self.name)

    def execute(self) -> None:
        """Do what was proposed and wait for its end; raises SoundlakeError with the reasons where it is undone."""
        with translate_errors(f"changing {self.name}", "cloudformation:ExecuteChangeSet"):
            self._cloudformation.execute_change_set(StackName=self.name, ChangeSetName=self._change_set)
            state = self._await_stack()
        if state not in _WELL:
            reasons = "; ".join(self._failures()) or "see its events"
            raise SoundlakeError(f"the stack {self.name} is {state.lower().replace('_', ' ')}: {reasons}")

    def _check(self, found: Mapping[str, Any] | None) -> None:
        if found is None or found["StackStatus"] == "REVIEW_IN_PROGRESS":
            return
        if TAG not in {tag["Key"] for tag in found.get("Tags", [])}:
            raise UsageError(f"there is a stack {self.name} that Soundlake did not make: choose another deploy.stack")
        if found["StackStatus"] not in _CAN_CHANGE:
            state = found["StackStatus"].lower().replace("_", " ")
            raise SoundlakeError(f"the stack {self.name} is {state}: wait for its end, or delete it where it never was")

    def _describe(self) -> dict[str, Any] | None:
        with translate_errors(f"the stack {self.name}", "cloudformation:DescribeStacks"):
            return next(iter(describe_stack(self._cloudformation, self.name)), None)

    def _await_change_set(self) -> dict[str, Any]:
        while True:
            state: dict[str, Any] = self._cloudformation.describe_change_set(
                StackName=self.name, ChangeSetName=self._change_set
            )
            if not state["Status"].endswith(("PENDING", "IN_PROGRESS")):
                return state
            time.sleep(_LOOK_AGAIN_SECONDS)

    def _await_stack(self) -> str:
        while True:
            state = str((self._describe() or {}).get("StackStatus", "DELETED"))
            if state in _WELL or not state.endswith("IN_PROGRESS"):
                return state
            time.sleep(_LOOK_AGAIN_SECONDS)

    def _changes(self) -> Iterator[Change]:
        token: dict[str, str] = {}
        while True:
            page = self._cloudformation.describe_change_set(
                StackName=self.name, ChangeSetName=self._change_set, **token
            )
            for change in (one["ResourceChange"] for one in page["Changes"]):
                replaces = change.get("Replacement") in ("True", "Conditional")
                yield Change(change["Action"].lower(), change["LogicalResourceId"], change["ResourceType"], replaces)
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def _failures(self) -> list[str]:
        events = self._cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
        reasons = (f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}" for event in failed[:20])
        return [reason for reason in reasons if "cancelled" not in reason]
