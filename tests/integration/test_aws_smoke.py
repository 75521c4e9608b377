"""`conf/aws/smoke.sh` against moto, as far as moto goes: the script itself, with the real command line and launcher.

The stacks are deployed for what moto's CloudFormation knows, the records are put, jobs are started by the launcher, and
everything is torn down. What moto cannot prove, and only an account can:

- that a job runs: moto says SUCCESS to each request of its EMR Serverless, and no Spark starts;
- that Athena answers: a stand-in counts the records that were landed, and takes any SQL;
- resources that moto's CloudFormation does not know, and every permission.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.emrserverless import models as emr_serverless
from moto.kms.models import kms_backends

from helpers.aws_environment import REGION, set_credentials
from helpers.services.athena import Athena, Document, serving_athena
from helpers.services.moto import moto_server
from helpers.stack_on_moto import STAND_INS, outputs_kept
from soundlake.insights import load_insights
from soundlake.launch.paths import ROOT
from soundlake.launch.platforms import platform_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]  # thirty commands, each a process


@dataclass
class CountingAthena(Athena):
    """Answers how many records have landed, whatever it is asked."""

    columns: list[Document] = field(default_factory=lambda: [{"Name": "tracks", "Type": "bigint"}])
    landed: list[Document] = field(default_factory=list)

    def _StartQueryExecution(self, request: Document) -> Document:  # noqa: N802
        s3 = client("s3")
        for bucket in s3.list_buckets()["Buckets"]:
            for one in s3.list_objects_v2(Bucket=bucket["Name"], Prefix="records/").get("Contents", []):
                lines = s3.get_object(Bucket=bucket["Name"], Key=one["Key"])["Body"].read().splitlines()
                self.landed = [json.loads(line) for line in lines]
        self.rows = [[str(len(self.landed))]]
        return super()._StartQueryExecution(request)


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


def an_application() -> str:
    """An application of the default line's release, whose name moto does not know yet."""
    made = client("emr-serverless").create_application(name="x", releaseLabel="emr-7.12.0", type="SPARK")
    application: str = made["applicationId"]
    held = emr_serverless.emrserverless_backends["123456789012"][REGION].applications[application]
    held.release_label = platform_of("emr-serverless").releases[0]
    return application


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The script in a checkout whose commands are the real ones, with what moto does not know left out."""
    script = tmp_path / "conf" / "aws" / "smoke.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(ROOT / "conf" / "aws" / "smoke.sh", script)
    (tmp_path / "lib").symlink_to(ROOT / "lib")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    helper = f"{sys.executable} {ROOT / 'tests' / 'helpers' / 'stack_on_moto.py'}"
    commands = {
        ".venv/bin/python": sys.executable,
        ".venv/bin/soundlake": f"{helper} soundlake",
        "spark-submit.sh": f"{helper} launcher",
    }
    for name, command in commands.items():
        (tmp_path / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (tmp_path / name).chmod(0o755)
    return script


def environment(monkeypatch: pytest.MonkeyPatch, **more: str) -> dict[str, str]:
    """That of the script, and of clients here."""
    set_credentials(monkeypatch, **more)
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'lib'}:{ROOT / 'tests'}"}


def let_iam_decide(decides: bool) -> None:
    everybody = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]
    given = everybody if decides else []
    told = {"CreateDatabaseDefaultPermissions": given, "CreateTableDefaultPermissions": given}
    client("lakeformation").put_data_lake_settings(DataLakeSettings=told)


def test_it_deploys_sends_asks_and_tears_down(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    athena = CountingAthena()
    with moto_server("localhost") as aws, serving_athena(athena) as athena.url, outputs_kept():
        env = environment(monkeypatch, AWS_ENDPOINT_URL=aws, AWS_ENDPOINT_URL_ATHENA=athena.url)
        let_iam_decide(True)
        application = an_application()
        stand_ins = json.dumps({"Application": application, "WorkGroup": "soundlake-smoke"})

        done = subprocess.run([str(checkout)], env={**env, STAND_INS: stand_ins}, capture_output=True, text=True)

        assert done.returncode == 0, done.stdout + done.stderr
        assert len(athena.landed) == 1000
        assert {record["kind"] for record in athena.landed} == {"track"}
        runs = client("emr-serverless").list_job_runs(applicationId=application)["jobRuns"]
        started = [run["name"] for run in sorted(runs, key=lambda run: run["createdAt"])]
        assert started == ["soundlake-stream", "soundlake-build-insights", "soundlake-register-tables"]
        asked = done.stdout.partition("== every named query")[2]
        assert re.findall(r"^ok  (\w+)$", asked, re.MULTILINE) == sorted(insight.name for insight in load_insights())
        assert {request["WorkGroup"] for request in athena.requests("StartQueryExecution")} == {"soundlake-smoke"}
        assert client("cloudformation").describe_stacks()["Stacks"] == []
        assert client("s3").list_buckets()["Buckets"] == []
        held = client("emr-serverless").get_application(applicationId=application)["application"]
        assert held["state"] == "STOPPED"  # else CloudFormation could not delete it
        assert client("kinesis").list_streams()["StreamNames"] == []
        # By itself: moto cannot describe a key that CloudFormation has made.
        assert [key.key_state for key in kms_backends["123456789012"][REGION].keys.values()] == ["PendingDeletion"]


def test_what_the_account_refuses_ends_it_before_anything_is_made(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with moto_server("localhost") as aws:
        env = environment(monkeypatch, AWS_ENDPOINT_URL=aws)
        let_iam_decide(False)
        done = subprocess.run([str(checkout)], env=env, capture_output=True, text=True)
        assert done.returncode == 1
        assert "Lake Formation" in done.stdout + done.stderr
        assert client("cloudformation").describe_stacks()["Stacks"] == []
