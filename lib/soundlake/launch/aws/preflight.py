"""`soundlake deploy --check`: what would fail in this account and how to fix it, before anything is created."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from soundlake.aws import open_session, translate_errors
from soundlake.errors import SoundlakeError
from soundlake.launch.aws.account import Account
from soundlake.launch.aws.sizes import size_of
from soundlake.launch.aws.stack import ENDPOINTS, defaults
from soundlake.launch.doctor import CheckResult
from soundlake.settings.model import DeploySettings

_SERVICES = ("athena", "emr-serverless", "firehose", "glue", "kinesis", "lambda", "scheduler", "stepfunctions")
# https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/endpoints-quotas.html
_CPU_QUOTA = "Max concurrent vCPUs per account"
_NEW_ACCOUNT_CPUS = 16
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
_LEFT_FOR_OTHERS = 100
_GONE = ("deleting", "deleted", "rejected", "failed", "expired")
_IAM_DECIDES = "IAM_ALLOWED_PRINCIPALS"


def examine(deploy: DeploySettings) -> Iterator[CheckResult]:
    """Yield the result of the check of each thing that the stacks need of the account; nothing is made or changed."""
    account = Account(deploy)
    parameters = {**defaults(), **{key: value.get_secret_value() for key, value in deploy.parameters.items()}}
    yield CheckResult.of("credentials", lambda: _identity(account))
    yield CheckResult.of("region", lambda: _region(deploy))
    yield CheckResult.of("vCPUs of the application", lambda: _capacity(deploy, parameters))
    yield CheckResult.of("vCPUs of the account", lambda: _quota(account, parameters))
    yield CheckResult.of("Lake Formation", lambda: _lake_formation(account))
    if int(parameters["ExtractConcurrency"]):
        yield CheckResult.of("functions at once", lambda: _functions(account, int(parameters["ExtractConcurrency"])))
    subnets = _listed(parameters["SubnetIds"])
    if subnets:
        yield CheckResult.of("subnets", lambda: _subnets(account, subnets, parameters))
        yield CheckResult.of("ways to AWS's services", lambda: _ways(account, subnets, parameters))
    if subnets and parameters["EndpointVpcId"]:
        yield CheckResult.of("endpoints", lambda: _endpoints(account, subnets, parameters))
    if subnets and parameters["StreamTarget"] == "glue":
        yield CheckResult.of("security groups for Glue", lambda: _open_to_itself(account, parameters))


def _identity(account: Account) -> str:
    with translate_errors("who this is", "sts:GetCallerIdentity"):
        return str(account.client("sts").get_caller_identity()["Arn"])


def _region(deploy: DeploySettings) -> str:
    session = open_session(deploy.region)
    region = session.region_name
    if region is None:
        raise SoundlakeError("none is set: set deploy.region or AWS_REGION")
    partition = session.get_partition_for_region(region)
    missing = [service for service in _SERVICES if region not in session.get_available_regions(service, partition)]
    if missing:
        raise SoundlakeError(f"{region} has no {', '.join(missing)}: choose another deploy.region")
    return f"{region}, which has all services"


def _capacity(deploy: DeploySettings, parameters: Mapping[str, str]) -> str:
    stream, batch = (size_of(deploy, streams=streams) for streams in (True, False))
    on_serverless = parameters["StreamTarget"] == "emr-serverless"
    cores, memory = (stream.cores, stream.memory) if on_serverless else (0, 0)
    cores, memory = cores + batch.cores, memory + batch.memory
    most = {"MaximumCpu": cores, "MaximumMemory": memory}
    short = [f"{name} is {parameters[name]}" for name, need in most.items() if _number(parameters[name]) < need]
    if short:
        raise SoundlakeError(
            f"the stream and one batch job may take {cores} vCPU and {memory} GB, and {' and '.join(short)}: "
            "raise deploy.parameters, or lower the sizes in deploy"
        )
    return f"the stream and one batch job take {cores} vCPU and {memory} GB at most"


def _quota(account: Account, parameters: Mapping[str, str]) -> str:
    with translate_errors("the quotas of EMR Serverless", "servicequotas:ListServiceQuotas"):
        pages = account.client("service-quotas").get_paginator("list_service_quotas")
        found = [quota for page in pages.paginate(ServiceCode="emr-serverless") for quota in page["Quotas"]]
    quota = next((int(one["Value"]) for one in found if one["QuotaName"] == _CPU_QUOTA), _NEW_ACCOUNT_CPUS)
    if quota < _number(parameters["MaximumCpu"]):
        raise SoundlakeError(
            f"the account may use {quota}, and MaximumCpu is {parameters['MaximumCpu']}: ask Service Quotas for more "
            f"of “{_CPU_QUOTA}”, or lower deploy.parameters.MaximumCpu and the sizes"
        )
    return f"the account may use {quota}"


def _lake_formation(account: Account) -> str:
    with translate_errors("the settings of Lake Formation", "lakeformation:GetDataLakeSettings"):
        told: dict[str, Any] = account.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]
    for kind in ("CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions"):
        principals = [one["Principal"]["DataLakePrincipalIdentifier"] for one in told.get(kind, [])]
        if _IAM_DECIDES not in principals:
            raise SoundlakeError(
                "it decides who may use new databases and tables, and the roles of jobs have no grants there: let IAM "
                "decide (Data Catalog settings), or grant the stack's roles all on the database after the deployment"
            )
    return "IAM decides"


def _functions(account: Account, reserved: int) -> str:
    with translate_errors("the limits of Lambda", "lambda:GetAccountSettings"):
        limit = account.client("lambda").get_account_settings()["AccountLimit"]
    free = int(limit["UnreservedConcurrentExecutions"])
    needed = min(_LEFT_FOR_OTHERS, int(limit["ConcurrentExecutions"]))
    if free - reserved < needed:
        raise SoundlakeError(f"{free} are free and {needed} must stay so: set deploy.parameters.ExtractConcurrency=0")
    return f"{free} are free"


def _subnets(account: Account, subnets: list[str], parameters: Mapping[str, str]) -> str:
    groups = _listed(parameters["SecurityGroupIds"])
    ec2 = account.client("ec2")
    with translate_errors(f"the subnets {', '.join(subnets)}", "ec2:DescribeSubnets"):
        networks = {one["VpcId"] for one in ec2.describe_subnets(SubnetIds=subnets)["Subnets"]}
    with translate_errors(f"the security groups {', '.join(groups)}", "ec2:DescribeSecurityGroups"):
        found = ec2.describe_security_groups(GroupIds=groups)["SecurityGroups"] if groups else []
    networks |= {one["VpcId"] for one in found}
    if not groups:
        raise SoundlakeError("no security group is named: set deploy.parameters.SecurityGroupIds")
    if len(networks) > 1:
        raise SoundlakeError(f"subnets and security groups are in several VPCs: {', '.join(sorted(networks))}")
    return f"{len(subnets)} in {networks.pop()}"


def _ways(account: Account, subnets: list[str], parameters: Mapping[str, str]) -> str:
    ec2 = account.client("ec2")
    with translate_errors("the routes of the subnets", "ec2:DescribeRouteTables"):
        vpc = ec2.describe_subnets(SubnetIds=subnets)["Subnets"][0]["VpcId"]
        tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    if parameters["EndpointVpcId"]:
        twice = {_service(one) for one in _others_endpoints(account, vpc)} & {*ENDPOINTS.values()}
        if twice:
            raise SoundlakeError(
                f"{vpc} has endpoints for {', '.join(sorted(twice))}, and AWS takes no second one with a private name: "
                "leave deploy.parameters.EndpointVpcId empty, and make those that are missing by hand"
            )
        return "the stack makes endpoints"
    without = [subnet for subnet in subnets if not _has_nat(subnet, tables)]
    missing = {"s3", *ENDPOINTS.values()} - {_service(one) for one in _endpoints_of(account, vpc)}
    if without and missing:
        raise SoundlakeError(
            f"{', '.join(without)} has no route to a NAT gateway, and {vpc} no endpoints for "
            f"{', '.join(sorted(missing))}: "
            "set deploy.parameters.EndpointVpcId and RouteTableIds, or choose subnets with a NAT gateway"
        )
    return "by endpoints" if without else "by NAT gateways"


def _endpoints_of(account: Account, vpc: str) -> list[dict[str, Any]]:
    """The endpoints of a VPC that are there, or about to be."""
    with translate_errors("the endpoints of the VPC", "ec2:DescribeVpcEndpoints"):
        found = account.client("ec2").describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    return [one for one in found["VpcEndpoints"] if one["State"].lower() not in _GONE]


def _others_endpoints(account: Account, vpc: str) -> list[dict[str, Any]]:
    """The endpoints of a VPC that the stack did not make."""
    own = account.resources()
    return [one for one in _endpoints_of(account, vpc) if one["VpcEndpointId"] not in own]


def _service(endpoint: Mapping[str, Any]) -> str:
    return str(endpoint["ServiceName"]).split(".", 3)[3]


def _endpoints(account: Account, subnets: list[str], parameters: Mapping[str, str]) -> str:
    """Whether the VPC takes the endpoints that the stack makes."""
    ec2, vpc, problems = account.client("ec2"), parameters["EndpointVpcId"], list[str]()
    # https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
    with translate_errors(f"the VPC {vpc}", "ec2:DescribeVpcAttribute"):
        for name in ("enableDnsSupport", "enableDnsHostnames"):
            found = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)
            if not found[name[:1].upper() + name[1:]]["Value"]:
                problems.append(f"{vpc} has {name} off, and endpoints with private names need it: turn it on")
    with translate_errors(f"the subnets {', '.join(subnets)}", "ec2:DescribeSubnets"):
        zones = [one["AvailabilityZone"] for one in ec2.describe_subnets(SubnetIds=subnets)["Subnets"]]
    twice = sorted({zone for zone in zones if zones.count(zone) > 1})
    if twice:
        problems.append(
            f"several subnets are in {', '.join(twice)}, and an endpoint takes one of a zone: name one each"
        )
    to_s3 = {
        table
        for one in _others_endpoints(account, vpc)
        if _service(one) == "s3"
        for table in one.get("RouteTableIds", [])
    } & set(_listed(parameters["RouteTableIds"]))
    if to_s3:
        problems.append(
            f"{', '.join(sorted(to_s3))} leads to S3 by an endpoint already, and takes no second one: leave "
            "deploy.parameters.EndpointVpcId empty, and make those that are missing by hand"
        )
    if problems:
        raise SoundlakeError("; ".join(problems))
    return f"{vpc} takes them"


def _open_to_itself(account: Account, parameters: Mapping[str, str]) -> str:
    """Whether one group lets all of its own in, which Glue asks of a connection."""
    groups = _listed(parameters["SecurityGroupIds"])
    with translate_errors(f"the security groups {', '.join(groups)}", "ec2:DescribeSecurityGroups"):
        found = account.client("ec2").describe_security_groups(GroupIds=groups)["SecurityGroups"] if groups else []
    for group in found:
        for rule in group["IpPermissions"]:
            ports = rule.get("FromPort"), rule.get("ToPort")  # protocols without ports have neither
            is_all = rule["IpProtocol"] == "-1" or (rule["IpProtocol"], *ports) == ("tcp", 0, 65535)
            if is_all and group["GroupId"] in {pair["GroupId"] for pair in rule.get("UserIdGroupPairs", [])}:
                return f"{group['GroupId']} is open to itself"
    # https://docs.aws.amazon.com/glue/latest/dg/setup-vpc-for-glue-access.html
    raise SoundlakeError(
        f"none of {', '.join(groups)} lets in all TCP ports from itself, which Glue needs: add the rule"
    )


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _has_nat(subnet: str, tables: list[Any]) -> bool:
    """Whether the table of a subnet, else the VPC's main one, leads to a NAT gateway."""

    def belongs(table: Any, key: str, value: Any) -> bool:
        return any(one.get(key) == value for one in table["Associations"])

    own = [table for table in tables if belongs(table, "SubnetId", subnet)]
    used = own or [table for table in tables if belongs(table, "Main", True)]
    return any(route.get("NatGatewayId") for table in used for route in table["Routes"])


def _number(capacity: str) -> int:
    return int(capacity.split(maxsplit=1)[0])
