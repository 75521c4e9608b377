"""What AWS's documentation asks of the templates, rule by rule: each of them would have failed in a real account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from helpers import templates
from soundlake.launch.aws import deploy, stack

pytestmark = pytest.mark.heavy

Document = dict[str, Any]
TEMPLATES = {"storage": stack.storage(), "soundlake": templates.main(user=None)}
SOURCE_KEYS = ("aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID")


def resources(kind: str) -> dict[str, Document]:
    found = {**TEMPLATES["storage"]["Resources"], **TEMPLATES["soundlake"]["Resources"]}
    return {name: resource for name, resource in found.items() if resource["Type"] == kind}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements_of(role: str) -> Iterator[Document]:
    """All that a role is allowed, by the policies in it and beside it."""
    properties = resources("AWS::IAM::Role")[role]["Properties"]
    for policy in properties.get("Policies", []):
        yield from policy["PolicyDocument"]["Statement"]
    for policy in resources("AWS::IAM::Policy").values():
        if {"Ref": role} in policy["Properties"]["Roles"]:
            yield from policy["Properties"]["PolicyDocument"]["Statement"]


def actions_of(role: str) -> set[str]:
    return {action for statement in statements_of(role) for action in listed(statement["Action"])}


def on_the_key(role: str) -> set[str]:
    """What a role may do with the lake's key."""
    mine = (statement for statement in statements_of(role) if {"Ref": "KeyArn"} in listed(statement["Resource"]))
    return {action for statement in mine for action in listed(statement["Action"])}


def granted_to(service: str, document: Document) -> list[Document]:
    """The statements of a resource's policy that name a service, as it calls itself everywhere or in a region."""
    spelled = (service, {"Fn::Sub": service})
    allowed = (one for one in document["Statement"] if one["Effect"] == "Allow" and isinstance(one["Principal"], dict))
    return [one for one in allowed if any(name in spelled for name in listed(one["Principal"].get("Service")))]


def key_policy() -> Document:
    (key,) = resources("AWS::KMS::Key").values()
    policy: Document = key["Properties"]["KeyPolicy"]
    return policy


def topic_policy() -> Document:
    (policy,) = resources("AWS::SNS::TopicPolicy").values()
    document: Document = policy["Properties"]["PolicyDocument"]
    return document


def test_who_reads_the_input_of_an_encrypted_schedule_may_decrypt_it() -> None:
    for name, schedule in resources("AWS::Scheduler::Schedule").items():
        role = schedule["Properties"]["Target"]["RoleArn"]["Fn::GetAtt"][0]
        assert "KmsKeyArn" not in schedule["Properties"] or "kms:Decrypt" in on_the_key(role), name


@pytest.mark.parametrize("service", ["events.amazonaws.com", "cloudwatch.amazonaws.com"])
def test_who_publishes_to_the_encrypted_topic_may_use_its_key(service: str) -> None:
    (topic,) = resources("AWS::SNS::Topic").values()
    assert topic["Properties"]["KmsMasterKeyId"] == {"Ref": "KeyArn"}
    grants = granted_to(service, key_policy())
    assert {"kms:Decrypt", "kms:GenerateDataKey*"} <= {action for one in grants for action in listed(one["Action"])}
    assert granted_to(service, topic_policy())


def test_nothing_that_eventbridge_sends_no_key_for_is_a_condition_on_it() -> None:
    for document in (key_policy(), topic_policy()):
        for statement in granted_to("events.amazonaws.com", document):
            assert not any(key in json.dumps(statement.get("Condition", {})) for key in SOURCE_KEYS), statement


# What a service tells of itself when it takes a role, as AWS documents it; of others nothing is written.
# Scheduler: https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html
# Step Functions: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
# EventBridge: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
# Firehose: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CreateFirehoseStream.html
SENT_WITH_A_ROLE = {
    "events.amazonaws.com": "aws:SourceAccount",
    "firehose.amazonaws.com": "sts:ExternalId",
    "scheduler.amazonaws.com": "aws:SourceAccount",
    "states.amazonaws.com": "aws:SourceAccount",
}


def test_no_role_asks_a_service_for_what_it_may_not_send() -> None:
    """A condition on a key that is not sent is false: nobody could take the role."""
    for name, role in resources("AWS::IAM::Role").items():
        for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
            for operator, keys in statement.get("Condition", {}).items():
                sent = {SENT_WITH_A_ROLE.get(service) for service in listed(statement["Principal"]["Service"])}
                assert operator.endswith("IfExists") or sent == set(keys), name


