"""The stack's templates as they are sent, for settings that somebody could have: for tests, and for linters."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

from soundlake.launch.aws import run, stack
from soundlake.launch.aws.job_requests import JobRequests
from soundlake.launch.aws.run import Run
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.platforms import platform_of
from soundlake.launch.versions import choose_spark_line
from soundlake.settings import load_settings

USER = "arn:aws:quicksight:eu-west-1:123456789012:user/default/analyst"
SETTINGS = ("lake.uri=s3://lake/lake", "source.type=kinesis", "source.kinesis.stream=soundlake", "catalog.type=glue")


def job_requests(*sets: str, line: str = "4.1", on_glue: bool = False) -> JobRequests:
    """What the jobs of a stack are started with, under these settings."""
    settings = load_settings(sets=[*SETTINGS, "deploy.bucket=artifacts", *sets], env={})
    stream = Run(REGISTRY["stream"], settings, settings.deploy, platform_of("emr-serverless", choose_spark_line(line)))
    return JobRequests(stream, on_glue=on_glue)


def main(*sets: str, user: str | None = USER) -> dict[str, Any]:
    """The template of what runs; the package is not built for it."""
    with patch.object(run, "_package", lambda: ("soundlake.zip", b"the package")):
        return stack.main(job_requests(*sets, on_glue=True), user)


def write(folder: Path) -> None:
    """Write all templates into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, template in (("storage", stack.storage()), ("soundlake", main())):
        (folder / f"{name}.json").write_text(json.dumps(template, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
