"""New code for a running stream: the old run is stopped and has ended before another starts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from soundlake.errors import SoundlakeError
from soundlake.launch.aws import launcher, restart
from soundlake.launch.aws.account import Account
from soundlake.launch.aws.changes import Change
from soundlake.launch.aws.run import Call
from soundlake.launch.aws.target import State
from soundlake.settings.model import DeploySettings

ACCOUNT = Account(DeploySettings())
OUTPUTS = {"ApplicationId": "00app", "KeepStreamArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:KeepStream"}


class Place:
    """A target whose runs end some looks after they are told to."""

    def __init__(self, *names: str, looks: int = 2) -> None:
        self.running = {f"run-{number}": name for number, name in enumerate(names)}
        self.looks, self.told = looks, list[str]()

    def states(self, account: Account) -> Iterator[State]:
        for run_id, name in self.running.items():
            yield State("x", run_id, name, "RUNNING", False, False)

    def stop(self, account: Account, run_id: str) -> None:
        self.told.append(f"stop {run_id}")

    def state(self, account: Account, run_id: str) -> State:
        self.looks -= 1
        over = self.looks <= 0
        self.told.append("ended" if over else "ending")
        return State("x", run_id, "", "CANCELLED" if over else "RUNNING", over, over)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "_LOOK_AGAIN_SECONDS", 0.001)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    """A stack's stream that runs, on either platform; what is asked of AWS is noted among what happened."""
    found = Place("lake-stream", "lake-build-insights", "lake-stack-stream")

    def perform(account: Account, call: Call, what: str) -> Any:
        found.told.append(f"{call.operation} {call.parameters['stateMachineArn'].rpartition(':')[2]}")

    monkeypatch.setattr(restart, "TARGETS", {"emr-serverless": found, "glue": found})
    monkeypatch.setattr(restart, "perform", perform)
    return found


def test_only_the_runs_of_the_stream_are_stopped_and_they_have_ended_afterwards() -> None:
    place = Place("lake-stream", "lake-build-insights")
    launcher.stop_running(ACCOUNT, place, "lake-stream")  # type: ignore[arg-type]
    assert place.told == ["stop run-0", "ending", "ended"]


def test_a_run_that_does_not_end_is_an_error_and_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "_STOP_SECONDS", 0.005)
    with pytest.raises(SoundlakeError, match=r"^run-0 has not ended after"):
        launcher.stop_running(ACCOUNT, Place("lake-stream", looks=1000), "lake-stream")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("where", "holder", "run"), [("emr-serverless", "KeepStream", "run-0"), ("glue", "GlueStream", "run-2")]
)
def test_a_stream_that_is_asked_for_something_else_is_stopped_then_started(
    place: Place, where: str, holder: str, run: str
) -> None:
    restart.restart_stream(ACCOUNT, "lake", where, [Change("modify", holder, "x", False)], OUTPUTS)
    assert place.told == [f"stop {run}", "ending", "ended", "StartExecution KeepStream"]


@pytest.mark.parametrize("where", ["none", "emr-serverless", "glue"])
def test_a_stream_that_nothing_changes_for_goes_on(place: Place, where: str) -> None:
    restart.restart_stream(ACCOUNT, "lake", where, [Change("modify", "Topic", "x", False)], OUTPUTS)
    assert place.told == []
