"""Jobs on EMR Serverless."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from soundlake.errors import SoundlakeError, UsageError
from soundlake.launch.aws.account import Account
from soundlake.launch.aws.logs import lines_of
from soundlake.launch.aws.run import TAG, Call, Run
from soundlake.launch.aws.target import State, perform

SERVICE = "emr-serverless"
PYTHON = "./environment/bin/python"
# What a stream has to finish its batch: 15 to 1,800 seconds, from release 7.9 on.
# https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/job-cancellation-grace-period.html
STOP_SECONDS = 300
_REMEDY = "give it subnets with a way there (docs/setup.md, Networks)"
_OVER = {"SUCCESS": True, "FAILED": False, "CANCELLED": True}
_MOST = 50


class EmrServerless:
    """An application that runs jobs, made by the stack."""

    needed = ("bucket", "role_arn", "application_id")

    def calls(self, run: Run) -> list[Call]:
        """Return the one request: StartJobRun."""
        return [Call(SERVICE, "StartJobRun", request(run))]

    def check(self, account: Account, run: Run) -> None:
        """Raise where there is no such application, where it has other Spark or processors, or no way to the source."""
        name = run.deploy.application_id
        application = perform(
            account, Call(SERVICE, "GetApplication", {"applicationId": name}), f"the application {name}"
        )["application"]
        run.platform.check_release(application["releaseLabel"], f"the application {name}")
        there = str(application.get("architecture") or "X86_64").lower()
        if there != run.deploy.architecture:
            raise UsageError(
                f"the application {name} has {there}: set deploy.architecture={there}, for libraries to load"
            )
        if application["state"] in ("TERMINATED", "STOPPING"):
            raise SoundlakeError(f"the application {name} is {application['state'].lower()}: it takes no jobs")
        if needs_vpc(run) and not application.get("networkConfiguration", {}).get("subnetIds"):
            source = run.settings.source.type
            raise UsageError(f"the application {name} is in no VPC, and reaches {source} from one only: {_REMEDY}")

    def start(self, account: Account, run: Run) -> str:
        """Start the run and return its id."""
        (call,) = self.calls(run)
        return str(perform(account, call, f"starting {run.name} on EMR Serverless")["jobRunId"])

    def state(self, account: Account, run_id: str) -> State:
        """Return the state of a run."""
        parameters = {"applicationId": account.deploy.application_id, "jobRunId": run_id}
        found = perform(account, Call(SERVICE, "GetJobRun", parameters), f"the run {run_id}")["jobRun"]
        return _state(found, found["jobRunId"])

    def states(self, account: Account) -> Iterator[State]:
        """Yield the newest runs of the application."""
        if account.deploy.application_id is None:
            return
        parameters = {"applicationId": account.deploy.application_id, "maxResults": _MOST}
        for found in perform(account, Call(SERVICE, "ListJobRuns", parameters), "the runs on EMR Serverless")[
            "jobRuns"
        ]:
            yield _state(found, found["id"])

    def stop(self, account: Account, run_id: str) -> None:
        """Cancel a run, with time to finish the batch at work."""
        parameters = {
            "applicationId": account.deploy.application_id,
            "jobRunId": run_id,
            "shutdownGracePeriodInSeconds": STOP_SECONDS,
        }
        perform(account, Call(SERVICE, "CancelJobRun", parameters), f"stopping {run_id}")

    def log(self, account: Account, run_id: str) -> Iterator[tuple[str, str]]:
        """Yield the driver's lines, where the runs have a log group."""
        if account.deploy.log_group is not None:
            driver = f"/applications/{account.deploy.application_id}/jobs/{run_id}/SPARK_DRIVER"
            yield from lines_of(account, account.deploy.log_group, {"logStreamNamePrefix": driver})


def needs_vpc(run: Run) -> bool:
    """Whether a job reads what EMR Serverless reaches from a VPC only: neither Kinesis nor any Kafka without one.

    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/considerations.html
    """
    return run.job.reads_source and run.settings.source.type in ("kafka", "kinesis")


def request(run: Run) -> dict[str, Any]:
    """Return what StartJobRun is asked for: by the launcher, by schedules and by state machines."""
    deploy = run.deploy
    logs: dict[str, Any] = {"s3MonitoringConfiguration": {"logUri": f"s3://{deploy.bucket}/logs/"}}
    if deploy.log_group is not None:
        logs["cloudWatchLoggingConfiguration"] = {"enabled": True, "logGroupName": deploy.log_group}
    # A stream is restarted for good, unless it fails too often; a batch job is tried twice.
    retries = {"maxFailedAttemptsPerHour": deploy.retries} if run.streams else {"maxAttempts": 2}
    told, defaults = _split(run)
    properties = [{"classification": "spark-defaults", "properties": defaults}] if defaults else []
    return {
        "applicationId": deploy.application_id,
        "executionRoleArn": deploy.role_arn,
        "name": run.name,
        "mode": "STREAMING" if run.streams else "BATCH",
        "jobDriver": {
            "sparkSubmit": {
                "entryPoint": run.script.uri,
                "entryPointArguments": run.arguments,
                "sparkSubmitParameters": told,
            }
        },
        "configurationOverrides": {
            **({"applicationConfiguration": properties} if properties else {}),
            "monitoringConfiguration": logs,
        },
        "retryPolicy": retries,
        "executionTimeoutMinutes": 0 if run.streams else deploy.timeout_minutes,
        "tags": {TAG: run.job.name},
    }


def _split(run: Run) -> tuple[str, dict[str, str]]:
    """The options of spark-submit in one line, and the settings that would need quotes in it.

    AWS's documentation has no quotes there.
    """
    conf = {
        "spark.archives": f"{run.libraries.uri}#environment",
        "spark.submit.pyFiles": run.code.uri,
        "spark.jars": ",".join(run.jars),
        "spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON": PYTHON,
        "spark.emr-serverless.driverEnv.PYSPARK_PYTHON": PYTHON,
        "spark.executorEnv.PYSPARK_PYTHON": PYTHON,
        **run.spark,
    }
    plain = {name: value for name, value in conf.items() if value and not re.search(r"[\s'\"\\]", value)}
    line = " ".join(f"--conf {name}={value}" for name, value in plain.items())
    return line, {name: value for name, value in conf.items() if value and name not in plain}


def _state(found: dict[str, Any], run_id: str) -> State:
    state = found["state"]
    detail = found.get("stateDetails") or ""
    name = found.get("name") or ""
    over = _OVER.get(state)
    return State(SERVICE, run_id, name, state, over is not None, bool(over), detail, found.get("createdAt"))
