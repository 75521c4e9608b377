"""The results of registering, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from soundlake.catalog.glue import Registration, register
from soundlake.errors import SoundlakeError
from soundlake.settings import Settings

_WOULD_BE = {"created": "to be created", "updated": "to be updated"}


def registered(settings: Settings) -> Iterator[str]:
    """Register all tables where catalog.type is glue, and yield what was done; raises SoundlakeError.

    For the end of a job: if Glue is down, the next run or register_tables makes up for it.
    """
    if settings.catalog.type == "glue":
        registrations = register(settings)
        done = [registration for registration in registrations if registration.state in ("created", "updated")]
        yield from (f"Glue: {registration.name} {registration.state}" for registration in done)
        if problem := trouble(registrations, check=False):
            raise SoundlakeError(problem)


def print_registered(settings: Settings) -> None:
    """Register all tables, as `registered` does, and print what was done: the end of a job."""
    for line in registered(settings):
        print(line)


def lines(registrations: Sequence[Registration], *, check: bool) -> Iterator[str]:
    """Yield a line for each table, lines for how it differs, and the counts; `check` where nothing was done."""
    said = Counter(_state(registration, check) for registration in registrations)
    for registration in registrations:
        yield f"{registration.name}: {_state(registration, check)}"
        if registration.state != "created":
            yield from (f"  {detail}" for detail in registration.details)
    yield ", ".join(f"{count} {state}" for state, count in said.items())


def trouble(registrations: Sequence[Registration], *, check: bool) -> str | None:
    """Say what makes the exit code 1; None where all is well."""
    if check:
        wrong = [registration for registration in registrations if registration.is_drift]
        what, todo = "the catalog is not what the lake is", "run register_tables"
    else:
        wrong = [registration for registration in registrations if registration.is_trouble]
        what, todo = "not all could be registered", "see above"
    if not wrong:
        return None
    if check and all(registration.is_trouble for registration in wrong):
        todo = "see above"
    return f"{what}: {', '.join(registration.name for registration in wrong)}: {todo}"


def _state(registration: Registration, check: bool) -> str:
    return _WOULD_BE.get(registration.state, registration.state) if check else registration.state
