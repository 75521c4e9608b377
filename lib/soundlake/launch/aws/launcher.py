"""From a command line to a run on AWS."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from types import MappingProxyType

from soundlake.errors import SoundlakeError
from soundlake.launch.aws.account import Account, completed
from soundlake.launch.aws.artifacts import check_bucket, remove_below, upload
from soundlake.launch.aws.emr import Emr
from soundlake.launch.aws.emr_serverless import EmrServerless
from soundlake.launch.aws.glue import Glue
from soundlake.launch.aws.run import Run, check, settings_folder
from soundlake.launch.aws.target import State, Target
from soundlake.launch.jobs import Job
from soundlake.launch.platforms import platform_of
from soundlake.launch.report import say
from soundlake.launch.versions import SparkLine
from soundlake.settings import Settings

TARGETS: Mapping[str, Target] = MappingProxyType({"emr": Emr(), "emr-serverless": EmrServerless(), "glue": Glue()})
_LOOK_AGAIN_SECONDS = 5.0
_STOP_SECONDS = 600.0  # twice what EMR Serverless gives a batch to end


def prepare(
    job: Job,
    settings: Settings,
    target: str,
    line: SparkLine,
    *,
    once: bool,
    check_only: bool,
    recover_checkpoint: bool = False,
) -> Run:
    """Return the run that these settings ask for; raises UsageError where it cannot be one, before anything is made."""
    platform = platform_of(target, line)
    check(job, settings, platform, streams=job.reads_source and not once)
    deploy = completed(Account(settings.deploy), TARGETS[target].needed, job.kind)
    return Run(
        job,
        settings,
        deploy,
        platform,
        once=once,
        recover_checkpoint=recover_checkpoint,
        check=check_only,
        launched=True,
    )


def described(run: Run) -> str:
    """Return the requests that would start a run, and what would be uploaded before, as JSON."""
    target = TARGETS[run.platform.target]
    uploads = [{"what": artifact.what, "to": artifact.uri} for artifact in run.artifacts]
    requests = [call.as_json() for call in target.calls(run)]
    return json.dumps({"uploads": uploads, "requests": requests}, indent=2, ensure_ascii=False)


def start(run: Run) -> str:
    """Check, upload, start; returns the id of the run. Failures come before anything is started."""
    target, account = TARGETS[run.platform.target], Account(run.deploy)
    s3 = account.client("s3")
    assert run.deploy.bucket is not None
    check_bucket(s3, run.deploy.bucket)
    target.check(account, run)
    upload(s3, run.artifacts)
    if run.streams:
        stop_running(account, target, run.name)
        # No other run of this name starts again: what it read may hold secrets of the source.
        remove_settings(account, run.platform.target, run.name, keep=run.config.key)
    run_id = target.start(account, run)
    say(f"{run.name} runs on {run.platform.target}: {run_id} (soundlake jobs show {run_id})")
    return run_id


def stop_running(account: Account, target: Target, name: str) -> None:
    """Stop the runs of a stream and wait for their end: what follows them has the new code, and the lake to itself.

    Raises SoundlakeError where one does not end in time.
    """
    for state in [state for state in target.states(account) if state.job == name and not state.is_over]:
        say(f"{name} runs already: stopping {state.run_id}, which finishes its batch")
        target.stop(account, state.run_id)
        waited = 0.0
        while not target.state(account, state.run_id).is_over:
            if waited >= _STOP_SECONDS:
                raise SoundlakeError(f"{state.run_id} has not ended after {_STOP_SECONDS:.0f} s: nothing was started")
            time.sleep(_LOOK_AGAIN_SECONDS)
            waited += _LOOK_AGAIN_SECONDS
        say(f"{state.run_id} has ended")


def remove_settings(account: Account, target: str, name: str, keep: str = "") -> None:
    """Remove the settings that the launcher uploaded for a stream, but for one file: they may hold secrets."""
    bucket, folder = account.deploy.bucket, f"{account.deploy.prefix}/{settings_folder(target, name)}/"
    if bucket is not None:
        remove_below(account.client("s3"), bucket, folder, keep)


def follow(run: Run, run_id: str) -> State:
    """Print the states and the log of a run until it ends; raises SoundlakeError where it does not end well."""
    target, account = TARGETS[run.platform.target], Account(run.deploy)
    last, seen = "", set[str]()
    while True:
        state = target.state(account, run_id)
        for event, line in target.log(account, run_id):
            if event not in seen:
                seen.add(event)
                print(line, flush=True)
        if state.state != last:
            say(f"{run_id}: {state.state.lower()}")
            last = state.state
        if state.is_over:
            break
        time.sleep(_LOOK_AGAIN_SECONDS)
    if not state.is_well:
        raise SoundlakeError(f"{run.name} ({run_id}) {state.state.lower()}: {state.detail or 'no reason was given'}")
    return state
