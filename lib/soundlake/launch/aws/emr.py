"""Jobs as steps of an EMR cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from soundlake.aws import open_session
from soundlake.errors import SoundlakeError
from soundlake.launch.aws.account import Account
from soundlake.launch.aws.run import Call, Run
from soundlake.launch.aws.target import State, perform
from soundlake.launch.report import say

SERVICE = "emr"
PYTHON = "./environment/bin/python"
_OVER = {"COMPLETED": True, "CANCELLED": True, "FAILED": False, "INTERRUPTED": False}


class Emr:
    """A cluster that is there already."""

    needed = ("bucket", "cluster_id")

    def calls(self, run: Run) -> list[Call]:
        """Return the one request: AddJobFlowSteps."""
        step = {
            "Name": run.name,
            "ActionOnFailure": "CONTINUE",
            "HadoopJarStep": {"Jar": "command-runner.jar", "Args": submit(run)},
        }
        return [Call(SERVICE, "AddJobFlowSteps", {"JobFlowId": run.deploy.cluster_id, "Steps": [step]})]

    def check(self, account: Account, run: Run) -> None:
        """Raise where there is no such cluster, where it has ended, or where it runs another Spark."""
        name = run.deploy.cluster_id
        call = Call(SERVICE, "DescribeCluster", {"ClusterId": name})
        cluster = perform(account, call, f"the cluster {name}")["Cluster"]
        run.platform.check_release(cluster.get("ReleaseLabel", "no release"), f"the cluster {name}")
        state = cluster["Status"]["State"]
        if state.startswith("TERMINAT"):
            raise SoundlakeError(f"the cluster {name} is {state.lower()}: it takes no jobs")
        # https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-concurrent-steps.html
        if run.streams and cluster.get("StepConcurrencyLevel", 1) == 1:
            say(
                f"{name} runs one step at a time: other jobs wait until the stream ends; raise its StepConcurrencyLevel"
            )

    def start(self, account: Account, run: Run) -> str:
        """Add the step and return its id."""
        (call,) = self.calls(run)
        return str(perform(account, call, f"adding {run.name} to the cluster {run.deploy.cluster_id}")["StepIds"][0])

    def state(self, account: Account, run_id: str) -> State:
        """Return the state of a step."""
        parameters = {"ClusterId": account.deploy.cluster_id, "StepId": run_id}
        return _state(perform(account, Call(SERVICE, "DescribeStep", parameters), f"the step {run_id}")["Step"])

    def states(self, account: Account) -> Iterator[State]:
        """Yield the newest steps of the cluster that are Soundlake's."""
        if account.deploy.cluster_id is None:
            return
        call = Call(SERVICE, "ListSteps", {"ClusterId": account.deploy.cluster_id})
        for step in perform(account, call, "the steps of the cluster")["Steps"]:
            if step["Name"].startswith(f"{account.deploy.name}-"):
                yield _state(step)

    def stop(self, account: Account, run_id: str) -> None:
        """Ask a step to end, by SIGTERM."""
        parameters = {
            "ClusterId": account.deploy.cluster_id,
            "StepIds": [run_id],
            "StepCancellationOption": "SEND_INTERRUPT",
        }
        perform(account, Call(SERVICE, "CancelSteps", parameters), f"stopping {run_id}")

    def log(self, account: Account, run_id: str) -> Iterator[tuple[str, str]]:
        """Yield nothing: the logs of steps are files, the state says where."""
        yield from ()


def submit(run: Run) -> list[str]:
    """Return the spark-submit that the cluster runs, with the driver on a node of its own (YARN's cluster mode)."""
    region = run.deploy.region or open_session().region_name
    # Processes on a cluster have no region set, and boto3 has nowhere else to learn it from.
    regions = {f"spark.{process}.AWS_REGION": region for process in ("yarn.appMasterEnv", "executorEnv") if region}
    conf = {
        **regions,
        "spark.yarn.appMasterEnv.PYSPARK_PYTHON": PYTHON,
        "spark.yarn.appMasterEnv.PYSPARK_DRIVER_PYTHON": PYTHON,
        "spark.executorEnv.PYSPARK_PYTHON": PYTHON,
        "spark.yarn.maxAppAttempts": str(run.deploy.retries if run.streams else 2),
        **({"spark.yarn.am.attemptFailuresValidityInterval": "1h"} if run.streams else {}),
        **run.spark,
    }
    options = ["--master", "yarn", "--deploy-mode", "cluster", "--name", run.name]
    options += ["--archives", f"{run.libraries.uri}#environment", "--py-files", run.code.uri]
    options += ["--jars", ",".join(run.jars)] if run.jars else []
    options += [part for name, value in conf.items() for part in ("--conf", f"{name}={value}")]
    return ["spark-submit", *options, run.script.uri, *run.arguments]


def _state(step: dict[str, Any]) -> State:
    status = step["Status"]
    failure = status.get("FailureDetails") or {}
    detail = "; ".join(str(failure[name]) for name in ("Reason", "Message", "LogFile") if failure.get(name))
    over = _OVER.get(status["State"])
    started = (status.get("Timeline") or {}).get("CreationDateTime")
    return State(SERVICE, step["Id"], step["Name"], status["State"], over is not None, bool(over), detail, started)
