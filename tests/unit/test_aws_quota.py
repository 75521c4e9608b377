"""What `soundlake deploy --check` says of quotas, for accounts of several sizes."""

from __future__ import annotations

from typing import Any

import pytest

from soundlake.errors import SoundlakeError
from soundlake.launch.aws import preflight


class Asked:
    """An account whose quota for EMR Serverless is this, or that has never been told one."""

    def __init__(self, cpus: float | None, limit: int = 1000, free: int = 1000) -> None:
        quotas = [] if cpus is None else [{"QuotaName": "Max concurrent vCPUs per account", "Value": cpus}]
        self.pages = [{"Quotas": [{"QuotaName": "Another", "Value": 1.0}]}, {"Quotas": quotas}]
        self.limits = {"AccountLimit": {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": free}}

    def client(self, service: str) -> Any:
        return self

    def get_paginator(self, operation: str) -> Any:
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return self.pages

    def get_account_settings(self) -> dict[str, Any]:
        return self.limits


@pytest.mark.parametrize("cpus", [16.0, 100.0, None])
def test_an_account_that_may_use_what_the_application_may_is_well(cpus: float | None) -> None:
    assert preflight._quota(Asked(cpus), {"MaximumCpu": "16 vCPU"})  # type: ignore[arg-type]


@pytest.mark.parametrize(("cpus", "maximum"), [(8.0, "16 vCPU"), (None, "32 vCPU")])
def test_an_account_that_may_use_less_is_told_what_to_ask_for(cpus: float | None, maximum: str) -> None:
    with pytest.raises(SoundlakeError, match=rf"MaximumCpu is {maximum}: ask Service Quotas"):
        preflight._quota(Asked(cpus), {"MaximumCpu": maximum})  # type: ignore[arg-type]


def test_an_account_that_may_run_ten_functions_at_once_can_reserve_none() -> None:
    with pytest.raises(SoundlakeError, match=r"^10 are free and 10 must stay so: set deploy\.parameters"):
        preflight._functions(Asked(16.0, limit=10, free=10), 1)  # type: ignore[arg-type]
    assert preflight._functions(Asked(16.0), 1)  # type: ignore[arg-type]
