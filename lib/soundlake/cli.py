"""`soundlake`: what needs no Spark."""

from __future__ import annotations

import re
import signal
import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer
from rich.table import Table
from typer.core import TyperGroup

from soundlake.archive.command import archive_processed
from soundlake.catalog.commands import query
from soundlake.dashboard.command import dashboard
from soundlake.errors import UsageError
from soundlake.extract.commands import app as extract_app
from soundlake.imports.command import import_files
from soundlake.launch.aws.commands import app as jobs_app
from soundlake.launch.aws.commands import deploy
from soundlake.launch.doctor import examine
from soundlake.launch.jobs import REGISTRY
from soundlake.launch.report import reported
from soundlake.logs import set_up
from soundlake.ops.status import LakeStatus, read_status
from soundlake.options import Config, LakeUri, Sets
from soundlake.playlists.commands import app as playlists_app
from soundlake.settings import load_settings
from soundlake.settings.document import as_toml
from soundlake.terminal import Terminal


class _Commands(TyperGroup):
    """Commands that end as other Unix tools do when nobody reads their output any more: by SIGPIPE, without a word."""

    def invoke(self, ctx: Any) -> Any:
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            signal.raise_signal(signal.SIGPIPE)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

# The base class of Typer's usage errors, which has no public name.
_UsageError: Any = typer.BadParameter.__base__

app.add_typer(extract_app, name="extract")
app.add_typer(jobs_app, name="jobs")
app.command("deploy")(deploy)
app.command("import")(import_files)
app.add_typer(playlists_app, name="playlists")
app.command("archive-processed")(archive_processed)
app.command("query")(query)
app.command("dashboard")(dashboard)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"soundlake {version('soundlake')}")
        raise typer.Exit


@app.callback()
def soundlake(
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="print the version and exit")
    ] = False,
) -> None:
    """Soundlake, a streaming lakehouse for Spotify data: the commands that need no Spark.

    Jobs, which need Spark, start with ./spark-submit.sh.
    """


def main() -> None:
    """Run the command line: exit code 0 done, 1 failed, 2 wrong usage or configuration."""
    set_up("WARNING")
    with reported():
        if (job := next(iter(sys.argv[1:]), "")) in REGISTRY:
            raise UsageError(f"{job} is a job, and jobs need Spark: ./spark-submit.sh {job}")
        try:
            code = app(prog_name="soundlake", standalone_mode=False)
        except _UsageError as error:
            _refuse(error)
        sys.exit(code if isinstance(code, int) else 0)


def _refuse(error: Any) -> None:
    """Raise UsageError with the message in one line; without any arguments, show the help."""
    message, at = error.format_message(), error.ctx.command_path if error.ctx else "soundlake"
    if "\n" in message.strip():
        typer.echo(message, err=True)
        sys.exit(error.exit_code)
    command = at.removeprefix("soundlake").strip()
    message = re.sub("=.*", "=…", message)  # the value of a setting may be a secret
    said = f"{message[0].lower()}{message[1:].rstrip('.')}; see {at} --help"
    raise UsageError(f"{command}: {said}" if command else said)


@app.command()
def doctor(config: Config = None, sets: Sets = None, lake: LakeUri = None) -> None:
    """Check that this machine has what a run needs.

    Exit code 1 where something is missing.
    """
    results = list(examine(load_settings(config, sets or (), lake)))
    table = Table("", "what", "found", box=None)
    for result in results:
        table.add_row("[green]ok[/]" if result.is_well else "[red]no[/]", result.what, result.found)
    Terminal().print(table)
    if not all(result.is_well for result in results):
        raise typer.Exit(1)


@app.command()
def status(config: Config = None, sets: Sets = None, lake: LakeUri = None) -> None:
    """Show a lake: its tables, last batch and current model."""
    settings = load_settings(config, sets or (), lake)
    _print_status(settings.lake.uri, read_status(settings))


@app.command()
def settings(config: Config = None, sets: Sets = None, lake: LakeUri = None) -> None:
    """Print all settings, as a TOML file to start from."""
    for line in as_toml(load_settings(config, sets or (), lake)):
        typer.echo(line)


def _print_status(uri: str, lake: LakeStatus) -> None:
    console = Terminal()
    table = Table("table", title=uri, title_justify="left", box=None)
    for column in ("rows", "version", "changed (UTC)"):
        table.add_column(column, justify="right")
    for one in lake.tables:
        table.add_row(one.name, f"{one.rows:,}", str(one.version), f"{one.changed_at:%Y-%m-%d %H:%M:%S}")
    console.print(table)
    batch, model = lake.last_batch, lake.current_model
    if batch is not None:
        counts = ", ".join(f"{batch[name]:,} {name}" for name in ("read", "accepted", "duplicate", "stale", "rejected"))
        began = f"{batch['started_at']:%Y-%m-%d %H:%M:%S}"
        console.print(f"last batch: {batch['query']} {batch['batch_id']} at {began}: {counts}")
    if model is not None:
        console.print(
            f"current model: {model['model_version']}, {model['k']} clusters of {model['n_tracks']:,} tracks, "
            f"silhouette {model['silhouette']:.3f}"
        )
    if lake.drift is not None:
        advice = "; train_clusters would help" if lake.drift.advises_training else ""
        console.print(f"drift: {lake.drift}{advice}")
