"""`soundlake jobs`: what runs on AWS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from soundlake.errors import UsageError
from soundlake.options import Config, Sets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from soundlake.launch.aws.account import Account
    from soundlake.launch.aws.changes import Change
    from soundlake.launch.aws.deploy import Reload
    from soundlake.launch.aws.target import State, Target
    from soundlake.launch.versions import SparkLine
    from soundlake.settings import Settings

RunId = Annotated[str, typer.Argument(metavar="ID", help="the id of a run, as the list has it")]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List, show and stop the jobs on AWS.")


@app.command("list")
def list_jobs(config: Config = None, sets: Sets = None) -> None:
    """List the newest runs.

    Those on EMR Serverless, on the EMR cluster and on Glue, as far as the settings name them.
    """
    from soundlake.launch.aws.launcher import TARGETS

    account = _account(config, sets)
    states = [state for target in TARGETS.values() for state in target.states(account)]
    for state in states:
        typer.echo(_line(state))
    if not states:
        typer.echo("no runs")


@app.command()
def show(run_id: RunId, config: Config = None, sets: Sets = None) -> None:
    """Show the state of a run, and what its driver has printed."""
    account, target = _account(config, sets), _target(run_id)
    state = target.state(account, run_id)
    typer.echo(_line(state))
    for _, line in target.log(account, run_id):
        typer.echo(line)


@app.command()
def stop(run_id: RunId, config: Config = None, sets: Sets = None) -> None:
    """Ask a run to end.

    A stream finishes its current batch. The settings that the launcher uploaded for the run are deleted.
    """
    from soundlake.launch.aws.launcher import remove_settings

    account, target = _account(config, sets), _target(run_id)
    state = target.state(account, run_id)
    if state.is_over:
        typer.echo(f"{run_id} has ended already: {state.state.lower()}")
        return
    target.stop(account, run_id)
    typer.echo(f"{run_id} is asked to stop")
    remove_settings(account, state.target, state.job)


def deploy(
    config: Config = None,
    sets: Sets = None,
    yes: Annotated[bool, typer.Option("--yes", help="do it without asking")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would change, change nothing")] = False,
    check: Annotated[bool, typer.Option("--check", help="only look whether the account has what is needed")] = False,
    spark: Annotated[
        str | None, typer.Option("--spark", metavar="LINE", help="the Spark line, see conf/versions.toml")
    ] = None,
) -> None:
    """Set up the AWS account, or update it.

    Shows what changes in each of its two stacks, asks, and does it. The stack with the data comes first; the changes
    of the other can be shown only once it exists.
    """
    from soundlake.launch.aws.deploy import deploy as deploy_stacks
    from soundlake.launch.versions import choose_spark_line
    from soundlake.settings import load_settings

    def reload(defaults: Mapping[str, Any]) -> Settings:
        return load_settings(config, sets or (), defaults=defaults)

    settings, line = load_settings(config, sets or ()), choose_spark_line(spark)
    if check:
        _check(settings, reload, line)
        return

    def agree(stack: str, changes: list[Change]) -> bool:
        typer.echo(f"{stack}: " + ("nothing to change" if not changes else f"{len(changes)} changes"))
        for change in changes:
            typer.echo(f"  {change}")
        return bool(changes) and not dry_run and (yes or typer.confirm("Do it?"))

    done = deploy_stacks(settings, reload, line, agree)
    typer.echo("done" if done else "nothing was changed")


def _check(settings: Settings, reload: Reload, line: SparkLine) -> None:
    from soundlake.launch.aws.deploy import check
    from soundlake.launch.aws.preflight import examine
    from soundlake.launch.doctor import CheckResult

    def checked() -> str:
        check(settings, reload, line)
        return "can run as they are set"

    results = [CheckResult.of("jobs", checked), *examine(settings.deploy)]
    for result in results:
        typer.echo(f"{'ok' if result.is_well else 'NO':<4}{result.what}: {result.found}")
    if not all(result.is_well for result in results):
        raise typer.Exit(1)


def _account(config: Path | None, sets: list[str] | None) -> Account:
    from soundlake.launch.aws.account import Account, completed
    from soundlake.settings import load_settings

    account = Account(load_settings(config, sets or ()).deploy)
    known = account.outputs() if account.deploy.application_id is None else {}
    needed = ("application_id",) if "ApplicationId" in known else ()
    return Account(completed(account, needed))


def _target(run_id: str) -> Target:
    """Where a run is, by the look of its id."""
    from soundlake.launch.aws.launcher import TARGETS

    if run_id.startswith("jr_"):
        return TARGETS["glue"]
    if run_id.startswith("s-"):
        return TARGETS["emr"]
    if run_id.isalnum():
        return TARGETS["emr-serverless"]
    raise UsageError(f"{run_id}: no id of a run: jr_… on Glue, s-… on EMR, letters and digits on EMR Serverless")


def _line(state: State) -> str:
    started = f"{state.started:%Y-%m-%d %H:%M}" if state.started else ""
    detail = f"  {state.detail}" if state.detail else ""
    return f"{state.target:<15}{state.run_id:<24}{state.job:<28}{state.state.lower():<12}{started}{detail}"
