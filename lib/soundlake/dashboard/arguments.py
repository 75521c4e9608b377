"""The command-line options, as the web server and its pages receive them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from soundlake.settings import Settings, load_settings


class Arguments(NamedTuple):
    """The settings, and the options that an extraction takes too (it has no --lake)."""

    settings: Settings
    passed: tuple[str, ...]


def read_arguments(arguments: Sequence[str]) -> Arguments:
    """Read --config, --set and --lake; raises UsageError for wrong settings."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path)
    parser.add_argument("--set", dest="sets", action="append", default=[])
    parser.add_argument("--lake")
    given = parser.parse_args(arguments)
    passed = [*(["--config", str(given.config)] if given.config else []), *(f"--set={one}" for one in given.sets)]
    return Arguments(load_settings(given.config, given.sets, given.lake), tuple(passed))
