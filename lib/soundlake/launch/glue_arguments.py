"""The command line of a Glue script: pairs of names and values, the job's options among those that are Glue's."""

from __future__ import annotations

import re
from collections.abc import Sequence

from soundlake.errors import UsageError

_STARTED_BY_GLUE = {"--JOB_NAME", "--JOB_ID", "--JOB_RUN_ID"}
_FLAGS = {"--once", "--recover-checkpoint", "--check"}
_TAKES_OPTIONS = "--python-modules-installer-option"  # its value may look like an option
_TRUE, _FALSE = {"", "true", "yes", "1"}, {"false", "no", "0"}
# Glue's own, by the names in its documentation: they come along with the others.
_GLUES = re.compile(
    r"--(JOB_\w+|TempDir|RedshiftTempDir|SECURITY_CONFIGURATION|class|conf|scriptLocation|user-jars-first|encryption-type"
    r"|datalake-formats|use-postgres-driver|disable-proxy-v2|auto-scale-within-microbatch|spark-event-logs-path"
    r"|(additional-python|continuous-log|customer-|enable-|executor-|extra-|job-|python-modules|write-shuffle)[\w-]*)"
)


def without_glue(argv: Sequence[str]) -> list[str]:
    """Return the options of the job as its own command line has them; other command lines as they are.

    Raises UsageError for a flag that is neither true nor false.
    """
    if not _STARTED_BY_GLUE.intersection(argument.partition("=")[0] for argument in argv):
        return list(argv)
    kept: list[str] = []
    for name, value in _pairs(argv):
        if name in _FLAGS:
            kept += [name] if _is_true(name, value or "") else []
        elif not _GLUES.fullmatch(name):
            kept += [name] if value is None else [f"{name}={value}"] if name.startswith("--") else [name, value]
    return kept


def _pairs(argv: Sequence[str]) -> list[tuple[str, str | None]]:
    pairs: list[tuple[str, str | None]] = []
    rest = list(argv)
    while rest:
        name, separator, value = rest.pop(0).partition("=")
        if separator or not name.startswith("--"):
            pairs.append((name, value if separator else None))
        elif rest and (name == _TAKES_OPTIONS or not rest[0].startswith("--")):
            pairs.append((name, rest.pop(0)))
        else:
            pairs.append((name, None))
    return pairs


def _is_true(name: str, value: str) -> bool:
    if value.lower() not in _TRUE | _FALSE:
        raise UsageError(f"{name} {value}: should be true or false")
    return value.lower() in _TRUE
