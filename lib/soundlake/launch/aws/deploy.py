"""`soundlake deploy`: the account brought to conf/aws, in two stacks: what holds data, and what runs."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from soundlake.errors import UsageError
from soundlake.launch import lambda_archive
from soundlake.launch.aws import stack
from soundlake.launch.aws.account import Account
from soundlake.launch.aws.artifacts import Artifact, digest, upload
from soundlake.launch.aws.changes import Change, Stack
from soundlake.launch.aws.emr_serverless import submit_parameters
from soundlake.launch.aws.packages import BUILT
from soundlake.launch.aws.run import Run
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.platforms import platform_of
from soundlake.launch.versions import Line
from soundlake.settings import Settings
from soundlake.settings.model import DeploySettings

_LAMBDA_PYTHON = "3.13"
Agree = Callable[[str, list[Change]], bool]
Reload = Callable[[Mapping[str, Any]], Settings]


def deploy(settings: Settings, reload: Reload, line: Line, agree: Agree) -> bool:
    """Bring both stacks to their templates; returns whether all that was proposed was agreed to and done.

    `agree` is shown the changes of a stack, and says whether to do them: where not, nothing stays of the proposal.
    `reload` gives the settings again over other defaults: what the stacks are called is what jobs read and write.
    """
    account = Account(settings.deploy)
    name = settings.deploy.stack
    if name is None:
        raise UsageError("deploy.stack: needed")
    given = {key: value.get_secret_value() for key, value in settings.deploy.parameters.items()}
    storage, main = stack.storage(), stack.main(settings.deploy.quicksight_user)
    ours = _ours(storage, given), _ours(main, given)
    _check_names(given, [*storage["Parameters"], *main["Parameters"]])

    holder = Stack(account, f"{name}-storage")
    if not _apply(holder, {"TemplateBody": stack.as_json(storage)}, ours[0], agree):
        return False
    buckets = holder.outputs
    region = account.client("s3").meta.region_name
    run = _stream(reload(_defaults(name, region, buckets)), line, buckets["ArtifactBucket"])
    scripts, extraction = _scripts(run.deploy), _extraction(run.deploy, given)
    template = _template(run.deploy, main)
    upload(account.client("s3"), [*run.artifacts, *_glue(run, given), *scripts, *extraction, template])
    made = _made(run, buckets, scripts[0], extraction)
    url = f"{account.client('s3').meta.endpoint_url}/{template.bucket}/{template.key}"
    return _apply(Stack(account, name), {"TemplateURL": url}, {**made, **ours[1]}, agree)


def _apply(target: Stack, template: Mapping[str, str], parameters: Mapping[str, str], agree: Agree) -> bool:
    changes = target.propose(template, parameters)
    try:
        agreed = agree(target.name, changes)
    except BaseException:
        if changes:
            target.discard()
        raise
    if not changes:
        return True
    if not agreed:
        target.discard()
        return False
    target.execute()
    return True


def _defaults(name: str, region: str, buckets: Mapping[str, str]) -> dict[str, Any]:
    """What jobs read and write where the settings do not say otherwise: what the stacks have made."""
    return {
        "lake.uri": f"s3://{buckets['LakeBucket']}/lake",
        "source.type": "kinesis",
        "source.kinesis.stream": name,
        "source.kinesis.region": region,
        "source.files.path": f"s3://{buckets['LandingBucket']}/records",
        "source.files.processed_path": f"s3://{buckets['LandingBucket']}/processed",
        "catalog.type": "glue",
        "athena.workgroup": name,
    }


def _stream(settings: Settings, line: Line, bucket: str) -> Run:
    deploy = settings.deploy.model_copy(update={"bucket": bucket})
    return Run(REGISTRY["stream"], settings, deploy, platform_of("emr-serverless", line))


def _glue(run: Run, given: Mapping[str, str]) -> list[Artifact]:
    """The libraries for Glue, where the stream runs there."""
    return [_for_glue(run).libraries] if given.get("StreamTarget") == "glue" else []


def _for_glue(run: Run) -> Run:
    return replace(run, platform=platform_of("glue", run.platform.line))


def _scripts(deploy: DeploySettings) -> list[Artifact]:
    """All job files, side by side."""
    assert deploy.bucket is not None
    contents = {job.file.name: job.file.read_bytes() for job in REGISTRY.values()}
    folder = (
        f"{deploy.prefix}/jobs/{digest(*(part for item in contents.items() for part in (item[0].encode(), item[1])))}"
    )
    return [
        Artifact(f"the job file {name}", deploy.bucket, f"{folder}/{name}", partial(bytes, content))
        for name, content in contents.items()
    ]


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
    """The template: with all queries in it, it is more than a request may hold."""
    assert deploy.bucket is not None
    content = stack.as_json(template).encode()
    return Artifact(
        "the template", deploy.bucket, f"{deploy.prefix}/templates/{digest(content)}/soundlake.json", lambda: content
    )


def _made(run: Run, buckets: Mapping[str, str], script: Artifact, extraction: Iterable[Artifact]) -> dict[str, str]:
    """The parameters that nobody has to know: names and places of what was made and uploaded."""
    submit = submit_parameters(run)
    if {'"', "\\"} & set(submit):
        raise UsageError('deploy.spark: a value with " or \\ cannot be passed to schedules')
    glue = _for_glue(run)
    return {
        **{name: buckets[name] for name in ("LakeBucket", "LandingBucket", "ArtifactBucket", "ResultBucket", "KeyArn")},
        "Database": run.settings.catalog.database,
        "ReleaseLabel": run.platform.releases[0],
        "GlueVersion": glue.platform.releases[0],
        "JobsUri": script.uri.rpartition("/")[0],
        "ConfigUri": run.config.uri,
        "SubmitParameters": submit,
        "GlueLibrariesUri": glue.libraries.uri,
        "CodeUri": run.code.uri,
        "ExtractKey": next((artifact.key for artifact in extraction), ""),
    }


def _ours(template: stack.Template, given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name in template["Parameters"]}


def _check_names(given: Mapping[str, str], known: list[str]) -> None:
    problems = []
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            problems.append(f"deploy.parameters.{name}: the stack has no such parameter{hint}")
    if problems:
        raise UsageError(*problems)
