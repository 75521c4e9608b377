"""What registering did, or would do, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from soundlake.catalog.glue import Outcome

_WOULD_BE = {"created": "to be created", "updated": "to be updated"}


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
