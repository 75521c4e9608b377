"""Errors of AWS: one line that says what failed, why, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import TokenRetrievalError

from soundlake.aws import open_client, translate_errors
from soundlake.errors import SoundlakeError


@pytest.mark.usefixtures("emulated_aws")
def test_an_upload_that_s3_refuses_says_why(tmp_path: Path) -> None:
    file = tmp_path / "jobs.zip"
    file.write_bytes(b"jobs")
    line = r"^uploading jobs\.zip: The specified bucket does not exist \(PutObject: NoSuchBucket\)$"
    with pytest.raises(SoundlakeError, match=line), translate_errors("uploading jobs.zip", "s3:PutObject"):
        open_client("s3").upload_file(str(file), "no-such-bucket", "jobs.zip")


def test_an_expired_login_says_what_to_set() -> None:
    line = "^the lake: .*Token has expired: set AWS_PROFILE, or AWS_REGION and credentials$"
    with pytest.raises(SoundlakeError, match=line), translate_errors("the lake"):
        raise TokenRetrievalError(provider="sso", error_msg="Token has expired.")
