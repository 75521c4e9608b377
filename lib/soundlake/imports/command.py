"""`soundlake import`: records from files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from soundlake.options import Config, Sets


def import_files(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="files, folders, zips; here or s3://…")],
    mapping: Annotated[
        str | None, typer.Option("--mapping", metavar="NAME|FILE", help="which column is which field; else recognised")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="source of the records, instead of the mapping's")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="TARGET", help="files, kafka or kinesis")] = None,
    out: Annotated[str | None, typer.Option("--out", metavar="DIR", help="folder or s3://… for --to files")] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="whose plays they are")] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="list each problem: CSV if FILE ends in .csv, else NDJSON"),
    ] = None,
    fetched_at: Annotated[
        str | None, typer.Option("--fetched-at", metavar="TIME", help="date of the data; by default the file's time")
    ] = None,
    infer: Annotated[
        bool, typer.Option("--infer", help="print a draft of a mapping for the file; import nothing")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="start from the first row instead of resuming")] = False,
    config: Config = None,
    sets: Sets = None,
) -> None:
    """Turn files into records, and publish them.

    The files are account exports, data sets and tables; the records go to files, Kafka or Kinesis.

    Exit code 1 if a file could not be read. Rows that give no record are counted, and listed by --report.
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
