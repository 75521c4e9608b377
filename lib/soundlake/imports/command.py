"""`soundlake import`: records from files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def import_files(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="files, folders, zips; here or s3://…")],
    mapping: Annotated[
        str | None, typer.Option("--mapping", metavar="NAME|FILE", help="how columns become records; else recognised")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="source of the records, in place of the mapping's")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="TARGET", help="files, kafka or kinesis")] = None,
    out: Annotated[str | None, typer.Option("--out", metavar="DIR", help="folder or s3://… for --to files")] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="whose plays they are")] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="every row with a trouble: NDJSON, or CSV by its name"),
    ] = None,
    fetched_at: Annotated[
        str | None, typer.Option("--fetched-at", metavar="TIME", help="when the data were true; else the file's time")
    ] = None,
    infer: Annotated[
        bool, typer.Option("--infer", help="print a draft of a mapping for the file, import nothing")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="from the first row, even where an import was stopped")
    ] = False,
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="settings, TOML")] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="one setting, section.key=value")
    ] = None,
) -> None:
    """Make records of exports, data sets and tables.

    They go to files, Kafka or Kinesis.

    Exit code 1 where a file could not be read; rows that give no record are counted, and told with --report.
    """
    from soundlake.imports.session import ImportOptions, draft, perform
    from soundlake.settings import load_settings

    settings = load_settings(config, sets or ())
    if infer:
        typer.echo(draft(settings, paths))
        return
    options = ImportOptions(mapping, name, to, out, user, report, fetched_at, again)
    summary = perform(settings, paths, options)
    for line in summary.lines():
        typer.echo(line)
    for line in summary.failed:
        typer.echo(f"soundlake: {line}", err=True)
    if summary.failed:
        raise typer.Exit(1)