def test_a_rule_names_no_role_for_a_topic() -> None:
    for rule in resources("AWS::Events::Rule").values():
        for target in rule["Properties"]["Targets"]:
            assert ("RoleArn" in target) == (target["Arn"] != {"Ref": "Topic"})


def test_what_a_rule_or_a_schedule_starts_its_role_may_start_in_this_stack() -> None:
    targets = [target for rule in resources("AWS::Events::Rule").values() for target in rule["Properties"]["Targets"]]
    targets += [one["Properties"]["Target"] for one in resources("AWS::Scheduler::Schedule").values()]
    machines = [one for one in targets if one["Arn"].get("Ref") in resources("AWS::StepFunctions::StateMachine")]
    assert len(machines) == 3
    for target in machines:
        starting = [
            one for one in statements_of(target["RoleArn"]["Fn::GetAtt"][0]) if one["Action"] == "states:StartExecution"
        ]
        assert target["Arn"] in [one["Resource"] for one in starting], target


def test_encrypted_log_groups_are_open_to_the_service_that_writes_them() -> None:
    (grant,) = granted_to("logs.${AWS::Region}.amazonaws.com", key_policy())
    assert list(grant["Condition"]) == ["ArnLike"]
    assert all(
        group["Properties"]["KmsKeyId"] and group["Properties"]["RetentionInDays"]
        for group in resources("AWS::Logs::LogGroup").values()
    )


def test_the_extraction_logs_into_a_group_of_the_stack() -> None:
    (function,) = resources("AWS::Lambda::Function").values()
    group = function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
    assert group in resources("AWS::Logs::LogGroup")
    assert "logs:CreateLogGroup" not in actions_of("ExtractRole")


def test_firehose_has_the_log_stream_that_it_is_told_to_write() -> None:
    (delivery,) = resources("AWS::KinesisFirehose::DeliveryStream").values()
    told = delivery["Properties"]["ExtendedS3DestinationConfiguration"]["CloudWatchLoggingOptions"]
    assert told["LogStreamName"]["Ref"] in resources("AWS::Logs::LogStream")


# Who comes to what the key encrypts. Firehose keeps and delivers records as its role; Lambda reads the variables of a
# function, and Glue and EMR Serverless write logs, as the role of what runs.
CALLERS: dict[str, dict[str, set[str]]] = {
    "AWS::Kinesis::Stream": {"StreamRole": {"kms:Decrypt"}, "ExtractRole": {"kms:GenerateDataKey"}},
    "AWS::KinesisFirehose::DeliveryStream": {"DeliveryRole": {"kms:Decrypt", "kms:GenerateDataKey"}},
    "AWS::SecretsManager::Secret": {"ExtractRole": {"kms:Decrypt"}},
    "AWS::Lambda::Function": {"ExtractRole": {"kms:Decrypt"}},
    "AWS::Scheduler::Schedule": {"ScheduleRole": {"kms:Decrypt"}},
    "AWS::EMRServerless::Application": {role: {"kms:GenerateDataKey"} for role in ("StreamRole", "BatchRole")},
    "AWS::Glue::SecurityConfiguration": {"StreamRole": {"kms:Decrypt", "kms:GenerateDataKey"}},
    "AWS::Logs::LogGroup": {},  # the service itself, by the key's policy
    "AWS::SNS::Topic": {},  # services, by the key's policy
    "AWS::Athena::WorkGroup": {},  # whoever asks, who is not of the stack
}


def test_every_encrypted_thing_is_open_to_those_who_come_to_it() -> None:
    resources_ = TEMPLATES["soundlake"]["Resources"].values()
    encrypted = {one["Type"] for one in resources_ if json.dumps({"Ref": "KeyArn"}) in json.dumps(one)}
    assert {kind for kind in encrypted if not kind.startswith("AWS::IAM::")} == set(CALLERS)
    for kind, roles in CALLERS.items():
        for role, needed in roles.items():
            assert needed <= on_the_key(role), f"{kind}: {role}"


def test_glue_may_put_the_key_on_the_log_groups_that_it_makes() -> None:
    assert {"logs:AssociateKmsKey", "logs:CreateLogGroup"} <= actions_of("StreamRole")


@pytest.mark.parametrize("role", ["DeliveryRole", "ExtractRole"])
def test_who_writes_to_encrypted_streams_and_buckets_may_make_data_keys(role: str) -> None:
    assert {"kms:Decrypt", "kms:GenerateDataKey"} <= on_the_key(role)


def test_only_a_stream_reads_a_secret_and_only_that_of_its_source() -> None:
    def secrets_of(role: str) -> list[Any]:
        reading = (one for one in statements_of(role) if "secretsmanager:GetSecretValue" in listed(one["Action"]))
        return [one["Resource"] for one in reading]

    assert secrets_of("StreamRole") == [{"Ref": "SourceSecretArn"}]
    assert secrets_of("BatchRole") == []


