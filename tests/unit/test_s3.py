"""What Spark is told of S3, and what an S3 URI is called where."""

from __future__ import annotations

import pytest

from soundlake.s3 import for_spark, on_s3, spark_conf, uses_s3
from soundlake.settings import Settings, load_settings


def settings(*sets: str, lake: str = "s3://bucket/lake") -> Settings:
    return load_settings(sets=list(sets), lake=lake, env={})


def told(*sets: str) -> dict[str, str]:
    return {name.removeprefix("spark.hadoop.fs.s3a."): value for name, value in spark_conf(settings(*sets)).items()}


@pytest.fixture(autouse=True)
def _no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


def test_both_names_of_s3_mean_the_same_place() -> None:
    assert {for_spark(uri) for uri in ("s3://b/lake", "s3a://b/lake")} == {"s3a://b/lake"}
    assert {on_s3(uri) for uri in ("s3://b/lake/", "s3a://b/lake")} == {"s3://b/lake"}
    assert (for_spark("/a/lake"), on_s3("/a/lake"), for_spark("s3")) == ("/a/lake", "/a/lake", "s3")


def test_s3_is_used_by_a_lake_or_by_files_on_it() -> None:
    assert uses_s3(settings())
    assert uses_s3(settings("source.files.path=s3a://landing/records", lake="lake"))
    assert not uses_s3(settings("source.files.path=s3a://landing/records", "source.type=kafka", lake="lake"))
    assert not uses_s3(settings(lake="lake"))


def test_on_aws_only_the_bounds_of_retries_are_set() -> None:
    names = {"endpoint", "endpoint.region", "path.style.access", "encryption.key"}
    assert not names & told().keys()
    assert {told("s3.attempts=3")[name] for name in ("attempts.maximum", "retry.limit", "retry.throttle.limit")} == {
        "3"
    }


def test_another_endpoint_is_asked_by_path_and_with_some_region() -> None:
    conf = told("s3.endpoint_url=http://127.0.0.1:9000")
    assert conf["endpoint"] == "http://127.0.0.1:9000"
    assert conf["path.style.access"] == "true"
    assert conf["endpoint.region"] == "us-east-1"
    assert "path.style.access" not in told("s3.endpoint_url=https://s3.example.org", "s3.path_style=false")


def test_the_region_is_the_settings_else_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert told()["endpoint.region"] == "eu-central-1"
    assert told("s3.region=ap-northeast-1")["endpoint.region"] == "ap-northeast-1"


def test_a_kms_key_encrypts_what_is_written() -> None:
    conf = told("s3.kms_key_id=arn:aws:kms:eu-central-1:111122223333:key/one")
    assert conf["encryption.algorithm"] == "SSE-KMS"
    assert conf["encryption.key"].endswith("key/one")


def test_no_credentials_are_among_what_spark_is_told() -> None:
    assert not any("access.key" in name or "secret" in name or "token" in name for name in told())
