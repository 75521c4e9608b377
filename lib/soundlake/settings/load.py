"""Loading the settings: defaults < a TOML file < the environment < --set < options for single keys."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from soundlake.aws import open_client
from soundlake.errors import UsageError
from soundlake.settings.keys import (
    flatten,
    is_known,
    known_keys,
    known_sections,
    nest,
    open_keys,
    table_of,
    why_unknown,
)
from soundlake.settings.model import Settings

PREFIX = "SOUNDLAKE_"
_LOG_IN = re.compile(r"//[^/@\s]*@")  # of a URL


@dataclass(frozen=True)
class _Layer:
    """Values by dotted key.

    `origin` tells people where they stand; it names the key itself where `one_key`. `spell` writes a dotted key the
    way it is written there.
    """

    origin: str
    values: Mapping[str, Any]
    one_key: bool = True
    spell: Callable[[str], str] = str

    def problem(self, key: str, trouble: str) -> str:
        if self.one_key:
            return f"{self.origin}: {trouble}"
        return f"{self.origin}: {key}: {trouble}"


def load_settings(
    config: Path | str | None = None,
    sets: Sequence[str] = (),
    lake: str | None = None,
    env: Mapping[str, str] = os.environ,
    *,
    source: str | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Settings:
    """Return the settings of a run.

    `config` is a TOML file, on this machine or s3://…, `sets` are "section.key=value", `lake` and `source` stand for
    lake.uri and source.type, `defaults` (by dotted key) replace defaults of the model. Later ones win: defaults,
    config, env, sets, lake and source. Raises UsageError with one line for each wrong key, wherever it stands, and for
    a file that cannot be read.
    """
    problems: list[str] = []
    layers = [_Layer("default", defaults or {}, one_key=False)]
    layers += _from_file(config, problems)
    layers += _from_environment(env)
    layers += _from_sets(sets, problems)
    layers += [_Layer(f"--lake {_shown('lake.uri', lake)}", {"lake.uri": lake})] if lake is not None else []
    layers += [_Layer(f"--source {source}", {"source.type": source})] if source is not None else []

    values: dict[str, Any] = {}
    for layer in layers:
        wrong = dict(_wrong_values(layer))
        problems += wrong.values()
        values.update({key: value for key, value in layer.values.items() if key not in wrong})
    settings = Settings.model_validate(nest(values))
    if settings.train.k_min > settings.train.k_max:
        problems.append(f"train.k_min: {settings.train.k_min} is more than train.k_max, {settings.train.k_max}")
    if problems:
        raise UsageError(*problems)
    return settings


def _from_file(config: Path | str | None, problems: list[str]) -> Iterator[_Layer]:
    if config is None:
        return
    try:
        content = _from_s3(config) if str(config).startswith("s3://") else Path(config).read_bytes()
        table = tomllib.loads(content.decode("utf-8-sig"))
    except OSError as error:
        problems.append(f"--config {config}: cannot be read: {error.strerror or error}")
    except UnicodeDecodeError:
        problems.append(f"--config {config}: cannot be read: not UTF-8 text")
    except tomllib.TOMLDecodeError as error:
        problems.append(f"--config {config}: not valid TOML: {error}")
    else:
        yield _Layer(str(config), flatten(table), one_key=False)


def _from_s3(uri: str | Path) -> bytes:
    """The bytes of an object; raises OSError. What is needed for it is imported here, most runs have local files."""
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = str(uri).removeprefix("s3://").partition("/")
    try:
        content: bytes = open_client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except (BotoCoreError, ClientError) as error:
        raise OSError(str(error)) from None
    return content


def _from_environment(env: Mapping[str, str]) -> Iterator[_Layer]:
    for name in sorted(env):
        path = name.removeprefix(PREFIX).lower()
        # A single underscore after the name of a section is a key that somebody meant; other variables are not ours.
        is_setting = "__" in path or path.split("_")[0] in known_sections()
        if name.startswith(PREFIX) and is_setting and env[name] != "":
            key = _key(path)
            shown = _shown(key, env[name])
            yield _Layer(f"environment variable {name}={shown}", {key: _parse(env[name])}, spell=_variable)


def _key(path: str) -> str:
    """The key that a variable stands for; the names of options have dots, which those of variables cannot."""
    key = path.replace("__", ".")
    table = table_of(key)
    return key if table is None else table + key.removeprefix(table).replace("_", ".")


def _shown(key: str, text: str) -> str:
    """A value as an error may show it: not of options, nor of an unknown key, which may be an option mistyped."""
    return _LOG_IN.sub("//…@", text) if key in known_keys() - open_keys() else "…"


def _variable(key: str) -> str:
    return PREFIX + key.upper().replace(".", "__")


def _from_sets(sets: Sequence[str], problems: list[str]) -> Iterator[_Layer]:
    for assignment in sets:
        key, separator, text = assignment.partition("=")
        if separator:
            shown = _shown(key.strip(), text)
            yield _Layer(f"--set {key}={shown}", {key.strip(): _parse(text.strip())})
        else:
            # What is no key may be anything, a secret too.
            shown = assignment if assignment in known_keys() | known_sections() else "…"
            problems.append(f"--set {shown}: should be section.key=value")


def _parse(text: str) -> Any:
    """Read a list or a quoted string as TOML does; the model reads numbers, days and all else from plain text."""
    if text[:1] in ("[", '"', "'"):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    return text


def _wrong_values(layer: _Layer) -> Iterator[tuple[str, str]]:
    """Yield (key, problem) for each key of the layer that is unknown or holds a value it cannot hold."""
    known = {key: value for key, value in layer.values.items() if is_known(key)}
    for key in layer.values.keys() - known.keys():
        yield key, layer.problem(key, why_unknown(key, layer.spell))
    try:
        Settings.model_validate(nest(known))
    except ValidationError as error:
        for details in error.errors(include_url=False):
            names = [str(name) for name in details["loc"]]
            key = next(".".join(names[:end]) for end in range(1, len(names) + 1) if ".".join(names[:end]) in known)
            given = "" if layer.one_key else f", not {_shown(key, repr(known[key]))}"
            yield key, layer.problem(key, _in_words(details["msg"]) + given)


def _in_words(message: str) -> str:
    return re.sub(r"^(Value error, )?((Input|String|Value|Tuple) (?=should))?", "", message)
