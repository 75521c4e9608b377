"""A real S3 server (SeaweedFS) of its own folder: conditional puts are atomic, as on S3."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from helpers.services.kinesis import CREDENTIALS
from helpers.services.ports import free_ports
from helpers.services.process import ServiceProcess

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The session's Spark has one identity for all services of the tests.
ACCESS_KEY, SECRET_KEY = CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"]
REGION = "us-east-1"
_WEED = Path(sys.executable).with_name("weed")
_SECONDS_TO_START = 60


@dataclass(frozen=True)
class ObjectStore:
    """A running server."""

    url: str

    def client(self) -> S3Client:
        """Return a client of this server."""
        return s3_client(self.url)

    def make_bucket(self, name: str) -> str:
        """Make a bucket and return its s3:// URI."""
        self.client().create_bucket(Bucket=name)
        return f"s3://{name}"

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The keys of the objects below a prefix."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    @property
    def storage_options(self) -> dict[str, str]:
        """What delta-rs needs to read from here."""
        return storage_options(self.url)


def s3_client(url: str) -> S3Client:
    """Return a client of a server at this URL."""
    config = Config(retries={"total_max_attempts": 2}, s3={"addressing_style": "path"})
    return boto3.client(
        "s3",
        endpoint_url=url,
        config=config,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )


def storage_options(url: str) -> dict[str, str]:
    """What delta-rs needs to read from a server at this URL."""
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": url,
        "AWS_ALLOW_HTTP": "true",
    }


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Run a server on free ports of this machine, over a folder that goes with it."""
    with TemporaryDirectory(prefix="soundlake-weed-") as folder:
        names = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc")
        s3, s3_grpc, *others = free_ports(2 + len(names))
        accounts = Path(folder) / "accounts.json"
        keys = {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}
        identity = {"name": "tests", "credentials": [keys], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        accounts.write_text(json.dumps({"identities": [identity]}))
        (Path(folder) / "data").mkdir()
        options = {
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "dir": f"{folder}/data",
            "master.telemetry": "false",
            "master.volumeSizeLimitMB": 64,
            "volume.max": 0,
            "s3.port": s3,
            "s3.port.grpc": s3_grpc,
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.config": accounts,
            **dict(zip(names, others, strict=True)),
        }
        arguments = [f"-{name}={value}" for name, value in options.items()]
        command = [str(_WEED), "-logtostderr=true", "server", "-s3", *arguments]
        environment = {**os.environ, "HOME": folder}
        process = ServiceProcess(command, Path(folder) / "weed.log", environment)
        store = ObjectStore(f"http://127.0.0.1:{s3}")
        try:
            process.await_ready(lambda: _answers(store), _SECONDS_TO_START)
            yield store
        finally:
            process.kill()  # it would take ten seconds to put in order what goes with it


def _answers(store: ObjectStore) -> bool:
    try:
        s3 = store.client()
        s3.create_bucket(Bucket="is-it-ready")
        s3.put_object(Bucket="is-it-ready", Key="it-is", Body=b"x")
    except (BotoCoreError, ClientError):
        return False
    return True
