"""The stacks on moto: what its CloudFormation does not know is left out, and nothing is packed.

As a program it is `soundlake`, or the launcher, for scripts that run on moto:

    python tests/helpers/stack_on_moto.py soundlake deploy --yes …
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from soundlake import cli
from soundlake.launch import lambda_archive
from soundlake.launch.aws import changes, launcher, packages, preflight, run, stack
from soundlake.launch.main import launch

# What moto's CloudFormation does not know; everything else is made there for real.
UNKNOWN = re.compile(
    r"AWS::(Glue|Athena|KinesisFirehose|Logs::LogStream|Logs::MetricFilter|SecretsManager|EMRServerless|Scheduler|QuickSight"
    r"|CloudWatch::Alarm|SNS::Subscription|SNS::TopicPolicy)"
)
STAND_INS = "ON_MOTO_STAND_INS"  # variable with what stands for unknown resources, as JSON by name
Document = dict[str, Any]
_ANY = "arn:aws:x:eu-west-1:123456789012:unknown"


def known(template: Document, stand_ins: Mapping[str, str] = MappingProxyType({})) -> Document:
    """The part of a template that moto knows; what refers to the rest by name gets its stand-in, else any text."""
    unknown = {name for name, resource in template["Resources"].items() if UNKNOWN.match(resource["Type"])}
    pattern = re.compile(rf"\$\{{({'|'.join(unknown)})(\.\w+)?\}}")

    def stand_in(found: re.Match[str]) -> str:
        return _ANY if found[2] else stand_ins.get(found[1], _ANY)

    def cut(value: Any) -> Any:
        if isinstance(value, list):
            return [cut(item) for item in value]
        if not isinstance(value, dict):
            return value
        if value.get("Ref") in unknown:
            return stand_ins.get(value["Ref"], _ANY)
        if (value.get("Fn::GetAtt") or [""])[0] in unknown:
            return _ANY
        if isinstance(value.get("Fn::Sub"), str):
            return {"Fn::Sub": pattern.sub(stand_in, value["Fn::Sub"])}
        return {name: cut(item) for name, item in value.items()}

    kept = {name: cut(resource) for name, resource in template["Resources"].items() if name not in unknown}
    return {**template, "Resources": kept, "Outputs": cut(template["Outputs"])}


@contextmanager
def outputs_kept() -> Iterator[None]:
    """Where moto runs: it forgets the outputs of a stack that a change set makes."""
    # Two seconds to import, and this module is the command line of thirty processes that need none of it.
    from moto.cloudformation.models import CloudFormationBackend

    executed = CloudFormationBackend.execute_change_set

    def execute(self: CloudFormationBackend, change_set_name: str, stack_name: str | None = None) -> None:
        executed(self, change_set_name, stack_name)
        for one in self.stacks.values():
            if isinstance(one.template, str):
                one._parse_template()
            one.output_map = one._create_output_map()

    with patch.object(CloudFormationBackend, "execute_change_set", execute):
        yield


@contextmanager
def deployable(folder: Path, stand_ins: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    """Where the command line runs: the known part of the stack, and archives of nothing, which it makes in a folder."""

    def library(out: Path, *_: Any) -> Path:
        (folder / out.name).write_bytes(b"libraries")
        return folder / out.name

    def archive(out: Path, *_: Any) -> lambda_archive.Archive:
        return lambda_archive.Archive(library(out), 1, 1, ())

    real = stack.main
    with (
        patch.object(stack, "main", lambda *asked: known(real(*asked), stand_ins)),
        patch.object(packages, "environment_archive", library),
        patch.object(packages, "wheels_archive", library),
        patch.object(run, "_package", lambda: ("soundlake.zip", b"the package")),
        patch.object(lambda_archive, "build", archive),
        patch.object(changes, "_LOOK_AGAIN_SECONDS", 0.01),
        patch.object(launcher, "_LOOK_AGAIN_SECONDS", 0.01),
        patch.object(preflight, "_quota", lambda *_: "moto has no quotas of EMR Serverless"),
    ):
        yield


def main() -> None:
    """Be `soundlake` or the launcher."""
    with TemporaryDirectory() as folder, deployable(Path(folder), json.loads(os.environ.get(STAND_INS, "{}"))):
        what = sys.argv.pop(1)
        if what == "soundlake":
            cli.main()
        launch(sys.argv[1:])


if __name__ == "__main__":
    main()
