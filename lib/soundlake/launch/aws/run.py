"""A job on AWS, on any platform: its files, its arguments and its Spark properties."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

from soundlake.errors import UsageError
from soundlake.launch import local
from soundlake.launch.aws import packages
from soundlake.launch.aws.artifacts import Artifact, digest
from soundlake.launch.aws.sizes import size_of
from soundlake.launch.jobs import Job
from soundlake.launch.platforms import Platform
from soundlake.s3 import LOG_STORE
from soundlake.settings import Settings
from soundlake.settings.document import given_as_toml
from soundlake.settings.model import DeploySettings
from soundlake.spark_conf import JAVA_OPTIONS, MEANING, PLANNING, QUICK, shuffled

# Tables are registered by boto3. EMR's client of Glue would look for a database `default` at the first query and create
# a missing one, for which the role of a job has no permission.
CATALOG = {"spark.sql.catalogImplementation": "in-memory"}
_GLUE_CORES = 4  # of the smallest worker that batch jobs can have
_FOR_STREAMS = "G.025X"
TAG = "soundlake"


@dataclass(frozen=True)
class Call:
    """One request to AWS: the service, the operation as its documentation writes it, and the parameters."""

    service: str
    operation: str
    parameters: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """What --dry-run prints."""
        return {"service": self.service, "operation": self.operation, "parameters": self.parameters}


@dataclass(frozen=True)
class Run:
    """A job with its settings on a platform. `once`, `recover_checkpoint` and `check` are its options.

    `launched` says that the launcher starts it, and not the stack.
    """

    job: Job
    settings: Settings
    deploy: DeploySettings
    platform: Platform
    once: bool = False
    recover_checkpoint: bool = False
    check: bool = False
    launched: bool = False

    @property
    def name(self) -> str:
        """The name of the job there."""
        return f"{self.deploy.name}-{self.job.name.replace('_', '-')}"

    @property
    def streams(self) -> bool:
        """Whether it goes on until it is stopped."""
        return self.job.reads_source and not self.once

    @cached_property
    def code(self) -> Artifact:
        """The wheel of the package, under the name of a zip: what Spark takes as Python files."""
        name, content = _package()
        return self._artifact("the package", f"code/{digest(content)}/{name}", content)

    @cached_property
    def script(self) -> Artifact:
        """The job's file."""
        content = self.job.file.read_bytes()
        return self._artifact(f"the job {self.job.name}", f"jobs/{digest(content)}/{self.job.file.name}", content)

    @cached_property
    def config(self) -> Artifact:
        """The settings as one file; only a stream's holds secrets, of its source, and only its role may read it."""
        secret = set() if self.job.reads_source else {"source.kafka.options"}
        content = given_as_toml(self.settings, without={"deploy", "publish.kafka_options", *secret}).encode()
        folder, expires = f"settings/{self.job.kind}", False
        if self.launched and self.streams:
            folder = settings_folder(self.platform.target, self.name)
        elif self.launched and self.job.reads_source:
            folder, expires = f"{folder}/once", True
        key = f"{folder}/{digest(content)}/settings.toml"
        return self._artifact("the settings", key, content, expires=expires)

    @cached_property
    def libraries(self) -> Artifact:
        """The libraries, packed as the platform takes them."""
        python = self.platform.python
        is_glue = self.platform.target == "glue"
        architecture = "x86_64" if is_glue else self.deploy.architecture
        name = "libraries.gluewheels.zip" if is_glue else "environment.tar.gz"
        delta = "" if is_glue else self.platform.line.delta
        key = f"libraries/{digest(packages.made_from(python, architecture, delta), name.encode())}/{name}"
        made = (packages.BUILT / key, python, architecture)
        make = partial(packages.wheels_archive, *made)
        return self._artifact(
            "the libraries", key, make if is_glue else partial(packages.environment_archive, *made, delta)
        )

    @cached_property
    def kafka_jars(self) -> list[Artifact]:
        """The jars of Spark's Kafka connector, where the job needs it and the platform has none."""
        if not self._reads("kafka") or self.platform.has_kafka:
            return []
        present = {path.name.partition("_")[2]: path for path in sorted(local.JARS.glob("*.jar"))}
        found = [
            (name, path)
            for name, path in present.items()
            if any(name.startswith(f"{jar}{mark}") for jar in self.platform.kafka_jars for mark in "-_")
        ]
        if len(found) < len(self.platform.kafka_jars):
            raise UsageError(f"the Kafka connector is not in {local.JARS}: run ./spark-submit.sh --setup")
        return [
            self._artifact(f"the jar {name}", f"jars/{digest(path.read_bytes())}/{name}", path) for name, path in found
        ]

    @property
    def artifacts(self) -> list[Artifact]:
        """All that has to be in the bucket before the job starts."""
        return [self.libraries, *self.kafka_jars, self.code, self.config, self.script]

    @property
    def jars(self) -> list[str]:
        """The jars that the job is started with."""
        kinesis = self.settings.source.kinesis
        reader = self.platform.line.kinesis if kinesis.reader == "auto" else kinesis.reader
        connector = self.platform.kinesis_jars if self._reads("kinesis") and reader == "connector" else ()
        return [*self.platform.jars, *connector, *(jar.uri for jar in self.kafka_jars), *self.deploy.jars]

    @property
    def spark(self) -> dict[str, str]:
        """The Spark properties on every platform; those of the settings come last and win."""
        own = {name: value.get_secret_value() for name, value in self.deploy.spark.items()}
        return {**MEANING, **PLANNING, **CATALOG, **QUICK, **self.platform.line.s3_conf, **self._sized, **own}

    @property
    def _sized(self) -> dict[str, str]:
        """Glue's workers have their sizes by their type, and its arguments no spaces inside a value."""
        if self.platform.target == "glue":
            java, size, cores = JAVA_OPTIONS[0], {}, _GLUE_CORES * (self.deploy.glue_workers - 1)
        else:
            sized = size_of(self.deploy, streams=self.streams)
            java, size, cores = " ".join(JAVA_OPTIONS), sized.conf(), sized.working
        told = {f"spark.{role}.extraJavaOptions": java for role in ("driver", "executor")}
        return {**size, **shuffled(cores), **told}

    @property
    def arguments(self) -> list[str]:
        """The command line of the job."""
        flags = {"--once": self.once, "--recover-checkpoint": self.recover_checkpoint, "--check": self.check}
        return [f"--config={self.config.uri}", *(flag for flag, given in flags.items() if given)]

    def _reads(self, source: str) -> bool:
        return self.job.reads_source and self.settings.source.type == source

    def _artifact(self, what: str, key: str, content: Any, *, expires: bool = False) -> Artifact:
        assert self.deploy.bucket is not None
        make = content if callable(content) else lambda: content
        return Artifact(what, self.deploy.bucket, f"{self.deploy.prefix}/{key}", make, expires)


