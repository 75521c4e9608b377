"""Moving objects on S3, where there is no rename: copied, checked, and only then deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from soundlake.archive.files import LandedFile, MoveOutcome, is_left_out
from soundlake.aws import error_code, translate_errors
from soundlake.errors import SoundlakeError
from soundlake.settings.bucket import split_uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CopySourceTypeDef

_MISSING = ("404", "NoSuchKey")
_CHANGED = ("412", "PreconditionFailed", "ConditionalRequestConflict")
_MOST_IN_ONE_REQUEST = 5 * 1024**3  # S3 copies larger objects in parts only
_PART = 1024**3


class BucketFiles:
    """See `files.SourceFiles`: from one prefix to another, which may be in another bucket."""

    workers = 8
    resolution = 1000

    def __init__(self, root: str, aside: str, client: S3Client, put_options: Mapping[str, str]) -> None:
        """Files below `root` go below `aside`; `put_options` go with each copy, see `soundlake.s3.put_options`."""
        self._client = client
        self._put_options: dict[str, Any] = dict(put_options)
        self._bucket, prefix = split_uri(root)
        self._prefix = f"{prefix}/" if prefix else ""
        self._target_bucket, target = split_uri(aside)
        self._target = f"{target}/" if target else ""
        self.prefix = f"s3://{self._bucket}/{self._prefix}"

    def files(self) -> Iterator[LandedFile]:
        """See `SourceFiles`."""
        with translate_errors(self.prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            for page in pages:
                for item in page.get("Contents", ()):
                    name = item["Key"].removeprefix(self._prefix)
                    if not name.endswith("/") and not any(map(is_left_out, name.split("/"))):
                        modified = round(item["LastModified"].timestamp() * 1000)
                        yield LandedFile(name, modified, item["Size"], item["ETag"])

    def move(self, file: LandedFile) -> MoveOutcome:
        """See `SourceFiles`."""
        from botocore.exceptions import ClientError

        with translate_errors(self.prefix + file.name):
            try:
                found = self._target_tag(file)
                if found is not None and not self._is_same(file, found):
                    return MoveOutcome.TARGET_EXISTS
                if found is None:
                    self._copy(file)
                # Deleted only if it is still the object that was copied.
                self._client.delete_object(Bucket=self._bucket, Key=self._prefix + file.name, IfMatch=file.tag)
            except ClientError as error:
                if error_code(error) in _CHANGED:
                    return MoveOutcome.CHANGED
                if error_code(error) in _MISSING:
                    raise SoundlakeError(f"{self.prefix}{file.name}: removed while it was moved") from None
                raise
        return MoveOutcome.MOVED if found is None else MoveOutcome.COMPLETED

    def _copy(self, file: LandedFile) -> None:
        source: CopySourceTypeDef = {"Bucket": self._bucket, "Key": self._prefix + file.name}
        bucket, key = self._target_bucket, self._target + file.name
        options: dict[str, Any] = {"CopySourceIfMatch": file.tag, **self._put_options}
        if file.size <= _MOST_IN_ONE_REQUEST:
            self._client.copy_object(Bucket=bucket, Key=key, CopySource=source, **options)
        else:
            self._copy_in_parts(source, bucket, key, options)
        copied = self._target_tag(file)
        if copied is None or copied[0] != file.size:
            raise SoundlakeError(
                f"{self.prefix}{file.name}: the copy does not have its {file.size:,} bytes; left there"
            )

    def _copy_in_parts(self, source: CopySourceTypeDef, bucket: str, key: str, options: dict[str, Any]) -> None:
        from boto3.s3.transfer import TransferConfig

        config = TransferConfig(multipart_threshold=_MOST_IN_ONE_REQUEST, multipart_chunksize=_PART)
        self._client.copy(source, bucket, key, ExtraArgs=options, Config=config)

    def _target_tag(self, file: LandedFile) -> tuple[int, str] | None:
        """The size and ETag of the object at the target."""
        from botocore.exceptions import ClientError

        try:
            head = self._client.head_object(Bucket=self._target_bucket, Key=self._target + file.name)
        except ClientError as error:
            if error_code(error) in _MISSING:
                return None
            raise
        return head["ContentLength"], head["ETag"]

    def _is_same(self, file: LandedFile, found: tuple[int, str]) -> bool:
        """Equal ETags mean equal content. Copies of multipart uploads have others: then the bytes are compared."""
        size, tag = found
        if size != file.size:
            return False
        return tag == file.tag or self._digest(self._bucket, self._prefix + file.name, file.tag) == self._digest(
            self._target_bucket, self._target + file.name, tag
        )

    def _digest(self, bucket: str, key: str, tag: str) -> bytes:
        digest = sha256()
        body = self._client.get_object(Bucket=bucket, Key=key, IfMatch=tag)["Body"]
        for chunk in body.iter_chunks(1 << 20):
            digest.update(chunk)
        return digest.digest()
