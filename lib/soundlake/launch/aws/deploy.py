"""`soundlake deploy`: creates and updates the two stacks of conf/aws, of what holds data and of what runs."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from soundlake.aws import translate_errors
from soundlake.errors import UsageError
from soundlake.launch import lambda_archive
from soundlake.launch.aws import emr_serverless, run, stack
from soundlake.launch.aws.account import Account
from soundlake.launch.aws.artifacts import Artifact, digest, upload
from soundlake.launch.aws.changes import Change, Stack
from soundlake.launch.aws.job_requests import JobRequests
from soundlake.launch.aws.packages import BUILT
from soundlake.launch.aws.restart import restart_stream, stop_application
from soundlake.launch.aws.run import Run
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.platforms import platform_of
from soundlake.launch.report import say
from soundlake.launch.versions import SparkLine
from soundlake.settings import Settings
from soundlake.settings.model import DeploySettings
from soundlake.settings.references import name_secrets

# Each batch writes some 25 objects: on S3 they cost more than the seconds are worth (docs/cost.md).
TRIGGER = "10 seconds"
_LAMBDA_PYTHON = "3.13"
_TO_BE_MADE = {"LakeBucket": "lake", "LandingBucket": "landing", "ArtifactBucket": "artifacts"}
_NETWORKS = "docs/setup.md tells which subnets, under Networks"
Agree = Callable[[str, list[Change]], bool]
Reload = Callable[[Mapping[str, Any]], Settings]


def deploy(settings: Settings, reload: Reload, line: SparkLine, agree: Agree) -> bool:
    """Bring both stacks to their templates; returns whether all that was proposed was agreed to and done.

    `agree` is shown the changes of a stack and says whether to make them; a proposal that it refuses is discarded.
    `reload` loads the settings again over other defaults: the jobs' lake and source are resources of the stacks.
    """
    name, given = check(settings, reload, line)
    account = Account(settings.deploy)
    region = account.client("s3").meta.region_name
    made = {"GlueZone": _zone(account, given)}

    storage = stack.storage()
    holder = Stack(account, f"{name}-storage")
    if _apply(holder, {"TemplateBody": stack.as_json(storage)}, _ours(storage, given), agree) is None:
        return False
    buckets = holder.outputs
    stream = _stream(reload(_defaults(name, region, buckets)), line, buckets["ArtifactBucket"])
    jobs = JobRequests(stream, on_glue=given.get("StreamTarget") == "glue")
    main = stack.main(jobs, settings.deploy.quicksight_user)
    extraction, template = _extraction(stream.deploy, given), _template(stream.deploy, main)
    upload(account.client("s3"), [*_taken_along(jobs), *extraction, template])
    made |= _made(stream, buckets, extraction)
    url = f"{account.client('s3').meta.endpoint_url}/{template.bucket}/{template.key}"
    runs = Stack(account, name)
    before, outputs = runs.template, runs.outputs
    free = partial(stop_application, account, name, outputs=outputs)
    changes = _apply(runs, {"TemplateURL": url}, {**made, **_ours(main, given)}, agree, free)
    if changes is None:
        return False
    restart_stream(account, name, given.get("StreamTarget", "none"), changes, runs.outputs)
    _remove_old_settings(account, stream, before, stack.as_json(main))
    return True


def check(settings: Settings, reload: Reload, line: SparkLine) -> tuple[str, dict[str, str]]:
    """Return the stack's name and parameters; raises UsageError for what cannot be deployed, before AWS is asked."""
    name = settings.deploy.stack
    if name is None:
        raise UsageError("deploy.stack: needed")
    given = {key: value.get_secret_value() for key, value in settings.deploy.parameters.items()}
    _check_names(given)
    region = Account(settings.deploy).client("s3").meta.region_name
    _check_jobs(reload(_defaults(name, region, _TO_BE_MADE)), line, given)
    return name, given


def _remove_old_settings(account: Account, stream: Run, before: str, now: str) -> None:
    """Remove the settings that one template names and the next does not: the source's secrets may be in them."""
    bucket, folder = stream.config.bucket, stream.config.key.rsplit("/", 2)[0]
    named = set(re.findall(rf"{re.escape(folder)}/\w+/settings\.toml", before))
    for key in sorted(key for key in named if key not in now):
        say(f"removing settings that the stream no longer reads: s3://{bucket}/{key}")
        with translate_errors(f"removing s3://{bucket}/{key}", "s3:DeleteObject"):
            account.client("s3").delete_object(Bucket=bucket, Key=key)


def _apply(
    target: Stack,
    template: Mapping[str, str],
    parameters: Mapping[str, str],
    agree: Agree,
    free: Callable[[list[Change]], None] | None = None,
) -> list[Change] | None:
    """The changes that were made, maybe none; None where they were not agreed to.

    `free` stops what runs and is in the way of the changes that are about to be made.
    """
    changes = target.propose(template, parameters)
    try:
        agreed = agree(target.name, changes)
        if changes and agreed and free:
            free(changes)
    except BaseException:
        if changes:
            target.discard()
        raise
    if changes and not agreed:
        target.discard()
        return None
    if changes:
        target.execute()
    return changes