def test_an_agent_may_send_and_say_how_it_is() -> None:
    (policy,) = resources("AWS::IAM::ManagedPolicy").values()
    allowed = {
        action: one for one in policy["Properties"]["PolicyDocument"]["Statement"] for action in listed(one["Action"])
    }
    assert set(allowed) == {
        "cloudwatch:PutMetricData",
        "firehose:PutRecordBatch",
        "kinesis:PutRecords",
        "kms:GenerateDataKey",
    }
    assert allowed["cloudwatch:PutMetricData"]["Condition"] == {
        "StringEquals": {"cloudwatch:namespace": "AWSKinesisAgent"}
    }


def test_a_rule_about_jobs_matches_the_stacks_own_only() -> None:
    narrowed = {"aws.emr-serverless": "applicationId", "aws.glue": "jobName"}
    for name, rule in resources("AWS::Events::Rule").items():
        pattern = rule["Properties"]["EventPattern"]
        for source in set(pattern["source"]) & set(narrowed):
            assert pattern["source"] == [source], name
            assert narrowed[source] in pattern["detail"], name


def test_no_arn_names_a_partition() -> None:
    for template in TEMPLATES.values():
        assert "arn:aws:" not in json.dumps(template)


def test_every_bucket_refuses_what_is_not_encrypted_on_the_way() -> None:
    refusing = set()
    for policy in resources("AWS::S3::BucketPolicy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Deny":
                assert statement["Principal"] == "*"
                assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
                refusing.add(policy["Properties"]["Bucket"]["Ref"])
    assert refusing == set(resources("AWS::S3::Bucket"))


def test_nothing_is_reserved_of_the_functions_that_an_account_may_run_unless_asked() -> None:
    (function,) = resources("AWS::Lambda::Function").values()
    reserved = function["Properties"]["ReservedConcurrentExecutions"]["Fn::If"]
    assert reserved == ["ReservesForExtract", {"Ref": "ExtractConcurrency"}, {"Ref": "AWS::NoValue"}]
    assert TEMPLATES["soundlake"]["Parameters"]["ExtractConcurrency"]["Default"] == 0


def test_maintain_runs_by_the_clock_only_where_no_stream_maintains_its_tables() -> None:
    schedule = resources("AWS::Scheduler::Schedule")["MaintainByTheClock"]
    needed = TEMPLATES["soundlake"]["Conditions"][schedule["Condition"]]
    assert {"Fn::Not": [{"Condition": "Streams"}]} in needed["Fn::And"]


def test_the_application_has_the_processors_that_the_libraries_are_packed_for() -> None:
    (application,) = resources("AWS::EMRServerless::Application").values()
    assert application["Properties"]["Architecture"] == {"Ref": "Architecture"}
    stream = templates.job_requests("deploy.architecture=arm64").run("stream")
    told = deploy._made(stream, dict.fromkeys(deploy_outputs(), ""), [])
    assert told["Architecture"] == "ARM64"
    assert told["Architecture"] in TEMPLATES["soundlake"]["Parameters"]["Architecture"]["AllowedValues"]


def deploy_outputs() -> list[str]:
    return list(TEMPLATES["storage"]["Outputs"])


def test_a_stream_may_look_at_the_folder_of_landed_files_while_it_is_empty() -> None:
    """S3A asks for the folder by its own name where a listing finds nothing; a refusal is no "not there"."""
    of_objects = [
        place["Fn::Sub"].rpartition(":")[2]
        for statement in statements_of("StreamRole")
        if "s3:GetObject" in listed(statement["Action"])
        for place in listed(statement["Resource"])
    ]
    assert {"${LandingBucket}/records", "${LandingBucket}/records/*"} <= set(of_objects)


def test_the_stream_on_glue_reaches_kafka_by_the_stacks_connection_unless_another_is_named() -> None:
    (stream,) = resources("AWS::Glue::Job").values()
    in_vpc, connections, _ = stream["Properties"]["Connections"]["Fn::If"]
    (network,) = connections["Connections"]
    connection = resources("AWS::Glue::Connection")[network["Ref"]]
    assert connection["Condition"] == in_vpc
    needed = connection["Properties"]["ConnectionInput"]["PhysicalConnectionRequirements"]
    assert set(needed) == {"AvailabilityZone", "SubnetId", "SecurityGroupIdList"}
    assert "glue:GetConnection" in actions_of("StreamRole")
    own = templates.job_requests("deploy.glue_connections=private").glue_stream()
    assert own["Connections"] == {"Connections": ["private"]}
