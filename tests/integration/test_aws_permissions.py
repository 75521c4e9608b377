"""What the code calls is allowed by the role that calls it, there where it calls it; and nothing that nobody calls.

Calls are recorded where botocore makes them, while the code runs against moto. What others call with a role (Hadoop's
S3A, Spark's platforms) is named in OTHERS, with who calls it.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from types import FunctionType
from typing import Any

import boto3
import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from deltalake import write_deltalake

from helpers.aws_calls import Send, intercepted_by, permission
from helpers.aws_environment import set_credentials
from helpers.role_policies import ACCOUNT, ARTIFACTS, LAKE, LANDING, NAME, REGION, assume, granted
from helpers.services.moto import enforced, moto_server
from soundlake.aws import read_secret
from soundlake.catalog import glue
from soundlake.errors import SoundlakeError, UsageError
from soundlake.extract.credentials import load_credentials
from soundlake.extract.state import open_state
from soundlake.lease import lease
from soundlake.ops.row_ages import RowAges, reporting_ages
from soundlake.publishers.kinesis import KinesisPublisher
from soundlake.settings import Settings, load_settings
from soundlake.sources.kinesis.client import StreamAddress, connect, describe, list_shards
from soundlake.sources.kinesis.shard_reader import first_record
from soundlake.tables import TRACKS

SETTINGS = f"s3://{ARTIFACTS}/artifacts/settings"

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
    for bucket in (LAKE, LANDING, ARTIFACTS):
        s3.create_bucket(Bucket=bucket)
    for kind in ("stream", "batch"):
        s3.put_object(Bucket=ARTIFACTS, Key=f"artifacts/settings/{kind}/0/settings.toml", Body=b"")
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
    sets += [
        f"extract.state=s3://{LANDING}/extract-state",
        f"extract.secret_id={NAME}",
        f"source.kinesis.endpoint_url={aws}",
    ]
    lake = f"s3://{LAKE}/{hash(request.node.name)}"
    yield load_settings(lake=lake, sets=[*sets, f"s3.endpoint_url={aws}"], env={})
    logs.delete_log_group(logGroupName=NAME)
    secrets.delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)
    kinesis.delete_stream(StreamName=NAME)
    for table in glue.get_tables(DatabaseName=NAME)["TableList"]:
        glue.delete_table(DatabaseName=NAME, Name=table["Name"])
    glue.delete_database(Name=NAME)


@dataclass
class Calls:
    """The permissions that a piece of code needs: all of them, and those that it needs but nothing allows there."""

    needed: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)


def called(run: Callable[[], object], allowed: dict[str, set[str]]) -> Calls:
    """What a piece of code calls; `allowed` says where a role may call what."""
    calls, meanwhile = Calls(), iter([True])

    def see(service: str, operation: str, asked: dict[str, Any], send: Send) -> Any:
        action = permission(service, operation)
        calls.needed.add(action)
        for place in touched(service, asked):
            if not any(fnmatchcase(place, pattern) for pattern in allowed.get(action, ())):
                calls.refused.add(f"{action} {place}")
        if operation == "UpdateTable" and next(meanwhile, False):  # somebody else changes it: it is looked at again
            raise ClientError({"Error": {"Code": "ConcurrentModificationException"}}, operation)
        return send()

    with intercepted_by(see):
        run()
    return calls


def touched(service: str, asked: dict[str, Any]) -> list[str]:
    """The ARNs of all that a request has to be allowed for."""
    of = f"arn:aws:{service}:{REGION}:{ACCOUNT}"
    if service == "s3":
        return [f"arn:aws:s3:::{asked['Bucket']}" + (f"/{asked['Key']}" if "Key" in asked else "")]
    if service == "kinesis":
        return [f"{of}:stream/{asked.get('StreamName', NAME)}"]  # an iterator is of a stream
    if service == "secretsmanager":
        return [f"{of}:secret:{asked['SecretId']}"]
    if service == "logs":
        return [f"{of}:log-group:{asked['logGroupName']}:log-stream:{asked.get('logStreamName', '')}"]
    assert service == "glue", service
    # https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html: a table, and all that it is in
    if "DatabaseName" not in asked:
        return [f"{of}:catalog", f"{of}:database/{asked['Name']}"]
    table = asked.get("Name") or asked.get("TableInput", {}).get("Name", "")
    return [f"{of}:catalog", f"{of}:database/{asked['DatabaseName']}", f"{of}:table/{asked['DatabaseName']}/{table}"]


def write(settings: Settings, *columns: str) -> None:
    """Let a table have these columns."""
    options = {"AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"], "AWS_ALLOW_HTTP": "true", "AWS_REGION": REGION}
    rows = pa.table({name: ["a"] for name in columns})
    uri = f"{settings.lake.uri}/{TRACKS.path}"
    write_deltalake(uri, rows, mode="append", schema_mode="merge", storage_options=options)


def every_job(settings: Settings, kind: str = "batch") -> None:
    """Settings are read, the lease is held, tables are registered and, where they have changed, again."""
    load_settings(f"{SETTINGS}/{kind}/0/settings.toml", env={})
    with lease(settings, "stream") as held:
        held.check()
    for columns in (["track_id"], ["track_id", "track_name"]):
        write(settings, *columns)
        glue.register(settings, [TRACKS])


def stream(settings: Settings) -> None:
    """Every job's, a stream of Kinesis, a secret of Kafka's, and how old the newest rows are."""
    every_job(settings, "stream")
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
    places = granted(role)
    calls, allowed = called(lambda: run(world), places), set(places)
    assert calls.refused == set()
    assert calls.needed - allowed == set()
    assert allowed - calls.needed - set(OTHERS[role]) == set()
    assert set(OTHERS[role]) - allowed == set()


@pytest.mark.parametrize(
    ("role", "run"), [("StreamRole", stream), ("BatchRole", every_job), ("ExtractRole", extraction)]
)
def test_a_server_that_enforces_the_policies_of_a_role_lets_it_work(
    world: Settings, monkeypatch: pytest.MonkeyPatch, role: str, run: Callable[[Settings], None]
) -> None:
    """What is sent without boto3 is seen here too: Delta's reader has a client of its own."""
    for name, value in assume(role).items():
        monkeypatch.setenv(name, value)
    connect.cache_clear()  # its client has the credentials of the test before
    with enforced():
        run(world)
    connect.cache_clear()


