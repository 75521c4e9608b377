"""Secrets that stand elsewhere: options name a file or a secret of AWS Secrets Manager, and get what it holds."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest

from soundlake.errors import UsageError
from soundlake.settings import Settings, check_source, load_settings
from soundlake.settings.references import followed

JAAS = 'ScramLoginModule required username="lake" password="{}";'


def kafka(value: str) -> Settings:
    sets = ["source.kafka.bootstrap_servers=localhost:9092", f"source.kafka.options.sasl.jaas.config={value}"]
    return load_settings(sets=sets, source="kafka", env={})


def found(value: str) -> str:
    return followed("source.kafka.options", kafka(value).source.kafka.options)["sasl.jaas.config"]


def test_a_file_holds_an_option(tmp_path: Path) -> None:
    (tmp_path / "jaas").write_text(JAAS.format("from a file") + "\n", encoding="utf-8")
    assert found(f"${{file:{tmp_path}/jaas}}") == JAAS.format("from a file")


def test_a_reference_may_be_a_part_of_a_value(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from a file\n", encoding="utf-8")
    assert found(JAAS.format(f"${{file:{tmp_path}/password}}")) == JAAS.format("from a file")


@pytest.mark.usefixtures("emulated_aws")
def test_a_secret_of_secrets_manager_holds_an_option_by_name_or_arn_whole_or_by_key() -> None:
    text = json.dumps({"password": "from AWS"})
    arn = boto3.client("secretsmanager").create_secret(Name="lake/kafka", SecretString=text)["ARN"]
    assert found("${secretsmanager:lake/kafka}") == found(f"${{secretsmanager:{arn}}}") == text
    assert found("${secretsmanager:lake/kafka:password}") == found(f"${{secretsmanager:{arn}:password}}") == "from AWS"


def test_other_text_stays_as_it_is() -> None:
    for value in ("file:/etc/passwd", "${HOME}", "$file", "pass:word"):
        assert found(value) == value


def test_a_reference_that_leads_nowhere_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        check_source(kafka(f"${{file:{tmp_path}/none}}"))
    place = "source.kafka.options.sasl.jaas.config"
    assert list(caught.value.problems) == [f"{place}: cannot read {tmp_path}/none: No such file or directory"]


def test_a_launcher_elsewhere_does_not_look_for_the_files_of_the_jobs_machine() -> None:
    check_source(kafka("${file:/etc/soundlake/only-there}"), is_here=False)


@pytest.mark.usefixtures("emulated_aws")
@pytest.mark.parametrize("text", ["hunter2", '{"user": "hunter2"}', '["hunter2"]', '{"password": 1}'])
def test_a_secret_without_the_key_is_told_without_what_it_holds(text: str) -> None:
    boto3.client("secretsmanager").create_secret(Name="kafka", SecretString=text)
    with pytest.raises(UsageError, match="the secret kafka should be a JSON object with password") as caught:
        found("${secretsmanager:kafka:password}")
    assert "hunter2" not in str(caught.value)
