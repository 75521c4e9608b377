"""The role of the stack's jobs is enough for what Spark itself asks of S3, on a server that enforces its policies.

What Spark's file system asks does not go through botocore: it is recorded where the server decides on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from moto.core.authorization import ActionAuthenticatorMixin
from pyspark.sql import SparkSession

from helpers.aws_environment import set_credentials
from helpers.on_s3 import settings_on
from helpers.records import envelope
from helpers.role_policies import LAKE, NAME, REGION, assume, granted
from helpers.services.moto import enforced
from soundlake import stream
from soundlake.lake import Lake
from soundlake.ops.leases import leased
from soundlake.ops.maintenance import maintain
from soundlake.settings import Settings
from soundlake.tables import BATCHES

# With an object store the session has Spark's S3 file system.
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("object_store")]

TEMPORARY = "org.apache.hadoop.fs.s3a.TemporaryAWSCredentialsProvider"


@contextmanager
def decided() -> Iterator[set[str]]:
    """The actions that servers of this process decide on meanwhile."""
    actions, decide = set[str](), ActionAuthenticatorMixin._authenticate_and_authorize_action

    def see(self: Any, by: type, resource: str = "*") -> None:
        action = self._get_action()
        actions.add(action[0] if isinstance(action, list) else action)
        decide(self, by, resource)

    with patch.object(ActionAuthenticatorMixin, "_authenticate_and_authorize_action", see):
        yield actions


@pytest.fixture
def settings(spark: SparkSession, aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A lake in the stack's bucket, two files of tracks, and the credentials of the stream's role, for Spark too."""
    set_credentials(monkeypatch, REGION, AWS_ENDPOINT_URL=aws)
    boto3.client("s3", region_name=REGION).create_bucket(Bucket=LAKE)
    boto3.client("glue", region_name=REGION).create_database(DatabaseInput={"Name": NAME})
    for number in range(2):
        (tmp_path / f"{number}.ndjson").write_text(json.dumps(envelope("track", {"id": f"t{number}"})))
    sets = ("catalog.type=glue", f"catalog.database={NAME}", f"catalog.endpoint_url={aws}")
    files = (f"source.files.path={tmp_path}", "source.files.max_files_per_trigger=1")
    role = assume("StreamRole")
    for name, value in role.items():
        monkeypatch.setenv(name, value)
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()
    for option, value in {
        "aws.credentials.provider": TEMPORARY,
        "access.key": role["AWS_ACCESS_KEY_ID"],
        "secret.key": role["AWS_SECRET_ACCESS_KEY"],
        "session.token": role["AWS_SESSION_TOKEN"],
    }.items():
        hadoop.set(f"fs.s3a.bucket.{LAKE}.{option}", value)
    return settings_on(spark, aws, LAKE, *sets, *files)


def test_a_stream_and_its_maintenance_need_no_more_than_their_role_has(spark: SparkSession, settings: Settings) -> None:
    with enforced(), decided() as actions:
        assert stream.run(spark, settings, once=True)
        with leased(settings, "maintain") as lake:
            maintain(spark, lake, settings)
        accepted = Lake(settings.lake.uri).read(spark, BATCHES).agg({"accepted": "sum"}).collect()[0][0]
    assert accepted == 2
    # No code of Soundlake asks for these two: Spark is what the role has them for.
    assert {"DeleteObject", "ListBucket"} <= actions


def test_batch_jobs_may_do_with_the_lake_what_a_stream_may() -> None:
    def of_lake(role: str) -> set[str]:
        bucket = f"arn:aws:s3:::{LAKE}"
        return {action for action, places in granted(role).items() if places & {bucket, f"{bucket}/*"}}

    assert of_lake("BatchRole") == of_lake("StreamRole")