def _defaults(name: str, region: str, buckets: Mapping[str, str]) -> dict[str, Any]:
    """The settings by which jobs read and write the resources of the stacks."""
    return {
        "lake.uri": f"s3://{buckets['LakeBucket']}/lake",
        "source.type": "kinesis",
        "source.kinesis.stream": name,
        "source.kinesis.region": region,
        "source.files.path": f"s3://{buckets['LandingBucket']}/records",
        "source.files.processed_path": f"s3://{buckets['LandingBucket']}/processed",
        "catalog.type": "glue",
        "athena.workgroup": name,
        "trigger.interval": TRIGGER,
        "log.metrics_group": f"/soundlake/{name}",
    }


def _stream(settings: Settings, line: SparkLine, bucket: str) -> Run:
    deploy = settings.deploy.model_copy(update={"bucket": bucket})
    return Run(REGISTRY["stream"], settings, deploy, platform_of("emr-serverless", line))


def _check_jobs(settings: Settings, line: SparkLine, given: Mapping[str, str]) -> None:
    """Raise UsageError where the stack's stream could not run with these settings, before anything is created."""
    target = given.get("StreamTarget", "none")
    stream = _stream(settings, line, _TO_BE_MADE["ArtifactBucket"])
    platform = platform_of("emr-serverless" if target == "none" else target, line)
    run.check(stream.job, settings, platform, streams=True)
    problems = []
    source, in_vpc = settings.source.type, bool(given.get("SubnetIds"))
    if target == "emr-serverless" and emr_serverless.needs_vpc(stream) and not in_vpc:
        problems.append(f"deploy.parameters.SubnetIds: EMR Serverless reaches {source} from a VPC only; {_NETWORKS}")
    if target == "glue" and source == "kafka" and not (in_vpc or settings.deploy.glue_connections):
        problems.append(f"deploy.parameters.SubnetIds: Glue reaches kafka from a VPC only; {_NETWORKS}")
    for name, needed in {"SubnetIds": "SecurityGroupIds", "EndpointVpcId": "RouteTableIds"}.items():
        if given.get(name) and not given.get(needed):
            problems.append(f"deploy.parameters.{needed}: needed with {name}")
    if source == "kafka" and name_secrets(settings.source.kafka.options) and not given.get("SourceSecretArn"):
        problems.append("deploy.parameters.SourceSecretArn: needed, as source.kafka.options refers to a secret")
    if given.get("EndpointVpcId") and not in_vpc:
        problems.append("deploy.parameters.SubnetIds: needed with EndpointVpcId")
    if problems:
        raise UsageError(*problems)


def _zone(account: Account, given: Mapping[str, str]) -> str:
    """The zone of the first subnet, where the stack makes a Glue connection in it: the connection has to name it."""
    subnets = given.get("SubnetIds", "").split(",")
    if given.get("StreamTarget") != "glue" or not subnets[0]:
        return ""
    with translate_errors(f"the subnet {subnets[0]}", "ec2:DescribeSubnets"):
        found = account.client("ec2").describe_subnets(SubnetIds=[subnets[0].strip()])["Subnets"]
    return str(found[0]["AvailabilityZone"])


def _taken_along(jobs: JobRequests) -> list[Artifact]:
    """The files of the stack's jobs, each once; those for Glue only where the stream runs there."""
    runs = [*(jobs.run(job) for job in ("stream", *stack.SCHEDULES))]
    runs += [jobs.run("stream", target="glue")] if jobs.on_glue else []
    return list({artifact.key: artifact for one in runs for artifact in one.artifacts}.values())


def _extraction(deploy: DeploySettings, given: Mapping[str, str]) -> list[Artifact]:
    """The Lambda function that extracts, where it has a schedule."""
    if not given.get("ExtractSchedule"):
        return []
    assert deploy.bucket is not None
    gather = lambda_archive.from_index(_LAMBDA_PYTHON, "x86_64")
    archive = lambda_archive.build(BUILT / "soundlake-extract.zip", gather).path
    key = f"{deploy.prefix}/extract/{digest(archive.read_bytes())}/{archive.name}"
    return [Artifact("the extraction", deploy.bucket, key, lambda: archive)]


def _template(deploy: DeploySettings, template: stack.Template) -> Artifact:
    """The template as a file: with all queries in it, it is too large for a request."""
    assert deploy.bucket is not None
    content = stack.as_json(template).encode()
    return Artifact(
        "the template", deploy.bucket, f"{deploy.prefix}/templates/{digest(content)}/soundlake.json", lambda: content
    )


def _made(stream: Run, buckets: Mapping[str, str], extraction: Iterable[Artifact]) -> dict[str, str]:
    """The parameters that deploy sets itself: names and URIs of what it created and uploaded."""
    return {
        **{name: buckets[name] for name in ("LakeBucket", "LandingBucket", "ArtifactBucket", "ResultBucket", "KeyArn")},
        "Database": stream.settings.catalog.database,
        "ReleaseLabel": stream.platform.releases[0],
        "Architecture": stream.deploy.architecture.upper(),
        "ArtifactPrefix": stream.deploy.prefix,
        "ExtractKey": next((artifact.key for artifact in extraction), ""),
    }


def _ours(template: stack.Template, given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name in template["Parameters"]}


def _check_names(given: Mapping[str, str]) -> None:
    known, problems = stack.parameters(), []
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            problems.append(f"deploy.parameters.{name}: the stack has no such parameter{hint}")
    if problems:
        raise UsageError(*problems)
