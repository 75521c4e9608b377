"""`soundlake deploy --check` on moto: what would fail in an account is one line each, and nothing is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from typer.testing import CliRunner, Result

from helpers.aws_environment import REGION, set_credentials
from helpers.services.moto import moto_server
from soundlake import cli
from soundlake.errors import SoundlakeError
from soundlake.launch.aws import preflight
from soundlake.launch.aws.account import Account
from soundlake.settings import load_settings


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch, aws: str) -> None:
    set_credentials(monkeypatch)
    # moto has no quotas of EMR Serverless: an account that is new.
    monkeypatch.setattr(preflight, "_quota", lambda *_: "the account may use 16")
    let_iam_decide(aws, True)


def client(url: str, service: str) -> Any:
    return boto3.client(service, region_name=REGION, endpoint_url=url)  # type: ignore[call-overload]


def let_iam_decide(url: str, decides: bool) -> None:
    everybody = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]
    given = everybody if decides else []
    told = {"CreateDatabaseDefaultPermissions": given, "CreateTableDefaultPermissions": given}
    client(url, "lakeformation").put_data_lake_settings(DataLakeSettings=told)


def check(url: str, *parameters: str) -> Result:
    sets = [f"deploy.endpoint_url={url}", *(f"deploy.parameters.{one}" for one in parameters)]
    return CliRunner().invoke(cli.app, ["deploy", "--check", *(part for one in sets for part in ("--set", one))])


@pytest.fixture
def network(aws: str) -> dict[str, str]:
    """A VPC with a subnet, a security group and a route table, and no way out."""
    ec2 = client(aws, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="jobs", Description="jobs")["GroupId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    return {"vpc": vpc, "subnet": subnet, "group": group, "table": table}


def test_an_account_as_it_should_be_has_only_good_findings_and_stays_as_it_is(aws: str) -> None:
    before = client(aws, "cloudformation").describe_stacks()["Stacks"]
    done = check(aws)
    assert (done.exit_code, "NO" in done.output) == (0, False), done.output
    assert client(aws, "cloudformation").describe_stacks()["Stacks"] == before


def test_jobs_that_are_larger_than_the_application_are_told(aws: str) -> None:
    done = check(aws, "MaximumCpu=8 vCPU")
    assert done.exit_code == 1
    assert "NO  vCPUs of the application: the stream and one batch job may take 10 vCPU and 40 GB, and " in done.output
    assert "MaximumCpu is 8 vCPU: raise deploy.parameters, or lower the sizes" in done.output


def test_a_lake_formation_that_decides_for_itself_is_told(aws: str) -> None:
    let_iam_decide(aws, False)
    done = check(aws)
    assert done.exit_code == 1
    assert "NO  Lake Formation: it decides who may use new databases" in done.output


def test_subnets_without_a_way_out_are_told_with_what_is_missing(aws: str, network: dict[str, str]) -> None:
    done = check(aws, f"SubnetIds={network['subnet']}", f"SecurityGroupIds={network['group']}")
    assert done.exit_code == 1
    assert f"{network['subnet']} has no route to a NAT gateway" in done.output
    assert "glue, kinesis-streams, kms, logs, s3, secretsmanager, sts" in done.output


def test_a_nat_gateway_is_a_way_out(aws: str, network: dict[str, str]) -> None:
    ec2 = client(aws, "ec2")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=network["subnet"], AllocationId=address)["NatGateway"]["NatGatewayId"]
    ec2.create_route(RouteTableId=network["table"], DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    done = check(aws, f"SubnetIds={network['subnet']}", f"SecurityGroupIds={network['group']}")
    assert done.exit_code == 0, done.output
    assert "ok  ways to AWS's services: by NAT gateways" in done.output


def test_endpoints_that_are_there_already_are_not_made_twice(aws: str, network: dict[str, str]) -> None:
    client(aws, "ec2").create_vpc_endpoint(
        VpcEndpointType="Interface", VpcId=network["vpc"], ServiceName=f"com.amazonaws.{REGION}.glue"
    )
    told = (f"SubnetIds={network['subnet']}", f"SecurityGroupIds={network['group']}")
    done = check(aws, *told, f"EndpointVpcId={network['vpc']}", f"RouteTableIds={network['table']}")
    assert done.exit_code == 1
    assert f"{network['vpc']} has endpoints for glue, and AWS takes no second one" in done.output


def test_subnets_without_a_security_group_are_told(aws: str, network: dict[str, str]) -> None:
    done = check(aws, f"SubnetIds={network['subnet']}")
    assert done.exit_code == 1
    assert "NO  subnets: no security group is named: set deploy.parameters.SecurityGroupIds" in done.output


def test_a_security_group_of_another_network_is_told(aws: str, network: dict[str, str]) -> None:
    ec2 = client(aws, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="elsewhere", Description="elsewhere")["GroupId"]
    done = check(aws, f"SubnetIds={network['subnet']}", f"SecurityGroupIds={group}")
    assert done.exit_code == 1
    both = ", ".join(sorted((network["vpc"], vpc)))
    assert f"NO  subnets: subnets and security groups are in several VPCs: {both}" in done.output


def test_a_subnet_that_is_not_there_is_one_line(aws: str) -> None:
    done = check(aws, "SubnetIds=subnet-0123456789abcdef0", "SecurityGroupIds=sg-0123456789abcdef0")
    assert done.exit_code == 1
    assert "NO  subnets: the subnets subnet-0123456789abcdef0: " in done.output


def endpoints(network: dict[str, str]) -> tuple[str, ...]:
    """The parameters by which the stack makes endpoints there."""
    told = {"SubnetIds": "subnet", "SecurityGroupIds": "group", "EndpointVpcId": "vpc", "RouteTableIds": "table"}
    return tuple(f"{name}={network[key]}" for name, key in told.items())


def let_names_be_private(url: str, vpc: str) -> None:
    client(url, "ec2").modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})


def test_a_network_that_takes_endpoints_is_well(aws: str, network: dict[str, str]) -> None:
    let_names_be_private(aws, network["vpc"])
    done = check(aws, *endpoints(network))
    assert done.exit_code == 0, done.output
    assert f"ok  endpoints: {network['vpc']} takes them" in done.output


def test_a_network_without_private_names_takes_no_endpoints(aws: str, network: dict[str, str]) -> None:
    done = check(aws, *endpoints(network))
    assert done.exit_code == 1
    assert f"NO  endpoints: {network['vpc']} has enableDnsHostnames off" in done.output


def test_two_subnets_in_a_zone_cannot_both_have_an_endpoint(aws: str, network: dict[str, str]) -> None:
    let_names_be_private(aws, network["vpc"])
    zone = f"{REGION}a"
    ec2 = client(aws, "ec2")
    made = [
        ec2.create_subnet(VpcId=network["vpc"], CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)
        for number in (1, 2)
    ]
    subnets = ",".join(one["Subnet"]["SubnetId"] for one in made)
    done = check(aws, *endpoints({**network, "subnet": subnets}))
    assert done.exit_code == 1
    assert f"NO  endpoints: several subnets are in {zone}, and an endpoint takes one of a zone" in done.output


def test_a_route_table_with_a_way_to_s3_takes_no_second_one(aws: str, network: dict[str, str]) -> None:
    let_names_be_private(aws, network["vpc"])
    client(aws, "ec2").create_vpc_endpoint(
        VpcId=network["vpc"], ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[network["table"]]
    )
    done = check(aws, *endpoints(network))
    assert done.exit_code == 1
    assert f"NO  endpoints: {network['table']} leads to S3 by an endpoint already" in done.output


def test_the_endpoints_that_the_stack_made_are_no_obstacle_to_the_next_deployment(
    aws: str, network: dict[str, str]
) -> None:
    let_names_be_private(aws, network["vpc"])
    own = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            service: {
                "Type": "AWS::EC2::VPCEndpoint",
                "Properties": {
                    "VpcId": network["vpc"],
                    "ServiceName": f"com.amazonaws.{REGION}.{service}",
                    "VpcEndpointType": type_,
                    **routes,
                },
            }
            for service, type_, routes in (
                ("s3", "Gateway", {"RouteTableIds": [network["table"]]}),
                ("glue", "Interface", {}),
            )
        },
        "Outputs": {"LogGroup": {"Value": "made"}},
    }
    cloudformation = client(aws, "cloudformation")
    cloudformation.create_stack(StackName="soundlake", TemplateBody=json.dumps(own))
    try:
        done = check(aws, *endpoints(network))
    finally:
        cloudformation.delete_stack(StackName="soundlake")
    assert done.exit_code == 0, done.output
    assert f"ok  endpoints: {network['vpc']} takes them" in done.output


def test_a_rule_of_a_protocol_without_ports_is_no_way_for_glue() -> None:
    """A stand-in for EC2: moto has no such rules."""
    rule = {"IpProtocol": "50", "UserIdGroupPairs": [{"GroupId": "sg-1"}]}
    ec2 = Mock()
    ec2.describe_security_groups.return_value = {"SecurityGroups": [{"GroupId": "sg-1", "IpPermissions": [rule]}]}
    account = Account(load_settings(env={}).deploy, {"ec2": ec2})
    with pytest.raises(SoundlakeError, match="none of sg-1 lets in all TCP ports"):
        preflight._open_to_itself(account, {"SecurityGroupIds": "sg-1"})


def test_glue_wants_a_security_group_that_is_open_to_itself(aws: str, network: dict[str, str]) -> None:
    told = (f"SubnetIds={network['subnet']}", f"SecurityGroupIds={network['group']}", "StreamTarget=glue")
    done = check(aws, *told)
    assert f"NO  security groups for Glue: none of {network['group']} lets in all TCP ports from itself" in done.output
    rule = {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, "UserIdGroupPairs": [{"GroupId": network["group"]}]}
    client(aws, "ec2").authorize_security_group_ingress(GroupId=network["group"], IpPermissions=[rule])
    done = check(aws, *told)
    assert f"ok  security groups for Glue: {network['group']} is open to itself" in done.output


def test_what_deploy_refuses_is_told_beside_what_the_account_lacks(aws: str) -> None:
    let_iam_decide(aws, False)
    done = check(aws, "StreamTarget=emr-serverless")
    assert done.exit_code == 1
    assert "NO  jobs: deploy.parameters.SubnetIds: EMR Serverless reaches kinesis from a VPC only" in done.output
    assert "NO  Lake Formation: " in done.output


def test_a_parameter_that_is_none_is_told(aws: str) -> None:
    done = check(aws, "StreamTaget=glue")
    assert done.exit_code == 1
    assert "NO  jobs: deploy.parameters.StreamTaget: the stack has no such parameter" in done.output
