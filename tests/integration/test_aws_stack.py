"""The stacks: sound by AWS's own schemas, narrow in what they allow, and deployed for real as far as moto can."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner, Result

from helpers import templates
from helpers.aws_environment import REGION, set_credentials
from helpers.request_model import problems
from helpers.services.moto import moto_server
from helpers.stack_on_moto import deployable, outputs_kept
from soundlake import cli
from soundlake.errors import SoundlakeError, UsageError
from soundlake.insights import load_insights, render
from soundlake.launch.aws import changes, emr_serverless, run, stack
from soundlake.launch.aws import deploy as deploy_module
from soundlake.launch.aws.account import Account
from soundlake.launch.aws.quicksight import SHOWN
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.platforms import platform_of
from soundlake.launch.versions import choose_spark_line
from soundlake.settings import load_settings

Document = dict[str, Any]


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with moto_server("localhost") as url:
        yield url


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, aws: str) -> None:
    set_credentials(monkeypatch)


def resources(kind: str = "") -> dict[str, Document]:
    found: dict[str, Document] = templates.main()["Resources"] | stack.storage()["Resources"]
    return {name: resource for name, resource in found.items() if resource["Type"].startswith(kind)}


def test_the_templates_are_sound(tmp_path: Path) -> None:
    files = {"storage": stack.storage(), "main": templates.main(), "plain": templates.main(user=None)}
    for name, template in files.items():
        (tmp_path / f"{name}.json").write_text(stack.as_json(template))
    command = [str(Path(sys.executable).parent / "cfn-lint"), *(str(tmp_path / f"{name}.json") for name in files)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_request_for_the_main_template_fits_where_it_is_fetched_from() -> None:
    assert len(stack.as_json(stack.storage())) < 51_200
    assert len(stack.as_json(templates.main())) < 1_000_000


def test_every_insight_is_a_named_query_with_the_files_own_sql() -> None:
    queries = [query["Properties"] for query in resources("AWS::Athena::NamedQuery").values()]
    assert {query["Name"]: query["QueryString"] for query in queries} == {
        insight.name: render(insight.sql, None) for insight in load_insights()
    }


def test_the_schedules_are_of_jobs_that_there_are() -> None:
    assert set(stack.SCHEDULES) - {"recommend"} <= set(REGISTRY)


def test_the_dashboard_shows_albums_genres_artists_and_clusters() -> None:
    declared = {insight.table.view: {column.name for column in insight.columns} for insight in load_insights()}
    for data_set in resources("AWS::QuickSight::DataSet").values():
        (table,) = [one["RelationalTable"] for one in data_set["Properties"]["PhysicalTableMap"].values()]
        assert {column["Name"] for column in table["InputColumns"]} <= declared[table["Name"]]
    (dashboard,) = resources("AWS::QuickSight::Dashboard").values()
    sheets = dashboard["Properties"]["Definition"]["Sheets"]
    assert [sheet["SheetId"].replace("-", "_") for sheet in sheets] == list(SHOWN)


def _statements() -> Iterator[tuple[str, Document]]:
    for name, resource in resources("AWS::IAM").items():
        documents = [resource["Properties"].get("PolicyDocument")]
        documents += [policy["PolicyDocument"] for policy in resource["Properties"].get("Policies", [])]
        for document in filter(None, documents):
            for statement in document["Statement"]:
                yield name, statement


def test_no_role_may_do_all_or_to_all() -> None:
    for name, statement in _statements():
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert [action for action in actions if "*" in action] == [], name
        if statement["Resource"] == "*":  # these actions know no resources; a condition narrows them
            assert all(
                action == "cloudwatch:PutMetricData" or action.startswith("ec2:Describe") for action in actions
            ), name
            assert statement["Condition"]


def test_every_bucket_is_encrypted_versioned_private_logged_and_kept() -> None:
    for name, bucket in resources("AWS::S3::Bucket").items():
        if bucket["Type"] == "AWS::S3::BucketPolicy":
            continue
        properties = bucket["Properties"]
        assert bucket["DeletionPolicy"] == "Retain", name
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert properties["BucketEncryption"]
        assert properties["LifecycleConfiguration"]["Rules"]
        assert "LoggingConfiguration" in properties or name == "AccessLogs"


def _small(value: Any, inside_a_map: bool = False) -> Any:
    """Parameters as an SDK writes them; a universal target writes them with capitals."""
    if isinstance(value, list):
        return [_small(item) for item in value]
    if isinstance(value, dict):
        names = {name: name if inside_a_map else name[:1].lower() + name[1:].removesuffix(".$") for name in value}
        return {names[name]: _small(item, names[name] in ("tags", "properties")) for name, item in value.items()}
    return value


MADE = {
    "${StreamRole.Arn}": "arn:aws:iam::123456789012:role/stream",
    "${BatchRole.Arn}": "arn:aws:iam::123456789012:role/batch",
    "${Application}": "00application",
    "${LogGroup}": "/soundlake/soundlake",
    "${AWS::StackName}": "soundlake",
    "States.UUID()": "token",
    "<aws.scheduler.execution-id>": "token",
}


def _started() -> Iterator[tuple[str, str, Document]]:
    for name, schedule in resources("AWS::Scheduler::Schedule").items():
        target = schedule["Properties"].get("Target", {"Arn": ""})
        if isinstance(target["Arn"], dict) and "emrserverless" in str(target["Arn"]):
            yield name, "StartJobRun", json.loads(made(target["Input"]["Fn::Sub"]))
    for name, machine in resources("AWS::StepFunctions").items():
        definition = made(machine["Properties"]["DefinitionString"]["Fn::Sub"])
        for state in json.loads(definition)["States"].values():
            if "emrserverless" in state.get("Resource", ""):
                operation = state["Resource"].rpartition(":")[2]
                yield name, operation[:1].upper() + operation[1:], state["Parameters"]


def made(text: str) -> str:
    """A text for Fn::Sub with what the stack makes filled in."""
    for place, value in MADE.items():
        text = text.replace(place, value)
    return text


@pytest.mark.parametrize(("name", "operation", "parameters"), list(_started()))
def test_what_schedules_and_state_machines_ask_for_is_what_emr_serverless_takes(
    name: str, operation: str, parameters: Document
) -> None:
    assert problems("emr-serverless", operation, _small(parameters)) == []


def test_the_glue_job_of_the_stack_is_what_glue_takes() -> None:
    (job,) = resources("AWS::Glue::Job").values()
    properties = json.loads(made(json.dumps(job["Properties"])))
    plain = {
        name: value.get("Fn::Sub", value) if isinstance(value, dict) else value for name, value in properties.items()
    }
    arguments = {name: value for name, value in plain["DefaultArguments"].items() if isinstance(value, str)}
    less = {"Connections", "SecurityConfiguration", "DefaultArguments"}
    asked = {name: value for name, value in plain.items() if name not in less}
    assert problems("glue", "CreateJob", {**asked, "DefaultArguments": arguments}) == []


@pytest.mark.parametrize("job", ["stream", *stack.SCHEDULES])
def test_the_stack_asks_for_what_the_launcher_asks_for(job: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_package", lambda: ("soundlake.zip", b"the package"))
    sets = ("deploy.jars=s3://mine/a.jar", 'deploy.spark.spark.x=a ${HOME} "b" c', "source.type=files")
    requests = templates.job_requests(*sets, "source.files.path=s3://landing/records")
    launched = replace(requests.run(job), deploy=requests.run(job).deploy.model_copy(update={"name": "soundlake"}))
    template = stack.main(requests)["Resources"]
    if job == "stream":
        definition = json.loads(_substituted(template["KeepStream"]["Properties"]["DefinitionString"]["Fn::Sub"]))
        told = definition["States"]["Start"]["Parameters"]
    else:
        name = "".join(part.capitalize() for part in job.split("_"))
        told = json.loads(_substituted(template[f"{name}ByTheClock"]["Properties"]["Target"]["Input"]["Fn::Sub"]))
    expected = json.loads(made(json.dumps(emr_serverless.request(launched))))
    assert {name: value for name, value in _small(told).items() if name != "clientToken"} == expected
    assert "s3://mine/a.jar" in json.dumps(expected)
    assert 'a ${HOME} \\"b\\" c' in json.dumps(expected)


def _substituted(text: str) -> str:
    """What CloudFormation makes of a text for Fn::Sub."""
    return made(text).replace("${!", "${")


def test_jars_settings_and_the_connector_reach_the_glue_stream_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_package", lambda: ("soundlake.zip", b"the package"))
    sets = ("deploy.jars=s3://mine/connector.jar", "deploy.spark.spark.x=y", "deploy.glue_worker=G.025X")
    job = templates.job_requests(*sets, line="3.5").glue_stream()
    assert job["DefaultArguments"]["--extra-jars"] == "s3://mine/connector.jar"
    assert "spark.x=y" in job["DefaultArguments"]["--conf"]
    assert (job["WorkerType"], job["GlueVersion"]) == (
        "G.025X",
        platform_of("glue", choose_spark_line("3.5")).releases[0],
    )


@pytest.fixture
def moto(tmp_path: Path) -> Iterator[None]:
    with outputs_kept(), deployable(tmp_path):
        yield


def deploy(url: str, name: str, *more: str, sets: tuple[str, ...] = ()) -> Result:
    told = [f"deploy.endpoint_url={url}", f"deploy.stack={name}", *sets]
    return CliRunner().invoke(cli.app, ["deploy", *more, *(part for one in told for part in ("--set", one))])


def client(url: str, service: str) -> Any:
    return boto3.client(service, region_name=REGION, endpoint_url=url)  # type: ignore[call-overload]


def names(url: str) -> list[str]:
    return [found["StackName"] for found in client(url, "cloudformation").describe_stacks()["Stacks"]]


def test_an_account_is_set_up_and_a_second_time_nothing_is_left_to_do(aws: str, moto: None) -> None:
    networks = ("SubnetIds=subnet-01234567", "SecurityGroupIds=sg-01234567")
    parameters = (
        "ExtractSchedule=cron(0 5 * * ? *)",
        "StreamTarget=emr-serverless",
        "AlarmEmail=a@example.org",
        *networks,
    )
    sets = tuple(f"deploy.parameters.{one}" for one in parameters)
    first = deploy(aws, "whole", "--yes", sets=sets)
    assert first.exit_code == 0, first.output
    assert {"whole", "whole-storage"} <= set(names(aws))
    outputs = {
        one["OutputKey"]: one["OutputValue"]
        for one in client(aws, "cloudformation").describe_stacks(StackName="whole")["Stacks"][0]["Outputs"]
    }
    assert outputs["StreamName"] == "whole"
    assert client(aws, "kinesis").describe_stream_summary(StreamName="whole")
    roles = client(aws, "iam").list_roles()["Roles"]
    assert len([role for role in roles if role["RoleName"].startswith("whole-")]) == 7
    for kind, own in {"Stream": "stream", "Batch": "batch"}.items():
        role = outputs[f"{kind}RoleArn"].rpartition("/")[2]
        assert client(aws, "iam").list_role_policies(RoleName=role)["PolicyNames"] == ["run", own]
    bucket = outputs["ArtifactBucket"]
    keys = [one["Key"] for one in client(aws, "s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert {f"{job}.py" for job in ("stream", *stack.SCHEDULES)} <= {key.rpartition("/")[2] for key in keys}
    (config,) = [key for key in keys if key.startswith("artifacts/settings/stream/")]
    written = client(aws, "s3").get_object(Bucket=bucket, Key=config)["Body"].read().decode()
    assert '"stream" = "whole"' in written
    assert re.search(r'"uri" = "s3://whole-storage-lake-\w+/lake"', written)
    launched = platform_of("emr-serverless").releases[0]
    parameters_of = client(aws, "cloudformation").describe_stacks(StackName="whole")["Stacks"][0]["Parameters"]
    assert launched in {one["ParameterValue"] for one in parameters_of}
    second = deploy(aws, "whole", "--yes", sets=sets)
    assert second.exit_code == 0, second.output
    assert "whole: nothing to change" in second.output


def test_settings_that_the_stream_no_longer_reads_are_removed_as_secrets_may_be_in_them(
    aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By itself: moto cannot change a state machine in a stack.
    monkeypatch.setattr(run, "_package", lambda: ("soundlake.zip", b"the package"))
    s3 = client(aws, "s3")
    s3.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": REGION})
    streams, made = [], []
    for password in ("one", "two"):
        requests = templates.job_requests("source.type=kafka", f"source.kafka.options.a.password={password}")
        streams.append(requests.run("stream"))
        made.append(stack.as_json(stack.main(requests)))
        s3.put_object(Bucket="artifacts", Key=streams[-1].config.key, Body=b"")
    account = Account(load_settings(sets=[f"deploy.endpoint_url={aws}"], env={}).deploy)
    deploy_module._remove_old_settings(account, streams[1], *made)
    deploy_module._remove_old_settings(account, streams[1], made[1], made[1])
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="artifacts")["Contents"]] == [streams[1].config.key]


def test_a_dry_run_shows_the_changes_and_leaves_nothing(aws: str, moto: None) -> None:
    shown = deploy(aws, "dry", "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "add     Lake" in shown.output
    assert "nothing was changed" in shown.output
    assert [name for name in names(aws) if name.startswith("dry")] == []


def test_who_says_no_is_left_with_nothing(aws: str, moto: None) -> None:
    told = ["deploy", "--set", f"deploy.endpoint_url={aws}", "--set", "deploy.stack=no"]
    assert "nothing was changed" in CliRunner().invoke(cli.app, told, input="n\n").output
    assert [name for name in names(aws) if name.startswith("no-")] == []


def test_a_stack_of_somebody_elses_is_left_alone(aws: str, moto: None) -> None:
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    client(aws, "cloudformation").create_stack(StackName="theirs-storage", TemplateBody=template)
    failed = deploy(aws, "theirs", "--yes")
    assert isinstance(failed.exception, UsageError)
    assert str(failed.exception).startswith("there is a stack theirs-storage that Soundlake did not make")


def test_a_parameter_that_is_none_is_refused_before_anything_is_made(aws: str, moto: None) -> None:
    failed = deploy(aws, "typing", "--yes", sets=("deploy.parameters.StreamTaget=glue",))
    assert isinstance(failed.exception, UsageError)
    assert failed.exception.problems == (
        "deploy.parameters.StreamTaget: the stack has no such parameter; did you mean StreamTarget?",
    )
    assert [name for name in names(aws) if name.startswith("typing")] == []


@pytest.mark.parametrize(
    ("sets", "key"),
    [
        (("deploy.parameters.StreamTarget=emr-serverless",), "SubnetIds"),
        (
            (
                "deploy.parameters.StreamTarget=glue",
                "source.type=kafka",
                "source.kafka.bootstrap_servers=broker:9098",
            ),
            "SubnetIds",
        ),
        (("deploy.parameters.SubnetIds=subnet-01234567",), "SecurityGroupIds"),
    ],
)
def test_a_stream_that_could_not_reach_its_source_is_refused_before_anything_is_made(
    aws: str, moto: None, sets: tuple[str, ...], key: str
) -> None:
    failed = deploy(aws, "unreached", "--yes", sets=sets)
    assert isinstance(failed.exception, UsageError)
    assert str(failed.exception).startswith(f"deploy.parameters.{key}: ")
    assert [name for name in names(aws) if name.startswith("unreached")] == []


def test_a_secret_that_the_stream_may_not_read_is_refused_before_anything_is_made(aws: str, moto: None) -> None:
    option = "source.kafka.options.ssl.key.password=${secretsmanager:kafka:password}"
    sets = ("source.type=kafka", "source.kafka.bootstrap_servers=broker:9098", option)
    failed = deploy(aws, "unopened", "--yes", sets=sets)
    assert isinstance(failed.exception, UsageError)
    assert failed.exception.problems == (
        "deploy.parameters.SourceSecretArn: needed, as source.kafka.options refers to a secret",
    )
    assert [name for name in names(aws) if name.startswith("unopened")] == []


def test_deploy_checks_the_stream_as_the_launcher_does(aws: str, moto: None) -> None:
    failed = deploy(aws, "unread", "--yes", "--spark", "3.5", sets=("deploy.parameters.StreamTarget=glue",))
    assert isinstance(failed.exception, UsageError)
    assert str(failed.exception).startswith("deploy.jars: glue has no aws-kinesis connector for Spark 3.5")
    assert [name for name in names(aws) if name.startswith("unread")] == []


def test_a_stack_that_fails_is_told_with_its_reasons(aws: str, moto: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def undone(self: changes.Stack) -> str:
        return "ROLLBACK_COMPLETE"

    monkeypatch.setattr(changes.Stack, "_await_stack", undone)
    monkeypatch.setattr(changes.Stack, "_failures", lambda _: ["Lake: the name is taken"])
    failed = deploy(aws, "failing", "--yes")
    assert isinstance(failed.exception, SoundlakeError)
    assert str(failed.exception) == "the stack failing-storage is rollback complete: Lake: the name is taken"
