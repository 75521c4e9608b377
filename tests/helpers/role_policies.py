"""What the template's policies allow the roles of the stack, with the names that its resources have in tests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3

from helpers import templates

REGION = "us-east-1"
ACCOUNT = "123456789012"
LAKE, LANDING, ARTIFACTS = "permissions", "permissions-landing", "permissions-artifacts"
NAME = "permissions"  # of the database, the stream and the secret; moto has one account for all tests
_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{NAME}"
# What the stack's resources are here, by how its policies refer to them.
_PLACES = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": NAME,
    "LakeBucket": LAKE,
    "LandingBucket": LANDING,
    "ArtifactBucket": ARTIFACTS,
    "ArtifactPrefix": "artifacts",
    "Database": NAME,
    "SourceSecretArn": _SECRET,
    "SpotifySecret": _SECRET,
    "Stream.Arn": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{NAME}",
    "LogGroup.Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{NAME}:*",
}


@cache
def statements(role: str) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    """What the template allows a role: actions, and the ARNs that these are allowed on; conditions are left out."""
    found = []
    for statement in (each for policy in _policies(role) for each in policy["Statement"]):
        assert statement["Effect"] == "Allow", "a Deny would count as a grant here"
        found.append((frozenset(_listed(statement["Action"])), frozenset(map(_arn, _listed(statement["Resource"])))))
    return tuple(found)


def granted(role: str) -> dict[str, set[str]]:
    """All actions that the template allows a role, with the ARNs that it allows each on."""
    found: dict[str, set[str]] = {}
    for actions, places in statements(role):
        for action in actions:
            found.setdefault(action, set()).update(places)
    return found


def assume(role: str) -> dict[str, str]:
    """Make a role in moto with the permissions of the template's; returns its credentials as environment variables.

    moto checks resources on S3 only; for other services it checks the action.
    """
    document = {"Version": "2012-10-17", "Statement": [_for_moto(*statement) for statement in statements(role)]}
    iam, name = boto3.client("iam", region_name=REGION), f"{NAME}-{role}"
    if name not in [known["RoleName"] for known in iam.list_roles()["Roles"]]:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=json.dumps(document))
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    got = boto3.client("sts", region_name=REGION).assume_role(RoleArn=arn, RoleSessionName="a-test")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": got["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": got["SecretAccessKey"],
        "AWS_SESSION_TOKEN": got["SessionToken"],
    }


def _for_moto(actions: frozenset[str], places: frozenset[str]) -> dict[str, Any]:
    of_s3 = all(action.startswith("s3:") for action in actions)
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": sorted(places) if of_s3 else "*"}


def _policies(role: str) -> Iterator[dict[str, Any]]:
    for resource in templates.main(user=None)["Resources"].values():
        if resource["Type"] == "AWS::IAM::Policy" and {"Ref": role} in resource["Properties"]["Roles"]:
            yield resource["Properties"]["PolicyDocument"]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _arn(place: Any) -> str:
    """A resource of a policy as the text that CloudFormation makes of it; "?" for what is not in _PLACES."""
    if isinstance(place, str):
        return place
    ((how, what),) = place.items()
    if how == "Fn::Sub" and isinstance(what, str):
        return re.sub(r"\$\{([\w:.]+)\}", lambda found: _PLACES.get(found[1], "?"), what)
    name = ".".join(what) if how == "Fn::GetAtt" else what
    return _PLACES.get(name, "?") if isinstance(name, str) else "?"
