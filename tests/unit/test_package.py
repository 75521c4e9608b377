"""The package can be found through: each class name leads to one place, and a module fits on a few screens."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "lib" / "soundlake"


@pytest.mark.heavy
def test_each_class_name_stands_for_one_class() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(f"{file.relative_to(PACKAGE)}:{node.lineno}")
    assert len(homes) > 100
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


def test_only_declarations_have_more_than_300_lines() -> None:
    long = {str(file.relative_to(PACKAGE)) for file in PACKAGE.rglob("*.py") if len(lines_of(file)) > 300}
    assert long == {"settings/model.py", "tables.py"}


def lines_of(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()
