"""A disk that is full is named as what stopped a job, whoever noticed it first."""

from __future__ import annotations

import errno
import os

import pytest
from pyspark.errors import PySparkException

from soundlake.errors import SoundlakeError
from soundlake.storage import full_disk_named

FULL = os.strerror(errno.ENOSPC)


@pytest.mark.parametrize(
    "error",
    [
        SoundlakeError(f"the query ingest stopped: java.io.IOException: {FULL}"),
        PySparkException(f"Caused by: java.io.IOException: {FULL}"),
        OSError(errno.ENOSPC, FULL),
    ],
    ids=["a query", "Spark", "Python"],
)
def test_a_full_disk_is_said_with_its_place_and_what_to_do(error: Exception) -> None:
    said = r"the disk of /lake is full.*make space and start again"
    with pytest.raises(SoundlakeError, match=said), full_disk_named("/lake"):
        raise error


@pytest.mark.parametrize("error", [SoundlakeError("something else"), OSError(errno.EACCES, "Permission denied")])
def test_other_errors_pass_as_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, full_disk_named("/lake"):
        raise error
    assert raised.value is error
