"""`soundlake jobs show` finds what a run on Glue has printed, wherever Glue says that it logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from soundlake.launch.aws.account import Account
from soundlake.launch.aws.glue import MADE_BY, Glue
from soundlake.settings.model import DeploySettings

RUN = "jr_0123"


class Pages:
    """A client whose lists have one page, by what is asked of a log group."""

    def __init__(self, run: dict[str, Any], streams: dict[str, dict[str, list[str]]]) -> None:
        self.run, self.streams = run, streams

    def get_paginator(self, operation: str) -> Pages:
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        if not asked:
            yield {"Jobs": [{"Name": "lake-stack-stream", "Description": f"{MADE_BY}x"}]}
            return
        for name, lines in self.streams.get(asked["logGroupName"], {}).items():
            if name.startswith(asked["logStreamNamePrefix"]):
                yield {"events": [{"eventId": line, "message": f"{line}\n"} for line in lines]}

    def get_job_runs(self, **asked: Any) -> dict[str, Any]:
        return {"JobRuns": [{"Id": RUN, "JobName": asked["JobName"], "JobRunState": "RUNNING", **self.run}]}


@pytest.mark.parametrize(
    ("run", "group"),
    [
        ({}, "/aws-glue/jobs/output"),
        ({"LogGroupName": "/aws-glue/jobs"}, "/aws-glue/jobs/output"),
        ({"LogGroupName": "/aws-glue/jobs-role-lake/"}, "/aws-glue/jobs-role-lake/output"),
    ],
)
@pytest.mark.parametrize("stream", [RUN, f"{RUN}-driver"])
def test_what_a_run_has_printed_is_found_where_it_says(run: dict[str, Any], group: str, stream: str) -> None:
    client = Pages(run, {group: {stream: ["a batch of ingest"], "jr_4567": ["of another run"]}})
    account = Account(DeploySettings(), {"glue": client, "logs": client})
    assert [line for _, line in Glue().log(account, RUN)] == ["a batch of ingest"]
