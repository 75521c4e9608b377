"""The files that jobs need, uploaded once: a key contains the hash of the content, so nothing is overwritten."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from soundlake.aws import error_code, translate_errors
from soundlake.errors import SoundlakeError
from soundlake.launch.report import say

_EXPIRES = "soundlake=expires"  # the tag that a rule of conf/aws/storage.yaml is about


@dataclass(frozen=True)
class Artifact:
    """A file below the artifacts of a bucket: what it is, its key, and how it is made where it is not there yet.

    One that `expires` is uploaded for each run: the bucket of the stack deletes it a month after the last.
    """

    what: str
    bucket: str
    key: str
    make: Callable[[], Path | bytes]
    expires: bool = False

    @property
    def uri(self) -> str:
        """Where it stands."""
        return f"s3://{self.bucket}/{self.key}"


def digest(*parts: bytes) -> str:
    """Sixteen digits that stand for these bytes."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(len(part).to_bytes(8, "big") + part)
    return sha.hexdigest()[:16]


def check_bucket(s3: Any, bucket: str) -> None:
    """Raise SoundlakeError where there is no such bucket, or where it may not be used."""
    try:
        with translate_errors(f"the bucket {bucket}", "s3:ListBucket"):
            _head(s3.head_bucket, bucket, Bucket=bucket)
    except FileNotFoundError:
        raise SoundlakeError(f"deploy.bucket: there is no bucket {bucket}: soundlake deploy makes one") from None


def upload(s3: Any, artifacts: Iterable[Artifact]) -> None:
    """Upload what is not there yet; raises SoundlakeError where that is refused."""
    for artifact in artifacts:
        if not artifact.expires and _is_there(s3, artifact):
            continue
        made = artifact.make()
        size = len(made) if isinstance(made, bytes) else made.stat().st_size
        say(f"uploading {artifact.what} ({size / 1e6:.1f} MB) to {artifact.uri}")
        with translate_errors(f"uploading {artifact.uri}", "s3:PutObject"):
            # An object is there whole or not at all, also where the upload is cut off.
            if isinstance(made, bytes):
                tag = {"Tagging": _EXPIRES} if artifact.expires else {}
                s3.put_object(Bucket=artifact.bucket, Key=artifact.key, Body=made, **tag)
            else:
                s3.upload_file(str(made), artifact.bucket, artifact.key)


def remove_below(s3: Any, bucket: str, folder: str, keep: str = "") -> None:
    """Remove the files below a folder of a bucket, but for that with the key `keep`."""
    with translate_errors(f"removing s3://{bucket}/{folder}", "s3:DeleteObject"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder):
            for key in (found["Key"] for found in page.get("Contents", [])):
                if key != keep:
                    s3.delete_object(Bucket=bucket, Key=key)


def _is_there(s3: Any, artifact: Artifact) -> bool:
    try:
        with translate_errors(f"looking for {artifact.uri}", "s3:GetObject"):
            _head(s3.head_object, artifact.uri, Bucket=artifact.bucket, Key=artifact.key)
    except FileNotFoundError:
        return False
    return True


def _head(call: Callable[..., Any], what: str, **names: str) -> None:
    try:
        call(**names)
    except ClientError as error:
        if error_code(error) in ("404", "NoSuchKey", "NoSuchBucket", "NotFound"):
            raise FileNotFoundError(what) from None
        raise
