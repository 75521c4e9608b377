"""Pages drawn without a browser, by Streamlit's own test runner."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest


def draw(view: str, lake: Path | str, *sets: str) -> AppTest:
    def script(view: str, lake: str, sets: list[str]) -> None:
        from importlib import import_module

        from soundlake.dashboard.source import DataSource
        from soundlake.settings import load_settings

        import_module(f"soundlake.dashboard.views.{view}").show(DataSource(load_settings(sets=sets, lake=lake, env={})))

    page = AppTest.from_function(
        script, kwargs={"view": view, "lake": str(lake), "sets": list(sets)}, default_timeout=30
    )
    return well(page.run())


def asked(view: str, lake: Path, question: str) -> AppTest:
    """A page with one of its questions chosen."""
    page = draw(view, lake)
    page.button_group[0].set_value(question)
    return well(page.run())


def well(page: AppTest) -> AppTest:
    assert [error.value for error in page.exception] == []
    return page


def told(page: AppTest) -> list[str]:
    return [str(one.value) for kind in (page.info, page.warning, page.error, page.code) for one in kind]


def table(page: AppTest, number: int = 0) -> list[dict[str, Any]]:
    """The rows of a table as a viewer sees them: of a link, its text."""
    return [{name: _shown(value) for name, value in row.items()} for row in linked(page, number)]


def linked(page: AppTest, number: int = 0) -> list[dict[str, Any]]:
    """The rows of a table, links as addresses."""
    return [
        {str(name): value for name, value in row.items()} for row in page.dataframe[number].value.to_dict("records")
    ]


def _shown(value: Any) -> Any:
    found = re.fullmatch(r"\w+\?\w+=[^#]*#(.+)", value) if isinstance(value, str) else None
    return found[1] if found else value
