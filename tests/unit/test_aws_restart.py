"""New code for a running stream: the old run is stopped and has ended before another starts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from soundlake.errors import SoundlakeError
from soundlake.launch.aws import deploy, launcher, restart
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


class Application:
    """An application of EMR Serverless: AWS stops it only without jobs, and changes it only at rest."""

    def __init__(self, place: Place, state: str = "STARTED") -> None:
        self.place, self.state = place, state

    def perform(self, account: Account, call: Call, what: str) -> Any:
        if call.operation == "GetApplication":
            found, self.state = self.state, "STOPPED" if self.state == "STOPPING" else self.state
            return {"application": {"state": found}}
        self.place.told.append(call.operation)
        self.state = "STOPPING"
        return {}


MODIFIED = Change("modify", "Application", "AWS::EMRServerless::Application", False)


def application(monkeypatch: pytest.MonkeyPatch, place: Place, state: str = "STARTED") -> Application:
    found = Application(place, state)
    monkeypatch.setattr(restart, "TARGETS", {"emr-serverless": place})
    monkeypatch.setattr(restart, "perform", found.perform)
    monkeypatch.setattr(restart, "_LOOK_AGAIN_SECONDS", 0.001)
    return found


def test_an_application_is_changed_at_rest_its_stream_stopped_before(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place("lake-stream")
    found = application(monkeypatch, place)
    restart.stop_application(ACCOUNT, "lake", [MODIFIED], OUTPUTS)
    assert place.told == ["stop run-0", "ending", "ended", "StopApplication"]
    assert found.state == "STOPPED"


def test_a_stream_that_the_clock_starts_again_meanwhile_is_stopped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place("lake-stream")
    found = application(monkeypatch, place)
    perform, refused = found.perform, list[str]()

    def refuse_once(account: Account, call: Call, what: str) -> Any:
        if call.operation == "StopApplication" and not refused:
            refused.append(what)
            place.running = {"run-7": "lake-stream"}
            raise SoundlakeError("a job runs there")
        return perform(account, call, what)

    monkeypatch.setattr(restart, "perform", refuse_once)
    restart.stop_application(ACCOUNT, "lake", [MODIFIED], OUTPUTS)
    assert place.told == ["stop run-0", "ending", "ended", "stop run-7", "ended", "StopApplication"]


def test_an_application_that_cannot_be_stopped_for_another_reason_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place()
    application(monkeypatch, place)

    def refuse(account: Account, call: Call, what: str) -> Any:
        if call.operation == "StopApplication":
            raise SoundlakeError("not permitted")
        return {"application": {"state": "STARTED"}}

    monkeypatch.setattr(restart, "perform", refuse)
    with pytest.raises(SoundlakeError, match="not permitted"):
        restart.stop_application(ACCOUNT, "lake", [MODIFIED], OUTPUTS)


@pytest.mark.parametrize("state", ["CREATED", "STOPPED"])
def test_an_application_at_rest_is_left_alone(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    place = Place()
    application(monkeypatch, place, state)
    restart.stop_application(ACCOUNT, "lake", [MODIFIED], OUTPUTS)
    assert place.told == []


@pytest.mark.parametrize("change", [Change("modify", "Topic", "x", False), Change("add", "Application", "x", False)])
def test_an_application_that_nothing_changes_or_that_is_new_goes_on(
    monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    place = Place("lake-stream")
    application(monkeypatch, place)
    restart.stop_application(ACCOUNT, "lake", [change], {})
    assert place.told == []


def test_batch_jobs_on_an_application_are_not_stopped_for_its_change(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place("lake-stream", "lake-build-insights")
    application(monkeypatch, place)
    with pytest.raises(SoundlakeError, match=r"has to stop for its change, and runs lake-build-insights \(run-1\): "):
        restart.stop_application(ACCOUNT, "lake", [MODIFIED], OUTPUTS)
    assert place.told == []


def test_a_stream_whose_application_was_changed_is_started_again(place: Place) -> None:
    restart.restart_stream(ACCOUNT, "lake", "emr-serverless", [MODIFIED], OUTPUTS)
    assert place.told[-1] == "StartExecution KeepStream"


class Stack:
    """A stack that notes what becomes of the one change that is proposed to it."""

    name = "lake"

    def __init__(self) -> None:
        self.told = list[str]()

    def propose(self, template: Any, parameters: Any) -> list[Change]:
        return [MODIFIED]

    def execute(self) -> None:
        self.told.append("execute")

    def discard(self) -> None:
        self.told.append("discard")


def apply(stack: Stack, agreed: bool, free: Any) -> list[Change] | None:
    return deploy._apply(stack, {}, {}, lambda *_: agreed, free)  # type: ignore[arg-type]


def test_what_is_in_the_way_is_stopped_after_the_yes_and_before_the_change() -> None:
    stack = Stack()
    assert apply(stack, True, lambda changes: stack.told.append("free")) == [MODIFIED]
    assert stack.told == ["free", "execute"]


def test_nothing_is_stopped_without_a_yes() -> None:
    stack = Stack()
    assert apply(stack, False, lambda changes: stack.told.append("free")) is None
    assert stack.told == ["discard"]


def test_a_change_that_something_is_in_the_way_of_is_discarded() -> None:
    def refuse(changes: list[Change]) -> None:
        raise SoundlakeError("lake-build-insights runs")

    stack = Stack()
    with pytest.raises(SoundlakeError, match=r"^lake-build-insights runs$"):
        apply(stack, True, refuse)
    assert stack.told == ["discard"]
