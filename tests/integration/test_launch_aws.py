"""Jobs on AWS: the requests hold against AWS's own models, moto takes them, and what is wrong is said in one line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator
from typer.testing import CliRunner

from helpers.aws_environment import REGION, set_credentials
from helpers.request_model import problems
from helpers.services.moto import moto_server
from soundlake import cli
from soundlake.aws import translate_errors
from soundlake.errors import SoundlakeError, UsageError
from soundlake.launch.arguments import parse
from soundlake.launch.aws import artifacts, emr_serverless, launcher, packages
from soundlake.launch.aws.account import Account
from soundlake.launch.aws.glue import Glue
from soundlake.launch.aws.launcher import TARGETS, described, follow, prepare
from soundlake.launch.aws.run import CATALOG, Run
from soundlake.launch.aws.stack import storage
from soundlake.launch.command_line import read_command_line
from soundlake.launch.glue_arguments import without_glue
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.main import launch
from soundlake.launch.platforms import platform_of
from soundlake.launch.versions import choose_spark_line, read_lines
from soundlake.settings import load_settings
from soundlake.spark_conf import JAVA_OPTIONS, MEANING, PLANNING, QUICK

ROLE = "arn:aws:iam::123456789012:role/soundlake-job"
KAFKA = ["source.type=kafka", "source.kafka.bootstrap_servers=broker:9092"]
KINESIS = ["source.type=kinesis", "source.kinesis.stream=spotify", f"source.kinesis.region={REGION}"]
LANDED = ["source.files.path=s3://landed/records"]
NUMBERS = count()


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    set_credentials(monkeypatch)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packages.build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(autouse=True)
def packed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wheel: Path) -> None:
    """Libraries take a minute to gather: test_packages does it; the wheel is built once."""

    def library(out: Path, *_: str) -> Path:
        (tmp_path / out.name).write_bytes(b"libraries")
        return tmp_path / out.name

    def built(folder: Path) -> Path:
        (folder / wheel.name).write_bytes(wheel.read_bytes())
        return folder / wheel.name

    monkeypatch.setattr(packages, "environment_archive", library)
    monkeypatch.setattr(packages, "wheels_archive", library)
    monkeypatch.setattr(packages, "build_wheel", built)


class Named:
    """Names of what a stack makes; nobody is asked for any of it."""

    url, bucket, name, application, cluster = "http://127.0.0.1:1", "artifacts", "lake", "00application", "j-CLUSTER"

    @property
    def sets(self) -> list[str]:
        return [
            f"deploy.endpoint_url={self.url}",
            f"deploy.bucket={self.bucket}",
            f"deploy.role_arn={ROLE}",
            f"deploy.application_id={self.application}",
            f"deploy.cluster_id={self.cluster}",
            f"deploy.name={self.name}",
            "lake.uri=s3://lake/here",
        ]

    def run(self, target: str, *sets: str, job: str = "stream", line: str = "3.5", once: bool = False) -> Run:
        settings = load_settings(sets=[*self.sets, *LANDED, *sets], env={})
        return prepare(REGISTRY[job], settings, target, choose_spark_line(line), once=once, check_only=False)


class World(Named):
    """What the stack makes, in moto: a bucket, an application, a cluster."""

    def __init__(self, url: str, number: int) -> None:
        self.url, self.bucket = url, f"artifacts-{number}"
        self.name = f"lake{number}"
        self.s3, self.glue = self.client("s3"), self.client("glue")
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.application = self.make_application("emr-7.12.0")
        self.cluster = self.make_cluster("emr-7.12.0")

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION, endpoint_url=self.url)  # type: ignore[call-overload]

    def make_application(self, release: str) -> str:
        made = self.client("emr-serverless").create_application(name="x", releaseLabel=release, type="SPARK")
        return str(made["applicationId"])

    def make_cluster(self, release: str) -> str:
        instances = {"InstanceCount": 1, "KeepJobFlowAliveWhenNoSteps": True, "MasterInstanceType": "m5.xlarge"}
        made = self.client("emr").run_job_flow(
            Name="x", ReleaseLabel=release, Instances=instances, JobFlowRole="x", ServiceRole="x"
        )
        return str(made["JobFlowId"])

    def objects(self) -> list[str]:
        return [found["Key"] for found in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def glue_jobs(self) -> list[str]:
        return [job["Name"] for job in self.glue.get_jobs()["Jobs"] if job["Name"].startswith(f"{self.name}-")]


@pytest.fixture
def named() -> Named:
    return Named()


@pytest.fixture
def world(aws: str) -> World:
    return World(aws, next(NUMBERS))


def requests_of(run: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(described(run))["requests"]
    return found


SOURCES = {"files": LANDED, "kafka": KAFKA, "kinesis": [*KINESIS, "deploy.jars=s3://jars/connector.jar"]}


@pytest.mark.parametrize("line", list(read_lines()))
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("job", ["stream", "maintain", "register_tables"])
@pytest.mark.parametrize("source", list(SOURCES))
def test_every_request_holds_against_the_services_own_model(
    named: Named, target: str, job: str, line: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, "kafka_jars", [])
    run = named.run(target, *SOURCES[source], job=job, line=line)
    for request in requests_of(run):
        filled = {"clientToken": "x"} if request["service"] == "emr-serverless" else {}
        assert problems(request["service"], request["operation"], filled | request["parameters"]) == []


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("job", ["stream", "maintain"])
def test_a_run_is_started_for_real_and_ends(world: World, target: str, job: str) -> None:
    run = world.run(target, job=job)
    run_id = launcher.start(run)
    state = TARGETS[target].state(Account(run.deploy), run_id)
    assert (state.run_id, state.job) == (run_id, f"{world.name}-{job}")
    assert sorted(key.rpartition("/")[2] for key in world.objects()) == sorted(
        artifact.key.rpartition("/")[2] for artifact in run.artifacts
    )


def test_what_is_in_the_bucket_is_not_uploaded_again(world: World) -> None:
    launcher.start(world.run("emr", job="maintain"))
    before = {key: world.s3.head_object(Bucket=world.bucket, Key=key)["LastModified"] for key in world.objects()}
    again = world.run("emr", job="maintain")
    for artifact in again.artifacts:
        object.__setattr__(artifact, "make", lambda: pytest.fail("made again"))
    launcher.start(again)
    after = {key: world.s3.head_object(Bucket=world.bucket, Key=key)["LastModified"] for key in world.objects()}
    assert after == before


def test_a_changed_setting_is_another_file_and_the_rest_stays(named: Named) -> None:
    first, second = named.run("emr"), named.run("emr", "train.k=7")
    assert first.config.uri != second.config.uri
    assert (first.code.uri, first.script.uri, first.libraries.uri) == (
        second.code.uri,
        second.script.uri,
        second.libraries.uri,
    )


def test_the_job_gets_what_was_set_and_no_more(world: World, aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "kafka_jars", [])
    run = world.run(
        "emr",
        *KAFKA,
        "source.kafka.options.sasl.mechanism=PLAIN",
        'source.kafka.options.sasl.jaas.config=x "quoted" \\ y',
        "train.k=7",
        "insights.as_of=2021-12-31",
        'train.sources=["a", "b"]',
    )
    launcher.start(run)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws)
    world.s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
    arguments = parse("stream", run.arguments, {})
    expected = run.settings.model_dump(exclude={"deploy"})
    assert arguments.settings.model_dump(exclude={"deploy"}) == expected
    assert "trigger" not in run.config.make().decode()  # type: ignore[union-attr]
    assert "quoted" not in described(run)


def test_a_stream_runs_on_and_a_batch_ends_on_emr_serverless(named: Named) -> None:
    (stream,), (once,) = requests_of(named.run("emr-serverless")), requests_of(named.run("emr-serverless", once=True))
    assert (stream["parameters"]["mode"], once["parameters"]["mode"]) == ("STREAMING", "BATCH")
    assert stream["parameters"]["retryPolicy"] == {"maxFailedAttemptsPerHour": 5}
    assert stream["parameters"]["executionTimeoutMinutes"] == 0
    assert once["parameters"]["jobDriver"]["sparkSubmit"]["entryPointArguments"][1:] == ["--once"]


def test_delta_is_named_where_the_platform_does_not_load_it(named: Named) -> None:
    (request,) = requests_of(named.run("emr-serverless"))
    told = request["parameters"]["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"]
    assert "spark.jars=/usr/share/aws/delta/lib/delta-spark.jar,/usr/share/aws/delta/lib/delta-storage.jar " in told
    assert "#environment" in told


def told_of_spark(run: Run) -> dict[str, str]:
    """What a request tells Spark, wherever it stands."""
    request = requests_of(run)[0]["parameters"]
    if run.platform.target == "glue":
        pairs = request["DefaultArguments"]["--conf"].split(" --conf ")
    elif run.platform.target == "emr":
        told = request["Steps"][0]["HadoopJarStep"]["Args"]
        pairs = [value for option, value in pairwise(told) if option == "--conf"]
    else:
        pairs = request["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"].removeprefix("--conf ").split(" --conf ")
        overrides = request["configurationOverrides"].get("applicationConfiguration", [])
        pairs += [f"{name}={value}" for one in overrides for name, value in one["properties"].items()]
    return dict(pair.split("=", 1) for pair in pairs)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("job", ["stream", "build_insights"])
def test_every_request_says_what_the_tables_mean_and_what_a_small_cluster_is_quick_with(
    named: Named, target: str, job: str
) -> None:
    told = told_of_spark(named.run(target, job=job))
    assert {**MEANING, **PLANNING, **QUICK, **CATALOG}.items() <= told.items()
    assert JAVA_OPTIONS[0] in told["spark.driver.extraJavaOptions"]
    assert JAVA_OPTIONS[0] in told["spark.executor.extraJavaOptions"]
    assert int(told["spark.sql.shuffle.partitions"]) <= 8


def test_what_somebody_sets_of_spark_goes_before_all_else(named: Named) -> None:
    told = told_of_spark(named.run("emr-serverless", "deploy.spark.spark.sql.shuffle.partitions=64"))
    assert told["spark.sql.shuffle.partitions"] == "64"


def test_no_setting_of_spark_needs_quotes_on_emr_serverless(named: Named) -> None:
    (request,) = requests_of(named.run("emr-serverless", "deploy.spark.spark.x=a b", "deploy.spark.spark.y=it's"))
    told = request["parameters"]["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"]
    assert not {"'", '"', "\\"} & set(told)
    assert all(part.startswith("spark.") and "=" in part for part in told.removeprefix("--conf ").split(" --conf "))
    (defaults,) = request["parameters"]["configurationOverrides"]["applicationConfiguration"]
    assert {"spark.x": "a b", "spark.y": "it's"}.items() <= defaults["properties"].items()


@pytest.mark.parametrize("target", ["emr", "emr-serverless"])
def test_a_stream_and_a_batch_job_fit_together_into_what_a_new_account_may_use(named: Named, target: str) -> None:
    cores = 0
    for job in ("stream", "train_clusters"):
        told = told_of_spark(named.run(target, job=job))
        most = int(told["spark.dynamicAllocation.maxExecutors"])
        cores += int(told["spark.driver.cores"]) + most * int(told["spark.executor.cores"])
        assert int(told["spark.dynamicAllocation.initialExecutors"]) <= most
    assert cores <= 16


def test_heap_and_overhead_fill_a_worker_and_no_more(named: Named) -> None:
    told = told_of_spark(named.run("emr-serverless", "deploy.stream_driver=4 vCPU, 12 GB"))
    parts = [told[f"spark.driver.{part}"] for part in ("memory", "memoryOverhead")]
    assert sum(int(part.removesuffix("m")) for part in parts) == 12 * 1024


@pytest.mark.parametrize("worker", ["3 vCPU, 8 GB", "2 vCPU, 30 GB", "8 vCPU, 18 GB", "large"])
def test_a_worker_that_emr_serverless_does_not_have_is_refused(named: Named, worker: str) -> None:
    with pytest.raises(UsageError, match=r"^--set deploy\.batch_driver"):
        named.run("emr-serverless", f"deploy.batch_driver={worker}")


def test_glue_gets_its_formats_and_one_chained_conf(named: Named) -> None:
    create, start = requests_of(named.run("glue", "deploy.spark.spark.executor.memory=4g"))
    told = create["parameters"]["DefaultArguments"]
    assert told["--datalake-formats"] == "delta"
    assert told["--conf"].split(" --conf ")[-1] == "spark.executor.memory=4g"
    assert create["parameters"]["Command"]["Name"] == "gluestreaming"
    assert start["parameters"] == {"JobName": f"{named.name}-stream"}
    (batch, _) = requests_of(named.run("glue", job="maintain"))
    assert batch["parameters"]["Command"]["Name"] == "glueetl"


def test_a_stream_on_glue_has_a_window_for_restarts_and_no_end(named: Named) -> None:
    stream, batch = (requests_of(named.run("glue", job=job))[0]["parameters"] for job in ("stream", "maintain"))
    assert stream["MaintenanceWindow"] == "Sun:2"
    assert "Timeout" not in stream
    assert batch["Timeout"] == 240
    assert "MaintenanceWindow" not in batch


def test_a_setting_of_spark_with_a_space_is_refused_for_glue(named: Named) -> None:
    with pytest.raises(UsageError, match=r"^deploy\.spark: spark\.x has a space"):
        requests_of(named.run("glue", "deploy.spark.spark.x=a b"))


def test_processes_of_a_cluster_are_told_their_region(named: Named) -> None:
    told = told_of_spark(named.run("emr"))
    assert told["spark.yarn.appMasterEnv.AWS_REGION"] == told["spark.executorEnv.AWS_REGION"] == REGION


def test_glue_reads_kafka_in_the_network_that_is_named(named: Named) -> None:
    create, _ = requests_of(named.run("glue", *KAFKA, "deploy.glue_connections=private"))
    assert create["parameters"]["Connections"] == {"Connections": ["private"]}


def test_a_stream_from_kinesis_is_refused_where_the_application_has_no_vpc(world: World) -> None:
    sets = [*SOURCES["kinesis"], "source.kinesis.reader=python"]
    with pytest.raises(UsageError, match=r"^the application \S+ is in no VPC, and reaches kinesis from one only"):
        launcher.start(world.run("emr-serverless", *sets))
    assert world.objects() == []


def test_only_a_stream_takes_the_secrets_of_its_source_along(named: Named, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "kafka_jars", [])
    secret = [*KAFKA, "source.kafka.options.sasl.jaas.config=for-the-broker"]
    for job, has_it in (("stream", True), ("build_insights", False)):
        config = named.run("emr-serverless", *secret, job=job).config
        assert (b"for-the-broker" in config.make()) == has_it  # type: ignore[operator]
        assert f"/settings/{'stream' if has_it else 'batch'}/" in config.key


def test_settings_of_a_stream_go_with_it_as_secrets_may_be_in_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, "kafka_jars", [])
    target = "emr-serverless"
    batch = world.run(target, job="maintain")
    first, second = (world.run(target, f"source.kafka.options.a.password={word}") for word in ("one", "two"))
    monkeypatch.setattr(launcher, "stop_running", lambda *_: None)
    launcher.start(batch)
    for run in (first, second):
        run_id = launcher.start(run)
        assert settings_in(world) == {batch.config.key, run.config.key}
    monkeypatch.setattr(emr_serverless, "_OVER", {})  # to moto every run has ended
    sets = [part for assignment in world.sets if assignment.startswith("deploy.") for part in ("--set", assignment)]
    stopped = CliRunner().invoke(cli.app, ["jobs", "stop", run_id, *sets])
    assert stopped.exit_code == 0, stopped.output
    assert settings_in(world) == {batch.config.key}


def settings_in(world: World) -> set[str]:
    return {key for key in world.objects() if "/settings/" in key}


def test_settings_of_a_stream_that_ends_expire_a_month_after_its_last_run(world: World) -> None:
    rules = storage()["Resources"]["Artifacts"]["Properties"]["LifecycleConfiguration"]["Rules"]
    (rule,) = [rule for rule in rules if "TagFilters" in rule]
    assert rule["ExpirationInDays"] == 30
    run = world.run("emr", once=True)
    world.s3.put_bucket_versioning(Bucket=world.bucket, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        launcher.start(run)
    tags = world.s3.get_object_tagging(Bucket=world.bucket, Key=run.config.key)["TagSet"]
    assert tags == rule["TagFilters"]
    assert len(world.s3.list_object_versions(Bucket=world.bucket, Prefix=run.config.key)["Versions"]) == 2


@pytest.mark.parametrize(("target", "uploaded"), [("emr", 4), ("emr-serverless", 4), ("glue", 0)])
def test_the_kafka_connector_is_taken_along_where_there_is_none(named: Named, target: str, uploaded: int) -> None:
    run = named.run(target, *KAFKA, line="4.1")
    assert len([jar for jar in run.jars if jar.startswith("s3://")]) == uploaded


def test_the_kinesis_connector_is_named_on_the_line_that_needs_it(named: Named) -> None:
    newer, older = named.run("emr", *KINESIS, line="4.1"), named.run("emr", *KINESIS, line="3.5")
    assert [jar for jar in older.jars if jar not in newer.jars] == list(older.platform.kinesis_jars)


def test_conditional_commits_need_a_jar_with_their_log_store(named: Named) -> None:
    with pytest.raises(
        UsageError, match=r"^s3\.conditional_commits: deploy\.jars names no jar that could have soundlake\."
    ):
        named.run("emr", "s3.conditional_commits=true", line="4.1")
    assert named.run("emr", "s3.conditional_commits=true", 'deploy.jars=["s3://a-bucket/log-store.jar"]', line="4.1")


def test_glue_without_a_kinesis_connector_says_so(named: Named) -> None:
    with pytest.raises(UsageError, match=r"^deploy\.jars: glue has no aws-kinesis connector for Spark 3\.5$"):
        named.run("glue", *KINESIS, line="3.5")


def test_what_only_this_machine_has_is_refused(named: Named) -> None:
    with pytest.raises(UsageError) as caught:
        named.run("emr", "lake.uri=lake", "source.files.path=records")
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["lake.uri", "source.files.path"]


def test_a_bucket_that_is_not_there_is_one_line_and_nothing_is_made(world: World) -> None:
    run = world.run("glue", "deploy.bucket=no-such-bucket")
    with pytest.raises(SoundlakeError, match=r"^deploy\.bucket: there is no bucket no-such-bucket"):
        launcher.start(run)
    assert world.glue_jobs() == []


@pytest.mark.parametrize("target", ["emr", "emr-serverless"])
def test_a_release_of_another_spark_is_one_line_and_nothing_is_uploaded(world: World, target: str) -> None:
    world.application, world.cluster = world.make_application("emr-6.15.0"), world.make_cluster("emr-6.15.0")
    with pytest.raises(UsageError, match=r"^the (application|cluster) \S+ runs emr-6.15.0; Spark 3\.5 needs emr-7"):
        launcher.start(world.run(target))
    assert world.objects() == []


def test_libraries_for_other_processors_are_one_line_and_not_uploaded(world: World) -> None:
    with pytest.raises(UsageError, match=r"^the application \S+ has x86_64: set deploy\.architecture=x86_64"):
        launcher.start(world.run("emr-serverless", "deploy.architecture=arm64"))
    assert world.objects() == []


def test_an_application_that_is_not_there_is_one_line(world: World) -> None:
    with pytest.raises(SoundlakeError, match="^the application nosuch: .*nosuch") as caught:
        launcher.start(world.run("emr-serverless", "deploy.application_id=nosuch"))
    assert "\n" not in str(caught.value)


def test_a_cluster_that_has_ended_takes_no_job(world: World) -> None:
    world.client("emr").terminate_job_flows(JobFlowIds=[world.cluster])
    with pytest.raises(SoundlakeError, match=f"^the cluster {world.cluster} is terminated: it takes no jobs"):
        launcher.start(world.run("emr"))


@pytest.mark.parametrize(("job", "steps", "told"), [("stream", 1, True), ("stream", 5, False), ("maintain", 1, False)])
def test_a_stream_on_a_cluster_that_runs_one_step_at_a_time_keeps_others_waiting_and_says_so(
    world: World, capsys: pytest.CaptureFixture[str], job: str, steps: int, told: bool
) -> None:
    world.client("emr").modify_cluster(ClusterId=world.cluster, StepConcurrencyLevel=steps)
    run = world.run("emr", job=job)
    TARGETS["emr"].check(Account(run.deploy), run)
    assert ("StepConcurrencyLevel" in capsys.readouterr().err) is told


def test_a_name_that_another_job_has_is_left_alone(world: World) -> None:
    name = f"{world.name}-stream"
    world.glue.create_job(Name=name, Role=ROLE, Command={"Name": "glueetl", "ScriptLocation": "s3://x/y.py"})
    with pytest.raises(SoundlakeError, match=f"^Glue has a job {name} that Soundlake did not make"):
        launcher.start(world.run("glue"))
    assert world.glue.get_job(JobName=name)["Job"]["Command"]["ScriptLocation"] == "s3://x/y.py"
    assert world.objects() == []


class Refusing:
    """A client that refuses some operations, and hands on the others."""

    def __init__(self, client: Any, *refused: str, code: str = "AccessDeniedException") -> None:
        self.client, self.refused, self.code, self.calls = client, refused, code, list[str]()

    def __getattr__(self, name: str) -> Any:
        def call(**parameters: Any) -> Any:
            self.calls.append(name)
            if name in self.refused:
                message = "User: arn:aws:iam::1:user/x is not authorized\n to perform this"
                raise ClientError({"Error": {"Code": self.code, "Message": message}}, name)
            return getattr(self.client, name)(**parameters)

        return call if name != "get_paginator" else self.client.get_paginator


def refusing(account: Account, *refused: str, code: str = "AccessDeniedException") -> Refusing:
    client = Refusing(account.client("glue"), *refused, code=code)
    account._clients["glue"] = client
    return client


def test_a_job_whose_run_cannot_start_is_not_left_behind(world: World) -> None:
    run = world.run("glue")
    account = Account(run.deploy)
    client = refusing(account, "start_job_run")
    with pytest.raises(SoundlakeError, match=r"AWS refused it, glue:StartJobRun is not allowed: .*not authorized"):
        Glue().start(account, run)
    assert client.calls[-2:] == ["start_job_run", "delete_job"]
    assert world.glue_jobs() == []


def test_a_job_that_was_there_before_is_updated_and_stays(world: World) -> None:
    launcher.start(world.run("glue"))
    run = world.run("glue", "train.k=7")
    account = Account(run.deploy)
    client = refusing(account, "update_job", code="OperationTimeoutException")  # moto has no UpdateJob
    with pytest.raises(SoundlakeError, match="^updating the Glue job"):
        Glue().start(account, run)
    assert client.calls == ["get_job", "update_job"]
    assert world.glue_jobs() == [f"{world.name}-stream"]
    model = botocore.session.get_session().get_service_model("glue").operation_model("UpdateJob")
    assert model.input_shape is not None
    update = {name: value for name, value in requests_of(run)[0]["parameters"].items() if name not in ("Name", "Tags")}
    assert not ParamValidator().validate({"JobName": "x", "JobUpdate": update}, model.input_shape).has_errors()


def test_a_missing_permission_is_one_line_with_its_name() -> None:
    error = ClientError({"Error": {"Code": "AccessDenied", "Message": "no\nway"}}, "PutObject")
    line = "^uploading x: AWS refused it, s3:PutObject is not allowed: no way$"
    with pytest.raises(SoundlakeError, match=line), translate_errors("uploading x", "s3:PutObject"):
        raise error


def test_an_upload_that_is_refused_starts_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = world.run("glue")

    def refuse(*_: Any) -> None:
        raise SoundlakeError("uploading: AWS refused it")

    monkeypatch.setattr(launcher, "upload", refuse)
    with pytest.raises(SoundlakeError):
        launcher.start(run)
    assert world.glue_jobs() == []


def test_what_nobody_said_is_a_line_for_each_key(world: World) -> None:
    settings = load_settings(
        sets=[f"deploy.endpoint_url={world.url}", "lake.uri=s3://lake", *LANDED, "deploy.stack=none-such"], env={}
    )
    with pytest.raises(UsageError) as caught:
        prepare(REGISTRY["stream"], settings, "emr-serverless", choose_spark_line(), once=False, check_only=False)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "deploy.bucket",
        "deploy.role_arn",
        "deploy.application_id",
    ]


def test_the_stack_says_what_is_not_set(world: World) -> None:
    outputs = {"ArtifactBucket": "said-bucket", "StreamRoleArn": ROLE, "BatchRoleArn": "x", "ApplicationId": "said"}
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    name = f"stack-{next(NUMBERS)}"
    world.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))
    sets = [f"deploy.endpoint_url={world.url}", "lake.uri=s3://lake", *LANDED, f"deploy.stack={name}"]
    settings = load_settings(sets=[*sets, "deploy.application_id=mine"], env={})
    run = prepare(REGISTRY["stream"], settings, "emr-serverless", choose_spark_line(), once=False, check_only=False)
    assert (run.deploy.bucket, run.deploy.role_arn, run.deploy.application_id) == ("said-bucket", ROLE, "mine")


def test_waiting_ends_with_the_run_and_fails_with_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "_LOOK_AGAIN_SECONDS", 0.01)
    run = world.run("emr-serverless")
    assert follow(run, launcher.start(run)).state == "SUCCESS"
    client = Account(run.deploy).client("emr-serverless")
    run_id = launcher.start(run)
    client.cancel_job_run(applicationId=world.application, jobRunId=run_id)

    class Failing:
        def state(self, account: Account, run_id: str) -> Any:
            state = TARGETS["emr-serverless"].state(account, run_id)
            return type(state)(**{**state.__dict__, "state": "FAILED", "is_well": False, "detail": "no memory"})

        def log(self, account: Account, run_id: str) -> Iterator[tuple[str, str]]:
            yield from ()

    monkeypatch.setattr(launcher, "TARGETS", {"emr-serverless": Failing()})
    with pytest.raises(SoundlakeError, match=r"failed: no memory$"):
        follow(run, run_id)


def test_jobs_are_listed_shown_and_stopped(world: World) -> None:
    ids = {target: launcher.start(world.run(target)) for target in TARGETS}
    sets = [part for assignment in world.sets if assignment.startswith("deploy.") for part in ("--set", assignment)]
    listed = CliRunner().invoke(cli.app, ["jobs", "list", *sets]).output
    assert all(run_id in listed for run_id in ids.values())
    shown = CliRunner().invoke(cli.app, ["jobs", "show", ids["glue"], *sets]).output
    assert f"{world.name}-stream" in shown
    stopped = CliRunner().invoke(cli.app, ["jobs", "stop", ids["emr-serverless"], *sets])
    assert "has ended already: success" in stopped.output


def test_a_dry_run_prints_json_and_touches_nothing(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Account, "client", lambda *_: pytest.fail("AWS was asked"))
    sets = [part for assignment in [*world.sets, *LANDED] for part in ("--set", assignment)]
    with pytest.raises(SystemExit) as ended:
        launch(["--target", "emr", "stream", "--dry-run", *sets], {})
    assert ended.value.code == 0
    assert set(json.loads(capsys.readouterr().out)) == {"uploads", "requests"}
    assert world.objects() == []


def test_options_of_targets_are_for_targets() -> None:
    with pytest.raises(UsageError) as caught:
        read_command_line(["stream", "--dry-run", "--wait"])
    assert len(caught.value.problems) == 2


def test_an_unknown_line_has_no_row() -> None:
    with pytest.raises(UsageError, match="no row for Spark"):
        platform_of("moon", choose_spark_line())


def test_a_glue_script_finds_its_options_among_glues_own() -> None:
    told = [
        *(
            "--JOB_ID",
            "j_1",
            "--JOB_NAME",
            "x",
            "--JOB_RUN_ID",
            "jr_1",
            "--job-bookmark-option",
            "job-bookmark-disable",
        ),
        *("--TempDir", "s3://x/", "--conf", "a=b --conf c=d", "--python-modules-installer-option", "--no-index"),
        *("--config", "s3://b/settings.toml", "--once", "true", "--check", "false", "--enable-metrics", "true"),
    ]
    assert without_glue(told) == ["--config=s3://b/settings.toml", "--once"]


def test_every_argument_that_glue_is_given_is_known_to_the_job(named: Named) -> None:
    run = named.run("glue", once=True)
    told = requests_of(run)[0]["parameters"]["DefaultArguments"]
    argv = ["--JOB_NAME", "x", *(part for pair in told.items() for part in pair)]
    assert without_glue(argv) == run.arguments


def test_a_typing_error_is_seen_on_glue_too() -> None:
    with pytest.raises(UsageError, match="unknown option --lakes"):
        parse("stream", ["--JOB_NAME", "x", "--lakes", "s3://x"], {})


def test_a_flag_of_glue_is_true_or_false() -> None:
    with pytest.raises(UsageError, match="^--once perhaps: should be true or false"):
        without_glue(["--JOB_NAME", "x", "--once", "perhaps"])


def test_other_command_lines_stay_as_they_are() -> None:
    assert without_glue(["--once", "--lake", "x"]) == ["--once", "--lake", "x"]


def test_settings_that_cannot_be_fetched_are_one_line(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws)
    with pytest.raises(UsageError, match=r"^--config s3://no-such/x.toml: cannot be read: .*NoSuchBucket"):
        load_settings("s3://no-such/x.toml", env={})


def test_equal_content_has_an_equal_name_and_parts_do_not_run_together() -> None:
    assert artifacts.digest(b"a", b"b") == artifacts.digest(b"a", b"b") != artifacts.digest(b"ab")
