"""What the stack starts jobs with: the launcher's own requests, with names of what the stack makes in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import botocore.session
from botocore.model import Shape

from soundlake.launch.aws import emr_serverless, glue
from soundlake.launch.aws.run import Run
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.platforms import platform_of

# What stands for what the stack makes, as CloudFormation's Fn::Sub has it.
_NAME, _APPLICATION, _LOG_GROUP = "${AWS::StackName}", "${Application}", "${LogGroup}"
_ROLES = {"stream": "${StreamRole.Arn}", "batch": "${BatchRole.Arn}"}
_PLACES = (_NAME, _APPLICATION, _LOG_GROUP, *_ROLES.values())
Document = dict[str, Any]


class Asked:
    """Requests for the jobs of a stack, as CloudFormation's templates hold them.

    `stream` is the stream's run on EMR Serverless, with the settings and the bucket of all jobs; `on_glue`, whether the
    stack's stream runs on Glue instead.
    """

    def __init__(self, stream: Run, *, on_glue: bool = False) -> None:
        self.on_glue = on_glue
        self._stream = stream

    def run(self, job: str, *, once: bool = False, target: str = "emr-serverless") -> Run:
        """A job of the stack, as the launcher would start it."""
        found = REGISTRY[job]
        made = {"name": _NAME, "application_id": _APPLICATION, "log_group": _LOG_GROUP, "role_arn": _ROLES[found.kind]}
        deploy = self._stream.deploy.model_copy(update=made)
        platform = platform_of(target, self._stream.platform.line)
        return replace(self._stream, job=found, deploy=deploy, platform=platform, once=once)

    def batch(self, job: str) -> Document:
        """What a schedule asks EMR Serverless for."""
        return _written_large(emr_serverless.request(self.run(job)))

    def stream(self, *, once: bool = False) -> Document:
        """What a state machine asks EMR Serverless for."""
        return _written_large(emr_serverless.request(self.run("stream", once=once)))

    def glue_stream(self) -> Document:
        """The properties of the Glue job, under a name that no job of the launcher's has."""
        found = glue.definition(self.run("stream", target="glue"))
        network = {"Fn::If": ["StreamsOnGlueInVpc", {"Connections": [{"Ref": "GlueNetwork"}]}, {"Ref": "AWS::NoValue"}]}
        own: Document = self.filled_in(found)
        own.setdefault("Connections", network)
        security = {"SecurityConfiguration": {"Ref": "GlueSecurity"}}
        return {"Name": {"Fn::Sub": f"{_NAME}-stack-stream"}, **own, **security}

    def escaped(self, text: str) -> str:
        """A text for Fn::Sub, which fills in what the stack makes and nothing else."""
        text = text.replace("${", "${!")
        for place in _PLACES:
            text = text.replace(place.replace("${", "${!"), place)
        return text

    def filled_in(self, value: Any) -> Any:
        """A value of a template whose texts are filled in by Fn::Sub where they name what the stack makes."""
        if isinstance(value, dict):
            return {name: self.filled_in(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.filled_in(item) for item in value]
        if isinstance(value, str) and any(place in value for place in _PLACES):
            return {"Fn::Sub": self.escaped(value)}
        return value


def _written_large(request: Document) -> Document:
    """A request as schedules and state machines write it: the names of its fields begin with capitals."""
    model = botocore.session.get_session().get_service_model(emr_serverless.SERVICE)
    shape = model.operation_model("StartJobRun").input_shape
    assert shape is not None
    large: Document = _large(request, shape)
    return large


def _large(value: Any, shape: Any) -> Any:
    kind: Shape = shape
    if kind.type_name == "structure":
        return {name[:1].upper() + name[1:]: _large(item, shape.members[name]) for name, item in value.items()}
    if kind.type_name == "list":
        return [_large(item, shape.member) for item in value]
    return value
