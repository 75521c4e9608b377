"""`python -m soundlake.data_dictionary [--check]`: docs/data-dictionary.md, from the declarations of the tables."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from soundlake.errors import SoundlakeError
from soundlake.insights.insight import Insight, load_insights
from soundlake.launch.paths import ROOT
from soundlake.launch.report import reported
from soundlake.tables import TABLES, Column, Table
from soundlake.views import VIEWS, View

DOCUMENT = ROOT / "docs" / "data-dictionary.md"
COMMAND = "python -m soundlake.data_dictionary"

INTRODUCTION = f"""\
# Data dictionary

Written by `{COMMAND}` from `lib/soundlake/tables.py` and
`lib/soundlake/insights/*.sql`: change those, not this file.

A table stands at `<lake>/<layer>/<name>`; in SQL it is called `<layer>_<name>`. All are Delta tables. Types are
Spark's; timestamps are UTC. The key of a table identifies a row: Soundlake keeps it unique, Delta does not enforce it.
"""

INSIGHTS = """\
The tables that `build_insights` builds; [insights.md](insights.md) explains what the numbers mean.
"""

INTERNAL = """\
Tables that the jobs keep for themselves: they are not meant for analysts, and may change with any version.
"""


def document(tables: Iterable[Table] = TABLES, insights: Iterable[Insight] | None = None) -> str:
    """Return the data dictionary as Markdown; `insights` are all there are unless given."""
    insights = sorted(load_insights() if insights is None else insights, key=lambda insight: insight.name)
    tables = list(tables)
    public = [table for table in tables if not table.internal]
    parts = [INTRODUCTION]
    for layer in dict.fromkeys(table.layer for table in public):
        parts += [f"## {layer.capitalize()}\n", *(_table(table) for table in public if table.layer == layer)]
        parts += [_view(view) for view in VIEWS if view.layer == layer]
    parts += ["## Insights\n", INSIGHTS, *(_table(insight.table, insight) for insight in insights)]
    parts += ["## Internal tables\n", INTERNAL, *(_table(table) for table in tables if table.internal)]
    return "\n".join(parts)


def _table(table: Table, insight: Insight | None = None) -> str:
    comment = f"**{insight.title}.** {table.comment}" if insight else table.comment
    lines = [f"### {table.path}", "", f"In SQL `{table.view}`. {comment}", "", *_facts(table)]
    lines += ["| column | type | what it holds |", "|---|---|---|", *(_row(column) for column in table.columns), ""]
    return "\n".join(lines)


def _view(view: View) -> str:
    lines = [f"### {view.view}", "", f"A view. {view.comment}", ""]
    return "\n".join([*lines, f"- Key and columns: those of `{view.source.view}`", ""])


def _facts(table: Table) -> Iterator[str]:
    facts = {
        "Key": ", ".join(f"`{name}`" for name in table.key),
        "Partitioned by": ", ".join(f"`{name}`" for name in table.partitioned_by),
        "References": ", ".join(f"`{column}` → `{target}`" for column, target in table.references.items()),
    }
    given = [f"- {name}: {value}" for name, value in facts.items() if value]
    if given:
        yield from [*given, ""]


def _row(column: Column) -> str:
    comment = column.comment.replace("|", "\\|")
    return f"| `{column.name}` | `{column.type}` | {comment} |"


def check(path: Path) -> None:
    """Raise SoundlakeError where the file is not what the declarations say."""
    if not path.exists() or path.read_text(encoding="utf-8") != document():
        raise SoundlakeError(f"docs/{path.name} is not up to date: run {COMMAND} (or make docs)")


def main(argv: Sequence[str] | None = None) -> None:
    """Write the file, or with --check only compare it: exit code 1 and one line where it is not up to date."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Write docs/data-dictionary.md.")
    parser.add_argument("--check", action="store_true", help="only say whether the file is up to date")
    options = parser.parse_args(argv)
    with reported():
        if options.check:
            check(DOCUMENT)
        else:
            DOCUMENT.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
