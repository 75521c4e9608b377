"""Options that hold secrets: as they are, or as references to a file or to AWS Secrets Manager.

    ${file:/run/secrets/kafka}             what a file holds, without the end of its last line
    ${secretsmanager:NAME_OR_ARN}          what a secret holds
    ${secretsmanager:NAME_OR_ARN:KEY}      one value of a secret that is a JSON object

A reference may be a part of a value. It is followed where the option is used, so that a secret stands in no command
line, in no settings file and in no request to AWS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from soundlake.aws import read_secret
from soundlake.errors import SoundlakeError, UsageError

_REFERENCE = re.compile(
    r"\$\{(?:file:(?P<file>[^}]+)|secretsmanager:(?P<secret>arn:(?:[^:}]*:){5}[^:}]+|[^:}]+)(?::(?P<key>[^}]+))?)\}"
)


def followed(table: str, options: Mapping[str, SecretStr]) -> dict[str, str]:
    """Return the options of a table, such as source.kafka.options, with what their references stand for.

    Raises UsageError with a line for each reference that leads nowhere; it never shows a value.
    """
    found: dict[str, str] = {}
    problems: list[str] = []
    for name, value in options.items():
        try:
            found[name] = _REFERENCE.sub(_value, value.get_secret_value())
        except SoundlakeError as error:
            problems.append(f"{table}.{name}: {error}")
    if problems:
        raise UsageError(*problems)
    return found


def name_secrets(options: Mapping[str, SecretStr]) -> bool:
    """Whether any of these options refers to AWS Secrets Manager."""
    found = (match for value in options.values() for match in _REFERENCE.finditer(value.get_secret_value()))
    return any(match["secret"] for match in found)


def _value(reference: re.Match[str]) -> str:
    file, secret, key = reference["file"], reference["secret"], reference["key"]
    if file is not None:
        return _content(file)
    text = read_secret(secret)
    if key is None:
        return text
    try:
        values = json.loads(text)
    except ValueError:  # the error would show the text
        values = None
    if not isinstance(values, dict) or not isinstance(values.get(key), str):
        raise SoundlakeError(f"the secret {secret} should be a JSON object with {key}")
    return str(values[key])


def _content(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise SoundlakeError(f"cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SoundlakeError(f"cannot read {file}: not UTF-8 text") from None
