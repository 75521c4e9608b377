"""The lease on a real S3 server, whose conditional puts are atomic."""

from __future__ import annotations

import pytest

from helpers.on_s3 import new_bucket
from helpers.services.object_store import ObjectStore
from soundlake.lease import lease
from soundlake.lock import TakenError
from soundlake.settings import load_settings


def test_a_second_driver_on_s3_is_refused_and_the_lease_is_free_afterwards(object_store: ObjectStore) -> None:
    bucket = new_bucket(object_store)
    sets = [f"s3.endpoint_url={object_store.url}", "s3.region=us-east-1", "lake.lease_wait=0 seconds"]
    settings = load_settings(sets=sets, lake=f"s3://{bucket}/lake", env={})
    with (
        lease(settings, "rebuild"),
        pytest.raises(TakenError, match="already at work on this lake: rebuild on"),
        lease(settings, "stream"),
    ):
        pass
    with lease(settings, "stream") as held:
        held.check()
    assert object_store.keys(bucket) == ["lake/_leases/writer.lock"]
