"""The command `soundlake query`. What it runs is imported when it runs, so that --help is quick."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from soundlake.errors import UsageError
from soundlake.options import Config, LakeUri, Sets

if TYPE_CHECKING:
    from soundlake.settings import Settings

SHOWN = 100  # default rows of a table

Format = Literal["table", "csv", "parquet"]


def _insights() -> list[tuple[str, str]]:
    from soundlake.insights import load_insights

    return [(insight.name, insight.question) for insight in load_insights()]


def query(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[INSIGHT|SQL]",
            help="an insight's name, or a SELECT",
            show_default=False,
            autocompletion=_insights,
        ),
    ] = None,
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="table, csv or parquet; by default the ending of --out, else table"),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="file for csv or parquet")] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=0, help=f"most rows, 0 for all; by default {SHOWN} for a table, all for files"),
    ] = None,
    is_whole: Annotated[
        bool,
        typer.Option("--all", help="show all columns at full width; by default those that fit the terminal"),
    ] = False,
    deploy: Annotated[
        bool, typer.Option("--deploy", help="save all insights as named queries of the Athena workgroup")
    ] = False,
    config: Config = None,
    sets: Sets = None,
    lake: LakeUri = None,
) -> None:
    """Run an insight or any SELECT.

    Through Athena where catalog.type is glue, else on the lake with DuckDB. Without a question, list the insights,
    and which of them have answers in the lake.

    Tables are called layer_name, such as silver_tracks.
    """
    from soundlake.settings import load_settings

    settings = load_settings(config, sets or (), lake)
    if deploy:
        _deploy(settings, what)
    elif what is None:
        _list(settings)
    else:
        _run(settings, what, _chosen(format_, out), out, limit, is_whole=is_whole)


def _run(
    settings: Settings, what: str, format_: Format, out: Path | None, limit: int | None, *, is_whole: bool
) -> None:
    from soundlake.catalog import output
    from soundlake.catalog.missing import why_empty
    from soundlake.catalog.query import ask, caution, leading_columns, sql_of

    if limit is None:
        limit = SHOWN if format_ == "table" else 0
    sql = sql_of(settings, what)
    try:
        answer = ask(settings, sql, limit or None)
    except KeyboardInterrupt:
        _say("the query is cancelled")
        raise
    left_out: tuple[str, ...] = ()
    if format_ == "table":
        left_out = output.show(answer.rows, leading_columns(what), is_whole=is_whole)
    else:
        output.write(answer.rows, format_, out)
    # Messages go to stderr: stdout has rows only.
    more = ", there are more: --limit 0 gives all" if answer.has_more else ""
    rows = "1 row" if answer.rows.num_rows == 1 else f"{answer.rows.num_rows:,} rows"
    _say(f"{rows}{more}; {answer.took}")
    if left_out:
        _say(f"not shown: {', '.join(left_out)}; --all shows all columns")
    for name in answer.missing:
        _say(why_empty(name))
    if warning := caution(settings, what):
        _say(warning)


def _say(line: str) -> None:
    typer.echo(f"soundlake: {line}", err=True)


def _chosen(format_: Format | None, out: Path | None) -> Format:
    endings: dict[str, Format] = {".csv": "csv", ".parquet": "parquet"}
    chosen = format_ or (endings.get(out.suffix.lower()) if out else "table")
    if chosen is None:
        raise UsageError(f"--out {out}: --format csv or --format parquet? The file's ending does not say")
    if chosen == "table" and out is not None:
        raise UsageError(f"--out {out}: a table is for the console; --format csv or parquet go into a file")
    if chosen == "parquet" and out is None:
        raise UsageError("--format parquet: --out FILE is needed, Parquet is not for the console")
    return chosen


def _list(settings: Settings) -> None:
    """List the questions, and where there is a lake, which of them have answers there."""
    from soundlake.catalog import output
    from soundlake.catalog.missing import state_of_marts
    from soundlake.insights import load_insights

    insights = sorted(load_insights(), key=lambda insight: insight.name)
    states = state_of_marts(settings)
    output.listed([(one.name, one.question, f"[{states[one.name]}]" if states else "") for one in insights])


def _deploy(settings: Settings, what: str | None) -> None:
    if what is not None:
        raise UsageError("--deploy saves all insights: it takes no question")
    if settings.catalog.type != "glue":
        raise UsageError("catalog.type: none; named queries are Athena's: set it to glue")
    from soundlake.catalog.named_queries import deploy

    for name, state in deploy(settings):
        typer.echo(f"{name}: {state}")