def test_a_server_that_enforces_the_policies_of_a_role_refuses_what_they_do_not_allow(
    world: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in assume("BatchRole").items():
        monkeypatch.setenv(name, value)
    with enforced(), pytest.raises(UsageError, match="AccessDenied"):
        load_settings(f"{SETTINGS}/stream/0/settings.toml", env={})
    with enforced(), pytest.raises(SoundlakeError, match="GetSecretValue is not allowed"):
        read_secret(NAME)


@pytest.mark.parametrize(
    ("role", "kind"), [("StreamRole", "batch"), ("BatchRole", "stream"), ("ExtractRole", "stream")]
)
def test_the_settings_of_a_kind_of_job_are_read_by_its_role_only(world: Settings, role: str, kind: str) -> None:
    """Those of a stream may hold secrets of its source."""
    read = called(lambda: load_settings(f"{SETTINGS}/{kind}/0/settings.toml", env={}), granted(role))
    assert read.refused == {f"s3:GetObject arn:aws:s3:::{ARTIFACTS}/artifacts/settings/{kind}/0/settings.toml"}


def ask_glue_from(room: str) -> None:
    """Ask for a table that is not there, by code of this module."""
    code = compile("glue.get_table(DatabaseName=name, Name=name)", "code of this room", "exec")
    FunctionType(
        code, {"__name__": f"{room}.made_up", "glue": boto3.client("glue", region_name=REGION), "name": NAME}
    )()


def test_in_every_test_a_call_without_permission_fails(world: Settings, refused: list[str]) -> None:
    """Extraction has no business in Glue."""
    with pytest.raises(pytest.fail.Exception, match="glue:GetTable is called"):
        ask_glue_from("soundlake.extract")
    assert len(refused) == 1
    refused.clear()  # else this test fails at its end


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_call_of_a_thread_is_seen_too(world: Settings, refused: list[str]) -> None:
    asking = threading.Thread(target=ask_glue_from, args=("soundlake.extract",))
    asking.start()
    asking.join()
    assert len(refused) == 1
    refused.clear()


@pytest.mark.parametrize("room", ["soundlake.lease", "soundlake.launch.aws"])
def test_in_every_test_jobs_call_what_their_role_may_and_launchers_what_a_person_may(
    world: Settings, room: str
) -> None:
    with pytest.raises(ClientError, match="EntityNotFound"):
        ask_glue_from(room)