def settings_folder(target: str, name: str) -> str:
    """Where the settings of a stream that the launcher starts stand below the prefix, until it is stopped."""
    return f"settings/stream/{target}/{name}"


@cache
def _package() -> tuple[str, bytes]:
    """The name and the bytes of the package: the same for all jobs of this process."""
    with tempfile.TemporaryDirectory(prefix="soundlake-code-") as folder:
        wheel = packages.build_wheel(Path(folder))
        return f"soundlake-{wheel.name.split('-')[1]}.zip", wheel.read_bytes()


def check(job: Job, settings: Settings, platform: Platform, *, streams: bool) -> None:
    """Raise UsageError, with a line for each problem, where the job could not run on the platform as it is set.

    `streams` says whether it goes on until it is stopped.
    """
    problems = []
    if "://" not in settings.lake.uri or settings.lake.uri.startswith("file:"):
        problems.append(f"lake.uri: {settings.lake.uri} is on this machine; a job on AWS needs s3://…")
    path = settings.source.files.path
    if (job.reads_source or job.bundled) and settings.source.type == "files" and path and "s3" not in path[:3]:
        problems.append(f"source.files.path: {path} is on this machine; a job on AWS needs s3://…")
    is_connector = settings.source.kinesis.reader in ("auto", "connector") and platform.line.kinesis == "connector"
    has_jar = platform.kinesis_jars or settings.deploy.jars
    if job.reads_source and settings.source.type == "kinesis" and is_connector and not has_jar:
        problems.append(f"deploy.jars: {platform.target} has no aws-kinesis connector for Spark {platform.line.name}")
    if settings.s3.conditional_commits and not settings.deploy.jars:
        problems.append(f"s3.conditional_commits: deploy.jars names no jar that could have {LOG_STORE}")
    worker = settings.deploy.glue_worker
    if platform.target == "glue" and worker == _FOR_STREAMS and not streams:
        problems.append(f"deploy.glue_worker: Glue has {worker} for streams only, and this run of {job.name} ends")
    if problems:
        raise UsageError(*problems)
