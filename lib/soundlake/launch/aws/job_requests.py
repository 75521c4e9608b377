"""The requests by which the stack starts jobs: the launcher's own, with references to the stack's resources."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import botocore.session
from botocore.model import Shape

from soundlake.launch.aws import emr_serverless, glue
from soundlake.launch.aws.run import Run
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.platforms import platform_of

# References to resources of the stack, for Fn::Sub.
_NAME, _APPLICATION, _LOG_GROUP = "${AWS::StackName}", "${Application}", "${LogGroup}"
_ROLES = {"stream": "${StreamRole.Arn}", "batch": "${BatchRole.Arn}"}
_PLACES = (_NAME, _APPLICATION, _LOG_GROUP, *_ROLES.values())
Document = dict[str, Any]


class JobRequests:
    """Requests for the jobs of a stack, as its template holds them.

    `stream` is the stream's run on EMR Serverless: all jobs take its settings and bucket. `on_glue` says whether the
    stack runs its stream on Glue instead.
    """

    def __init__(self, stream: Run, *, on_glue: bool = False) -> None:
        self.on_glue = on_glue
        self._stream = stream

    def run(self, job: str, *, once: bool = False, target: str = "emr-serverless") -> Run:
        """Return a job of the stack, as the launcher would start it."""
        found = REGISTRY[job]
        made = {"name": _NAME, "application_id": _APPLICATION, "log_group": _LOG_GROUP, "role_arn": _ROLES[found.kind]}
        deploy = self._stream.deploy.model_copy(update=made)
        platform = platform_of(target, self._stream.platform.line)
        return replace(self._stream, job=found, deploy=deploy, platform=platform, once=once)

    def batch(self, job: str) -> Document:
        """Return the request that a schedule sends to EMR Serverless."""
        return _capitalized(emr_serverless.request(self.run(job)))

    def stream(self, *, once: bool = False) -> Document:
        """Return the request that a state machine sends to EMR Serverless."""
        return _capitalized(emr_serverless.request(self.run("stream", once=once)))

    def glue_stream(self) -> Document:
        """Return the properties of the Glue job; its name differs from those of the launcher's jobs."""
        found = glue.definition(self.run("stream", target="glue"))
        network = {"Fn::If": ["StreamsOnGlueInVpc", {"Connections": [{"Ref": "GlueNetwork"}]}, {"Ref": "AWS::NoValue"}]}
        own: Document = self.filled_in(found)
        own.setdefault("Connections", network)
        security = {"SecurityConfiguration": {"Ref": "GlueSecurity"}}
        return {"Name": {"Fn::Sub": f"{_NAME}-stack-stream"}, **own, **security}

    def escaped(self, text: str) -> str:
        """Escape a text for Fn::Sub, which then resolves references to the stack's resources and nothing else."""
        text = text.replace("${", "${!")
        for place in _PLACES:
            text = text.replace(place.replace("${", "${!"), place)
        return text

    def filled_in(self, value: Any) -> Any:
        """Wrap each text in Fn::Sub that refers to a resource of the stack."""
        if isinstance(value, dict):
            return {name: self.filled_in(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.filled_in(item) for item in value]
        if isinstance(value, str) and any(place in value for place in _PLACES):
            return {"Fn::Sub": self.escaped(value)}
        return value


def _capitalized(request: Document) -> Document:
    """Capitalize the field names of a request, as schedules and state machines need them."""
    model = botocore.session.get_session().get_service_model(emr_serverless.SERVICE)
    shape = model.operation_model("StartJobRun").input_shape
    assert shape is not None
    capitalized: Document = _capitals(request, shape)
    return capitalized


def _capitals(value: Any, shape: Any) -> Any:
    kind: Shape = shape
    if kind.type_name == "structure":
        return {name[:1].upper() + name[1:]: _capitals(item, shape.members[name]) for name, item in value.items()}
    if kind.type_name == "list":
        return [_capitals(item, shape.member) for item in value]
    return value
