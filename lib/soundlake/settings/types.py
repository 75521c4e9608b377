"""The types of the settings' values: how texts are parsed, and the messages of those refused."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints

KEPT_BYTES = 64 * 1024  # what bronze keeps of a record above source.max_record_bytes
_A_TIME = "a time such as 2026-11-01T00:00:00Z"


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("should be a number, not a truth value")  # noqa: TRY004 - the error that pydantic takes
    return value


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


def _items(value: Any) -> Any:
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


def _lake_uri(value: str) -> str:
    scheme, separator, _ = value.partition("://")
    if separator and scheme not in ("file", "s3", "s3a"):
        raise ValueError("should be a local path, file://, s3:// or s3a://")
    return _folder(value)


def _folder(value: str) -> str:
    return str(Path(value).expanduser()) if value.startswith("~") else value


def _day(value: Any) -> Any:
    if isinstance(value, date) or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)):
        return value
    raise ValueError("should be a day such as 2021-12-31")


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("should be a time zone such as UTC or Asia/Tokyo") from None
    return value


def _is_time(value: str) -> bool:
    try:
        return "T" in value and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _offsets(value: str) -> str:
    if value in ("earliest", "latest") or _is_time(value):
        return value
    try:
        if isinstance(json.loads(value), dict):
            return value
    except ValueError:
        pass
    raise ValueError(f"should be earliest, latest, {_A_TIME}, or JSON offsets for each topic and partition")


def _position(value: str) -> str:
    if value.upper() in ("TRIM_HORIZON", "LATEST"):
        return value.upper()
    if _is_time(value):
        return value
    raise ValueError(f"should be TRIM_HORIZON, LATEST, or {_A_TIME}")


def _at_least_what_is_kept(value: str) -> str:
    if in_bytes(value) < KEPT_BYTES:
        raise ValueError(f"should be at least {KEPT_BYTES // 1024}k")
    return value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"should be a regular expression: {error}") from None
    return value


def _option(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str | SecretStr):
        return value
    raise ValueError("should be a text or a number")


# Of EMR Serverless, by vCPU: least, most and step of the memory in GB; a cluster or Glue takes these sizes too.
# https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/app-behavior.html#worker-configs
_WORKERS = {1: (2, 8, 1), 2: (4, 16, 1), 4: (8, 30, 1), 8: (16, 60, 4), 16: (32, 120, 8)}


def _worker(value: str) -> str:
    found = re.fullmatch(r"(\d+) vCPU, (\d+) GB", value)
    cores, memory = (int(number) for number in found.groups()) if found else (0, 0)
    if cores not in _WORKERS:
        raise ValueError("should be a worker such as 2 vCPU, 8 GB; of 1, 2, 4, 8 or 16 vCPU")
    least, most, step = _WORKERS[cores]
    if memory not in range(least, most + 1, step):
        raise ValueError(f"should have {least} to {most} GB in steps of {step}, with {cores} vCPU")
    return value


def _matching(pattern: str, wanted: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value, re.IGNORECASE):
            raise ValueError(f"should be {wanted}")
        return value

    return AfterValidator(check)


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Number = Annotated[int, BeforeValidator(_no_boolean)]
Day = Annotated[date, BeforeValidator(_day)]
Names = Annotated[tuple[Text, ...], BeforeValidator(_items), Field(min_length=1)]
NamesOrNone = Annotated[tuple[Text, ...], BeforeValidator(_items)]
Folder = Annotated[Text, AfterValidator(_folder)]
LakeUri = Annotated[Text, AfterValidator(_lake_uri)]
TimeZone = Annotated[Text, AfterValidator(_time_zone)]
Offsets = Annotated[Text, AfterValidator(_offsets)]
Position = Annotated[Text, AfterValidator(_position)]
Pattern = Annotated[Text, AfterValidator(_pattern)]
Options = dict[str, Annotated[SecretStr, BeforeValidator(_option)]]
SchemaName = Annotated[Text, _matching("[a-z0-9_]+", "lower-case letters, digits and _")]
JobPrefix = Annotated[Text, _matching("[a-z][a-z0-9-]{0,40}", "small letters, digits and -, at most 41")]
RoleArn = Annotated[Text, _matching(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+", "the ARN of a role")]
Worker = Annotated[Text, AfterValidator(_worker)]
# Those for Spark; G.025X for streams only.
# https://docs.aws.amazon.com/glue/latest/webapi/API_CreateJob.html
GlueWorker = Literal["G.025X", "G.1X", "G.2X", "G.4X", "G.8X", "G.12X", "G.16X", "R.1X", "R.2X", "R.4X", "R.8X"]
GlueWindow = Annotated[
    Text,
    _matching("(sun|mon|tue|wed|thu|fri|sat):([01]?[0-9]|2[0-3])", "a day and an hour such as Sun:2"),
    AfterValidator(str.capitalize),
]
Size = Annotated[Text, _matching(r"[1-9]\d*([kmgt]b?|b)?", "a size such as 256m or 1g")]
RecordSize = Annotated[Size, AfterValidator(_at_least_what_is_kept)]
Url = Annotated[Text, _matching(r"https?://[^\s/]+\S*", "a URL that starts with http:// or https://")]
Interval = Annotated[
    Text,
    _matching(
        r"\d+ (millisecond|second|minute|hour|day)s?( \d+ (millisecond|second|minute|hour|day)s?)*",
        "a length of time such as 1 second or 5 minutes",
    ),
]

# In `Annotated[T | None, Optional]`: an empty text unsets the key.
Optional = BeforeValidator(_none_if_empty)


def in_bytes(size: str) -> int:
    """A size such as 16m as a number of bytes."""
    number, unit = re.fullmatch(r"(\d+)([kmgt]?)b?", size.lower()).groups()  # type: ignore[union-attr]
    return int(number) << {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}[unit]


def in_seconds(interval: str) -> float:
    """A length of time such as 5 minutes in seconds."""
    seconds = {"millisecond": 0.001, "second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
    return sum(int(number) * seconds[unit] for number, unit in re.findall(r"(\d+) ([a-z]+?)s?(?= |$)", interval))
