"""The list of mutants fits the code: each fault has one place in the code, and tests that are there to notice it."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from soundlake.launch.paths import ROOT

MUTANTS = tomllib.loads((ROOT / "tests" / "mutants" / "mutants.toml").read_text())["mutant"]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant["fault"])
def test_a_mutant_has_one_place_and_tests_to_notice_it(mutant: dict[str, Any]) -> None:
    code = (ROOT / "lib" / "soundlake" / mutant["file"]).read_text()
    assert code.count(mutant["find"]) == 1
    assert mutant["replace"] != mutant["find"]
    for test in mutant["tests"]:
        file, _, name = test.partition("::")
        assert f"def {name}" in (ROOT / "tests" / file).read_text()
