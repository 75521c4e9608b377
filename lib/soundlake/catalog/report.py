"""What registering did, or would do, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from soundlake.catalog.glue import Outcome, register
from soundlake.errors import SoundlakeError
from soundlake.settings import Settings

_WOULD_BE = {"created": "to be created", "updated": "to be updated"}


def registered(settings: Settings) -> Iterator[str]:
    """Register all tables where catalog.type is glue, and yield what was done; raises SoundlakeError.

    For a job whose tables are made: doing it again, or register_tables, makes up for a Glue that was down.
    """
    if settings.catalog.type == "glue":
        outcomes = register(settings)
        done = [outcome for outcome in outcomes if outcome.state in ("created", "updated")]
        yield from (f"Glue: {outcome.name} {outcome.state}" for outcome in done)
        if problem := trouble(outcomes, check=False):
            raise SoundlakeError(problem)


def lines(outcomes: Sequence[Outcome], *, check: bool) -> Iterator[str]:
    """Yield a line for each table, lines for how it differs, and the counts; `check` where nothing was done."""
    said = Counter(_state(outcome, check) for outcome in outcomes)
    for outcome in outcomes:
        yield f"{outcome.name}: {_state(outcome, check)}"
        if outcome.state != "created":
            yield from (f"  {detail}" for detail in outcome.details)
    yield ", ".join(f"{count} {state}" for state, count in said.items())


def trouble(outcomes: Sequence[Outcome], *, check: bool) -> str | None:
    """Say what makes the exit code 1; None where all is well."""
    if check:
        wrong = [outcome for outcome in outcomes if outcome.is_drift]
        what, todo = "the catalog is not what the lake is", "run register_tables"
    else:
        wrong = [outcome for outcome in outcomes if outcome.is_trouble]
        what, todo = "not all could be registered", "see above"
    if not wrong:
        return None
    if check and all(outcome.is_trouble for outcome in wrong):
        todo = "see above"
    return f"{what}: {', '.join(outcome.name for outcome in wrong)}: {todo}"


def _state(outcome: Outcome, check: bool) -> str:
    return _WOULD_BE.get(outcome.state, outcome.state) if check else outcome.state
