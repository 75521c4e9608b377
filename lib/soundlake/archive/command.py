"""`soundlake move-read`: what it is told and what it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from soundlake.archive.mover import Summary
    from soundlake.archive.places import Landed

_SHOWN = 5


def move_read(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be moved, move nothing")] = False,
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="settings, TOML")] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="one setting, section.key=value")
    ] = None,
    lake: Annotated[str | None, typer.Option("--lake", metavar="URI", help="the lake whose stream reads them")] = None,
) -> None:
    """Move aside the files that the stream has read.

    What is committed goes from source.files.path to source.files.processed_path.

    Exit code 1 where a file that was read could not be moved, or was written anew: the stream does not read it again.
    """
    from soundlake.archive import mover
    from soundlake.settings import load_settings

    summary = mover.move_read(load_settings(config, sets or (), lake), dry_run=dry_run)
    for line in in_words(summary):
        typer.echo(line)
    for line in troubles(summary):
        typer.echo(f"soundlake: {line}", err=True)
    if not summary.is_well:
        raise typer.Exit(1)


def in_words(summary: Summary) -> Iterator[str]:
    """Yield what was done, a line for each thing."""
    if summary.batch is None:
        yield "the stream has committed no batch yet: nothing is moved"
    else:
        yield f"{summary.read:,} files below {summary.root} were read up to batch {summary.batch}"
    verb = "would be moved" if summary.is_dry else "moved"
    size = sum(file.size for file in summary.moved)
    yield f"{verb} to {summary.aside}: {len(summary.moved):,} files, {size:,} bytes"
    if summary.completed:
        yield f"completed what a run before had begun: {len(summary.completed):,} files"
    yield f"left for the stream to read: {summary.waiting:,} files"


def troubles(summary: Summary) -> Iterator[str]:
    """Yield what a person has to look at."""
    if summary.anew:
        yield (
            f"{len(summary.anew):,} files were written anew after the stream had read them; it does not read a name "
            f"twice, so what they hold now is not in the tables: give them other names: {_names(summary.anew)}"
        )
    if summary.in_the_way:
        yield (
            f"{len(summary.in_the_way):,} files were read and not moved, for other content lies under their names in "
            f"{summary.aside}: {_names(summary.in_the_way)}"
        )
    yield from summary.failed[:_SHOWN]
    if len(summary.failed) > _SHOWN:
        yield f"and {len(summary.failed) - _SHOWN:,} more could not be moved"
    if summary.left:
        yield f"gave up, with {summary.left:,} files not tried"


def _names(files: Sequence[Landed]) -> str:
    more = f" and {len(files) - _SHOWN:,} more" if len(files) > _SHOWN else ""
    return ", ".join(file.name for file in files[:_SHOWN]) + more
