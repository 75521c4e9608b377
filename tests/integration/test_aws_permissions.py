"""What the code calls is allowed by the role that calls it, and a role is allowed nothing that nobody calls.

Calls are recorded where botocore makes them, while the code runs against moto. What others call with a role (Hadoop's
S3A, Spark's platforms) is named in OTHERS, with who calls it.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import boto3
import botocore.client
import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from deltalake import write_deltalake

from helpers import templates
from helpers.aws_environment import set_credentials
from helpers.services.moto import moto_server
from soundlake.aws import read_secret
from soundlake.catalog import glue
from soundlake.extract.credentials import load_credentials
from soundlake.extract.state import open_state
from soundlake.lease import lease
from soundlake.ops.row_ages import RowAges, reporting_ages
from soundlake.publishers.kinesis import KinesisPublisher
from soundlake.settings import Settings, load_settings
from soundlake.sources.kinesis.client import StreamAddress, connect, describe, list_shards
from soundlake.sources.kinesis.shard_reader import first_record
from soundlake.tables import TRACKS

REGION = "us-east-1"
BUCKET = "permissions"
NAME = "permissions"  # of the database, the stream and the secret; moto has one account for all tests
# Operations of S3 whose permission has another name.
_S3 = {"HeadObject": "GetObject", "ListObjectsV2": "ListBucket", "HeadBucket": "ListBucket"}

S3A = "Hadoop's S3A, which reads and writes tables"
PLATFORM = "EMR Serverless and Glue, which log and measure with the job's role"
ENCRYPTED = "S3, Kinesis or SNS on behalf of who calls them, for what the key encrypts"
OTHERS = {
    "StreamRole": {
        "s3:AbortMultipartUpload": S3A,
        "s3:DeleteObject": S3A,
        "s3:GetBucketLocation": S3A,
        "s3:ListBucket": S3A,
        "kms:Decrypt": ENCRYPTED,
        "kms:GenerateDataKey": ENCRYPTED,
        "logs:AssociateKmsKey": PLATFORM,
        "logs:CreateLogGroup": PLATFORM,
        "logs:CreateLogStream": PLATFORM,
        "logs:DescribeLogGroups": PLATFORM,
        "logs:DescribeLogStreams": PLATFORM,
        "logs:PutLogEvents": PLATFORM,
        "cloudwatch:PutMetricData": PLATFORM,
        "kafka-cluster:Connect": "the Kafka client, with IAM",
        "kafka-cluster:DescribeCluster": "the Kafka client, with IAM",
        "kafka-cluster:DescribeTopic": "the Kafka client, with IAM",
        "kafka-cluster:ReadData": "the Kafka client, with IAM",
        "glue:GetConnection": "Glue, for its network",
        "ec2:CreateNetworkInterface": "Glue, for its network",
        "ec2:CreateTags": "Glue, for its network",
        "ec2:DeleteNetworkInterface": "Glue, for its network",
        "ec2:DescribeNetworkInterfaces": "Glue, for its network",
        "ec2:DescribeRouteTables": "Glue, for its network",
        "ec2:DescribeSecurityGroups": "Glue, for its network",
        "ec2:DescribeSubnets": "Glue, for its network",
        "ec2:DescribeVpcAttribute": "Glue, for its network",
        "ec2:DescribeVpcEndpoints": "Glue, for its network",
    },
    "ExtractRole": {
        "kms:Decrypt": ENCRYPTED,
        "kms:GenerateDataKey": ENCRYPTED,
        "logs:CreateLogStream": "Lambda",
        "logs:PutLogEvents": "Lambda",
        "sns:Publish": "Lambda, for what has failed",
        "s3:ListBucket": "S3, which says “not there” and not “forbidden” to who may list",
    },
}
OTHERS["BatchRole"] = {
    action: who
    for action, who in OTHERS["StreamRole"].items()
    if action.partition(":")[0] not in ("ec2", "kafka-cluster") and action != "glue:GetConnection"
}


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch, aws: str) -> None:
    set_credentials(monkeypatch, REGION, AWS_ENDPOINT_URL=aws)


@pytest.fixture
def world(aws: str, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """A bucket with settings, a database, a stream and a secret, as the stack makes them."""
    s3, glue = boto3.client("s3", region_name=REGION), boto3.client("glue", region_name=REGION)
    kinesis, secrets = boto3.client("kinesis", region_name=REGION), boto3.client("secretsmanager", region_name=REGION)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="settings.toml", Body=b"")
    glue.create_database(DatabaseInput={"Name": NAME})
    kinesis.create_stream(StreamName=NAME, ShardCount=1)
    secrets.create_secret(Name=NAME, SecretString=json.dumps({"client_id": "x"}))
    logs = boto3.client("logs", region_name=REGION)
    logs.create_log_group(logGroupName=NAME)
    sets = [
        "catalog.type=glue",
        f"source.kinesis.stream={NAME}",
        f"catalog.database={NAME}",
        f"source.kinesis.region={REGION}",
    ]
    sets += [f"extract.state=s3://{BUCKET}/state", f"extract.secret_id={NAME}", f"source.kinesis.endpoint_url={aws}"]
    yield load_settings(lake=f"s3://{BUCKET}/{hash(request.node.name)}", sets=[*sets, f"s3.endpoint_url={aws}"], env={})
    logs.delete_log_group(logGroupName=NAME)
    secrets.delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)
    kinesis.delete_stream(StreamName=NAME)
    for table in glue.get_tables(DatabaseName=NAME)["TableList"]:
        glue.delete_table(DatabaseName=NAME, Name=table["Name"])
    glue.delete_database(Name=NAME)


def called(run: Callable[[], None]) -> set[str]:
    """The permissions that a piece of code needs for what it calls."""
    real, needed = botocore.client.BaseClient._make_api_call, set[str]()  # type: ignore[attr-defined]
    meanwhile = iter([True])

    def record(self: Any, operation: str, parameters: Any) -> Any:
        service = self.meta.service_model.signing_name
        needed.add(f"{service}:{_S3.get(operation, operation) if service == 's3' else operation}")
        if operation == "UpdateTable" and next(meanwhile, False):  # somebody else changes it: it is looked at again
            raise ClientError({"Error": {"Code": "ConcurrentModificationException"}}, operation)
        return real(self, operation, parameters)

    with patch.object(botocore.client.BaseClient, "_make_api_call", record):
        run()
    return needed


def granted(role: str) -> set[str]:
    """All actions that the stack allows a role."""
    found = set[str]()
    for resource in templates.main(user=None)["Resources"].values():
        if resource["Type"] == "AWS::IAM::Policy" and {"Ref": role} in resource["Properties"]["Roles"]:
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                actions = statement["Action"]
                found |= set(actions if isinstance(actions, list) else [actions])
    return found


def write(settings: Settings, *columns: str) -> None:
    """Let a table have these columns."""
    options = {"AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"], "AWS_ALLOW_HTTP": "true", "AWS_REGION": REGION}
    rows = pa.table({name: ["a"] for name in columns})
    told = {**options, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    uri = f"{settings.lake.uri}/{TRACKS.path}"
    write_deltalake(uri, rows, mode="append", schema_mode="merge", storage_options=told)


def every_job(settings: Settings) -> None:
    """Settings are read, the lease is held, tables are registered and, where they have changed, again."""
    load_settings(f"s3://{BUCKET}/settings.toml", env={})
    with lease(settings, "stream") as held:
        held.check()
    for columns in (["track_id"], ["track_id", "track_name"]):
        write(settings, *columns)
        glue.register(settings, [TRACKS])


def stream(settings: Settings) -> None:
    """Every job's, a stream of Kinesis, a secret of Kafka's, and how old the newest rows are."""
    every_job(settings)
    client = connect(StreamAddress(NAME, REGION, settings.source.kinesis.endpoint_url))
    describe(client, NAME)
    (shard,) = list_shards(client, NAME)
    first_record(client, NAME, shard.name)
    read_secret(NAME)
    looked = threading.Semaphore(0)

    def look() -> list[Any]:
        looked.release()
        return []

    with reporting_ages(NAME, RowAges(datetime.now(UTC)), look, seconds=0.01):
        for _ in range(2):  # what the first look says is sent before the second
            assert looked.acquire(timeout=20)


def extraction(settings: Settings) -> None:
    """Credentials, the state of a walk, and what it publishes."""
    load_credentials(settings, {})
    with open_state(settings) as state:
        state.read("walk")
        state.write("walk", {})
        state.remove("walk")
    with KinesisPublisher(settings) as publisher:
        publisher.publish_all("track", ["a"], [b"{}"])


@pytest.mark.parametrize(
    ("role", "run"), [("StreamRole", stream), ("BatchRole", every_job), ("ExtractRole", extraction)]
)
def test_a_role_is_allowed_what_is_called_with_it_and_nothing_else(
    world: Settings, role: str, run: Callable[[Settings], None]
) -> None:
    needed = called(lambda: run(world))
    allowed = granted(role)
    assert needed - allowed == set()
    assert allowed - needed - set(OTHERS[role]) == set()
    assert set(OTHERS[role]) - allowed == set()
