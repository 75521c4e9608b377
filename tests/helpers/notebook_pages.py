"""Runs the notebooks on a lake and keeps what they show as pages of docs/notebooks: `make notebook-pages`.

The pages need nothing from elsewhere: charts are SVG, the style is one file beside them.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from markdown_it import MarkdownIt
from nbclient import NotebookClient
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from soundlake.launch.paths import ROOT
from soundlake.settings.model import DEMO_LAKE

PAGES = ROOT / "docs" / "notebooks"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
_KINDS = ("image/svg+xml", "text/html", "text/markdown", "text/plain")  # the first that an output has is shown
_STYLE_OF_PANDAS = re.compile(r"<style scoped>.*?</style>\s*", re.DOTALL)
_MARKDOWN = MarkdownIt("commonmark").enable("table")
_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="source" content="{digest}">
<title>{title}</title>
<link rel="stylesheet" href="notebook.css">
</head>
<body>
<main>
"""


def digest_of(notebook: Path) -> str:
    """A digest of a notebook's cells, which its page carries."""
    cells = _read(notebook).cells
    return hashlib.sha256("\0".join(f"{cell.cell_type}\n{cell.source}" for cell in cells).encode()).hexdigest()


def page_of(notebook: Path, lake: Path) -> str:
    """Run a notebook on a lake and return what it says and shows as HTML; raises CellExecutionError."""
    cells = _read(notebook)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / DEMO_LAKE).symlink_to(lake.resolve())  # so that the page names no path of this machine
        before = os.environ.pop("SOUNDLAKE_LAKE__URI", None)
        try:
            NotebookClient(cells, timeout=300, resources={"metadata": {"path": folder}}).execute()
        finally:
            if before is not None:
                os.environ["SOUNDLAKE_LAKE__URI"] = before
    body = "".join(part for cell in cells.cells for part in _parts(cell))
    title = escape(cells.cells[0].source.splitlines()[0].lstrip("# "))
    return f"{_HEAD.format(digest=digest_of(notebook), title=title)}{body}</main>\n</body>\n</html>\n"


def _read(notebook: Path) -> Any:
    return nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]


def _parts(cell: Any) -> Iterable[str]:
    if cell.cell_type == "markdown":
        yield _MARKDOWN.render(cell.source)
        return
    yield highlight(cell.source, PythonLexer(), HtmlFormatter())
    for output in cell.outputs:
        if output.output_type in ("execute_result", "display_data"):
            yield f'<div class="output" tabindex="0">{_shown(output.data)}</div>\n'


def _shown(data: Mapping[str, str]) -> str:
    kind = next(kind for kind in _KINDS if kind in data)
    match kind:
        case "text/markdown":
            return str(_MARKDOWN.render(data[kind]))
        case "text/plain":
            return f"<pre>{escape(data[kind])}</pre>"
        case "text/html":
            return _STYLE_OF_PANDAS.sub("", data[kind]).replace(' border="1"', "")
        case _:
            return data[kind]


def main() -> None:
    """Write the page of every notebook, run on the lake that is named, else on that of the demo."""
    lake = Path(os.environ.get("SOUNDLAKE_DEMO_LAKE", ROOT / DEMO_LAKE))
    if not lake.is_dir():
        sys.exit(f"there is no lake at {lake}: ./spark-submit.sh demo makes it")
    for notebook in NOTEBOOKS:
        (PAGES / f"{notebook.stem}.html").write_text(page_of(notebook, lake), encoding="utf-8")
        print(f"docs/notebooks/{notebook.stem}.html")


if __name__ == "__main__":
    main()
