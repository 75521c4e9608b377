"""The protocol of a platform, and the state of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from soundlake.aws import translate_errors
from soundlake.launch.aws.account import Account
from soundlake.launch.aws.run import Call, Run

# The prefixes of IAM actions, where they differ from the names of services.
_ACTIONS = {"emr": "elasticmapreduce", "stepfunctions": "states"}


@dataclass(frozen=True)
class State:
    """What is known of a run: its name, what it does, whether that is the end, and how it went."""

    target: str
    run_id: str
    job: str
    state: str
    is_over: bool
    is_well: bool
    detail: str = ""
    started: datetime | None = None


class Target(Protocol):
    """A place where jobs run."""

    @property
    def needed(self) -> tuple[str, ...]:
        """The keys of `deploy` that starting a job takes."""

    def calls(self, run: Run) -> list[Call]:
        """Return the requests that start a job where nothing of it exists yet."""

    def check(self, account: Account, run: Run) -> None:
        """Raise SoundlakeError where the job cannot run, before anything is uploaded or created."""

    def start(self, account: Account, run: Run) -> str:
        """Start the job and return the id of the run; a start that fails leaves nothing behind."""

    def state(self, account: Account, run_id: str) -> State:
        """Return the state of a run; raises SoundlakeError where there is none of that id."""

    def states(self, account: Account) -> Iterable[State]:
        """Yield the newest runs of Soundlake's jobs; none where the settings do not name this target."""

    def stop(self, account: Account, run_id: str) -> None:
        """Ask a run to end; a stream finishes its batch."""

    def log(self, account: Account, run_id: str) -> Iterator[tuple[str, str]]:
        """Yield the driver's output so far, as (id of the line, line)."""


def perform(account: Account, call: Call, what: str) -> Any:
    """Make a request; raises SoundlakeError that says what was asked."""
    method = _snake(call.operation)
    permission = f"{_ACTIONS.get(call.service, call.service)}:{call.operation}"
    with translate_errors(what, permission):
        return getattr(account.client(call.service), method)(**call.parameters)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
