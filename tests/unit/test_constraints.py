"""The pinned packages can be installed on every Python that the README names, its first releases too."""

from __future__ import annotations

from importlib.metadata import distributions

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from soundlake.launch.paths import CONF
from soundlake.launch.versions import choose_spark_line


def test_no_pinned_package_needs_a_later_release_of_python() -> None:
    # Debian 12 has Python 3.11.2: a package that asks for 3.11.5 cannot be installed there.
    lines = (line.partition("#")[0] for line in (CONF / "constraints.txt").read_text(encoding="utf-8").splitlines())
    pinned = {canonicalize_name(Requirement(line).name) for line in lines if line.strip()}
    installed = {canonicalize_name(one.metadata["Name"]): one.metadata["Requires-Python"] for one in distributions()}
    needed = {name: SpecifierSet(installed[name] or "") for name in pinned & installed.keys()}
    assert len(needed) > 50
    for python in choose_spark_line().python:
        assert [name for name, wanted in needed.items() if f"{python}.0" not in wanted] == []
