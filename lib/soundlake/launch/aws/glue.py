"""Jobs on Glue: a job is made or brought up to date, then run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from soundlake.aws import error_code, translate_errors
from soundlake.errors import SoundlakeError, UsageError
from soundlake.launch.aws.account import Account
from soundlake.launch.aws.logs import lines_of
from soundlake.launch.aws.run import TAG, Call, Run
from soundlake.launch.aws.target import State, perform

SERVICE = "glue"
MADE_BY = "Made by Soundlake: "  # what tells its jobs from others of the same name
_OVER = {"SUCCEEDED": True, "STOPPED": True, "FAILED": False, "ERROR": False, "TIMEOUT": False, "EXPIRED": False}
_LOG_GROUP = "/aws-glue/jobs"
_MOST = 25


class Glue:
    """Glue's own servers."""

    needed = ("bucket", "role_arn")

    def calls(self, run: Run) -> list[Call]:
        """Return two requests: CreateJob (UpdateJob where the job is there) and StartJobRun."""
        create = {"Name": run.name, **definition(run), "Tags": {TAG: run.job.name}}
        return [Call(SERVICE, "CreateJob", create), Call(SERVICE, "StartJobRun", {"JobName": run.name})]

    def check(self, account: Account, run: Run) -> None:
        """Raise where somebody else's job has the name."""
        job = _job(account, run.name)
        if job is not None and not str(job.get("Description", "")).startswith(MADE_BY):
            raise SoundlakeError(f"Glue has a job {run.name} that Soundlake did not make: choose another deploy.name")

    def start(self, account: Account, run: Run) -> str:
        """Make or update the job, and run it; a job that was made for a run that cannot start is deleted again."""
        create, start = self.calls(run)
        is_new = _job(account, run.name) is None
        if is_new:
            perform(account, create, f"making the Glue job {run.name}")
        else:
            update = {"JobName": run.name, "JobUpdate": definition(run)}
            perform(account, Call(SERVICE, "UpdateJob", update), f"updating the Glue job {run.name}")
        try:
            return str(perform(account, start, f"starting the Glue job {run.name}")["JobRunId"])
        except SoundlakeError:
            if is_new:
                perform(account, Call(SERVICE, "DeleteJob", {"JobName": run.name}), f"deleting the Glue job {run.name}")
            raise

    def state(self, account: Account, run_id: str) -> State:
        """Return the state of a run: of whichever job of Soundlake's has it."""
        return _state(_found(account, run_id))

    def states(self, account: Account) -> Iterator[State]:
        """Yield the newest runs of each of Soundlake's jobs."""
        return map(_state, _runs(account))

    def stop(self, account: Account, run_id: str) -> None:
        """Ask a run to end."""
        call = Call(SERVICE, "BatchStopJobRun", {"JobName": self.state(account, run_id).job, "JobRunIds": [run_id]})
        errors = perform(account, call, f"stopping {run_id}").get("Errors")
        if errors:
            raise SoundlakeError(
                f"stopping {run_id}: {errors[0].get('ErrorDetail', {}).get('ErrorMessage', errors[0])}"
            )

    def log(self, account: Account, run_id: str) -> Iterator[tuple[str, str]]:
        """Yield what the run has printed: with a security configuration its log group has another name, which it tells.

        The streams are named by the run and, from Glue 5.0 on, the driver or executor:
        https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html
        """
        group = (_found(account, run_id).get("LogGroupName") or _LOG_GROUP).rstrip("/")
        yield from lines_of(account, f"{group}/output", {"logStreamNamePrefix": run_id})


def arguments(run: Run) -> dict[str, str]:
    """Return the arguments of a run: Glue's own, and the job's, each as a name and a value."""
    spaced = [name for name, value in run.spark.items() if re.search(r"\s", value)]
    if spaced:
        raise UsageError(*[f"deploy.spark: {name} has a space, which cannot be passed to Glue" for name in spaced])
    chained = " --conf ".join(f"{name}={value}" for name, value in run.spark.items())
    pairs = [part.partition("=") for part in run.arguments]
    job = {name: value if separator else "true" for name, separator, value in pairs}
    return {
        "--additional-python-modules": run.libraries.uri,
        "--python-modules-installer-option": "--no-index",
        "--extra-py-files": run.code.uri,
        **({"--extra-jars": ",".join(run.jars)} if run.jars else {}),
        "--datalake-formats": "delta",
        # Glue takes one --conf: what follows the first setting stands inside its value.
        "--conf": chained,
        "--enable-auto-scaling": "true",
        "--enable-continuous-cloudwatch-log": "true",
        "--enable-metrics": "true",
        "--job-language": "python",
        "--TempDir": f"s3://{run.deploy.bucket}/temp/",
        **job,
    }


def definition(run: Run) -> dict[str, Any]:
    """Return what a Glue job is, for the launcher's CreateJob and UpdateJob and for the stack's template."""
    deploy = run.deploy
    connections = {"Connections": {"Connections": list(deploy.glue_connections)}} if deploy.glue_connections else {}
    return {
        "Description": f"{MADE_BY}{run.job.help}",
        "Role": deploy.role_arn,
        "Command": {
            "Name": "gluestreaming" if run.streams else "glueetl",
            "ScriptLocation": run.script.uri,
            "PythonVersion": "3",
        },
        "GlueVersion": run.platform.releases[0],
        "DefaultArguments": arguments(run),
        **connections,
        "WorkerType": deploy.glue_worker,
        "NumberOfWorkers": deploy.glue_workers,
        # A lake has one stream.
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": deploy.retries if run.streams else 1,
        # A stream has no end: with a Timeout below seven days Glue would stop it there, and not start it again.
        # https://docs.aws.amazon.com/glue/latest/dg/glue-streaming-maintenance.html
        **({"MaintenanceWindow": deploy.glue_maintenance} if run.streams else {"Timeout": deploy.timeout_minutes}),
    }


def _job(account: Account, name: str) -> dict[str, Any] | None:
    with translate_errors(f"the Glue job {name}", "glue:GetJob"):
        try:
            found: dict[str, Any] = account.client(SERVICE).get_job(JobName=name)["Job"]
        except ClientError as error:
            if error_code(error) == "EntityNotFoundException":
                return None
            raise
    return found


def _runs(account: Account) -> Iterator[dict[str, Any]]:
    with translate_errors("the jobs of Glue", "glue:GetJobs"):
        pages = list(account.client(SERVICE).get_paginator("get_jobs").paginate())
    for job in (job for page in pages for job in page["Jobs"]):
        if str(job.get("Description", "")).startswith(MADE_BY):
            call = Call(SERVICE, "GetJobRuns", {"JobName": job["Name"], "MaxResults": _MOST})
            yield from perform(account, call, f"the runs of {job['Name']}")["JobRuns"]


def _found(account: Account, run_id: str) -> dict[str, Any]:
    for found in _runs(account):
        if found["Id"] == run_id:
            return found
    raise SoundlakeError(f"no Glue job of Soundlake's has a run {run_id}")


def _state(found: dict[str, Any]) -> State:
    state = found["JobRunState"]
    over = _OVER.get(state)
    detail = found.get("ErrorMessage") or ""
    return State(
        SERVICE, found["Id"], found["JobName"], state, over is not None, bool(over), detail, found.get("StartedOn")
    )
