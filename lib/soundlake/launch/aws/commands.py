"""`soundlake jobs`: what runs on AWS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soundlake.errors import UsageError

if TYPE_CHECKING:
    from soundlake.launch.aws.account import Account
    from soundlake.launch.aws.target import State, Target

Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="settings, TOML")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="one setting, section.key=value")]
RunId = Annotated[str, typer.Argument(metavar="ID", help="the id of a run, as the list has it")]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List, show and stop the jobs on AWS.")


@app.command("list")
def list_jobs(config: Config = None, sets: Sets = None) -> None:
    """List the newest runs on EMR Serverless, on the EMR cluster and on Glue, as far as the settings name them."""
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
    """Ask a run to end; a stream finishes the batch at work."""
    account, target = _account(config, sets), _target(run_id)
    state = target.state(account, run_id)
    if state.is_over:
        typer.echo(f"{run_id} has ended already: {state.state.lower()}")
        return
    target.stop(account, run_id)
    typer.echo(f"{run_id} is asked to stop")


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
