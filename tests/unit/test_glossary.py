"""The glossary names what exists: each term's home can be found."""

from __future__ import annotations

import importlib
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from soundlake.settings.keys import known_keys
from soundlake.tables import TABLES

ROOT = Path(__file__).parents[2]
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| `([^`]+)` \|$", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE)
COMMANDS = (ROOT / "lib/soundlake/cli.py").read_text()
OPTIONS = (ROOT / "lib/soundlake/launch/command_line.py").read_text()


def exists_in_code(path: str) -> bool:
    """Whether a dotted path is a module, or a name in one."""
    module, names = path, list[str]()
    while True:
        try:
            found = importlib.import_module(module)
            break
        except ModuleNotFoundError:
            module, _, name = module.rpartition(".")
            names.insert(0, name)
    for name in names:
        if is_dataclass(found) and name in {field.name for field in fields(found)}:
            return True
        if not hasattr(found, name):
            return False
        found = getattr(found, name)
    return True


def exists(home: str) -> bool:
    if home.startswith("soundlake."):
        return exists_in_code(home)
    if "/" in home:
        return home in {table.path for table in TABLES}
    if home.startswith("--"):
        return f'"{home}"' in OPTIONS
    return home in known_keys() or f'app.command("{home}")' in COMMANDS


def test_there_is_a_glossary_of_one_page() -> None:
    assert 30 <= len(ROWS) <= 80


@pytest.mark.parametrize(("term", "home"), [(term, home) for term, _, home in ROWS])
def test_the_home_of_a_term_exists(term: str, home: str) -> None:
    assert exists(home)


@pytest.mark.parametrize("home", ["soundlake.core.judge.verdict", "silver/nothing", "refine.nothing", "--nothing"])
def test_a_home_that_is_gone_is_noticed(home: str) -> None:
    assert not exists(home)


def test_terms_are_explained_once() -> None:
    terms = [term for term, _, _ in ROWS]
    assert sorted(set(terms)) == sorted(terms)
