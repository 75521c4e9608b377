"""What a deployment does to what runs: the stream ends for new code or another application, and is started again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from soundlake.errors import SoundlakeError
from soundlake.launch.aws.account import Account
from soundlake.launch.aws.changes import Change
from soundlake.launch.aws.launcher import TARGETS, stop_running
from soundlake.launch.aws.run import Call
from soundlake.launch.aws.target import perform
from soundlake.launch.report import say

# The resources that the stack's stream has to be started again for, by where it runs: that with its request, and the
# application, which was stopped.
_HOLDERS = {"emr-serverless": {"KeepStream", "Application"}, "glue": {"GlueStream"}}
_SERVERLESS = "emr-serverless"
_AT_REST = ("CREATED", "STOPPED")
_LOOK_AGAIN_SECONDS = 3.0
_STOP_SECONDS = 300.0


def stop_application(account: Account, stack: str, changes: Iterable[Change], outputs: Mapping[str, str]) -> None:
    """Stop the stack's application, and its stream before, where it is to be changed.

    CloudFormation cannot change one that is started: https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2370
    `changes` are about to be made, `outputs` are the stack's so far. Raises SoundlakeError where other jobs run there.
    """
    if ("modify", "Application") not in {(change.action, change.name) for change in changes}:
        return
    deploy = account.deploy.model_copy(update={"application_id": outputs["ApplicationId"]})
    place, target = Account(deploy), TARGETS[_SERVERLESS]
    if _application(place)["state"] in _AT_REST:
        return
    stream = f"{stack}-stream"
    others = [f"{one.job} ({one.run_id})" for one in target.states(place) if not one.is_over and one.job != stream]
    if others:
        raise SoundlakeError(
            f"the application {deploy.application_id} has to stop for its change, and runs {', '.join(others)}: "
            "wait for the end, or soundlake jobs stop ID"
        )
    call = Call(_SERVERLESS, "StopApplication", {"applicationId": deploy.application_id})
    while True:
        stop_running(place, target, stream)
        say(f"stopping the application {deploy.application_id}: it can be changed at rest only")
        try:
            perform(place, call, f"stopping the application {deploy.application_id}")
            break
        except SoundlakeError:
            # The clock that keeps the stream running may have started it again in between.
            if not any(one.job == stream and not one.is_over for one in target.states(place)):
                raise
    waited = 0.0
    while (state := _application(place)["state"]) not in _AT_REST:
        if waited >= _STOP_SECONDS:
            raise SoundlakeError(f"the application {deploy.application_id} is {state.lower()} after {waited:.0f} s")
        time.sleep(_LOOK_AGAIN_SECONDS)
        waited += _LOOK_AGAIN_SECONDS


def _application(account: Account) -> dict[str, Any]:
    name = account.deploy.application_id
    call = Call(_SERVERLESS, "GetApplication", {"applicationId": name})
    found: dict[str, Any] = perform(account, call, f"the application {name}")["application"]
    return found


def restart_stream(
    account: Account, stack: str, where: str, changes: Iterable[Change], outputs: Mapping[str, str]
) -> None:
    """Start the stack's stream where it is new, and restart it where its request or its application has changed.

    `where` is the parameter StreamTarget, `changes` are what was done to the stack. Raises SoundlakeError where the
    running stream does not end.
    """
    if not _HOLDERS.get(where, set()) & {change.name for change in changes}:
        return
    deploy = account.deploy.model_copy(update={"application_id": outputs["ApplicationId"]})
    name = f"{stack}-stack-stream" if where == "glue" else f"{stack}-stream"
    stop_running(Account(deploy), TARGETS[where], name)
    call = Call("stepfunctions", "StartExecution", {"stateMachineArn": outputs["KeepStreamArn"]})
    perform(account, call, f"starting {name}")
    say(f"{name} starts with what was deployed")
