"""A stream takes up new code when it is restarted: the running one is stopped, then the stack starts another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from soundlake.launch.aws.account import Account
from soundlake.launch.aws.changes import Change
from soundlake.launch.aws.launcher import TARGETS, stop_running
from soundlake.launch.aws.run import Call
from soundlake.launch.aws.target import perform
from soundlake.launch.report import say

# The resource that holds the request of the stack's stream, by where it runs.
_HOLDERS = {"emr-serverless": "KeepStream", "glue": "GlueStream"}


def restart_stream(
    account: Account, stack: str, where: str, changes: Iterable[Change], outputs: Mapping[str, str]
) -> None:
    """Start the stack's stream where it is new, and restart it where its request has changed.

    `where` is the parameter StreamTarget, `changes` are what was done to the stack. Raises SoundlakeError where the
    running stream does not end.
    """
    if _HOLDERS.get(where) not in {change.name for change in changes}:
        return
    deploy = account.deploy.model_copy(update={"application_id": outputs["ApplicationId"]})
    name = f"{stack}-stack-stream" if where == "glue" else f"{stack}-stream"
    stop_running(Account(deploy), TARGETS[where], name)
    call = Call("stepfunctions", "StartExecution", {"stateMachineArn": outputs["KeepStreamArn"]})
    perform(account, call, f"starting {name}")
    say(f"{name} starts with what was deployed")
