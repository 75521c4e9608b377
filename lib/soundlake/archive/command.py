"""The command `soundlake archive-processed`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from soundlake.options import Config, LakeUri, Sets

if TYPE_CHECKING:
    from soundlake.archive.files import LandedFile
    from soundlake.archive.run import ArchiveSummary

_SHOWN = 5


def archive_processed(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would be moved, move nothing")] = False,
    config: Config = None,
    sets: Sets = None,
    lake: LakeUri = None,
) -> None:
    """Move files that the stream has read.

    Files whose records are committed move from source.files.path to source.files.processed_path. Exit code 1 if a file
    could not be moved, or was changed after it was read: the stream does not read it again.
    """
    from soundlake.archive.run import archive_processed as archive
    from soundlake.settings import load_settings

    summary = archive(load_settings(config, sets or (), lake), dry_run=dry_run)
    for line in in_words(summary):
        typer.echo(line)
    for line in troubles(summary):
        typer.echo(f"soundlake: {line}", err=True)
    if not summary.is_well:
        raise typer.Exit(1)


def in_words(summary: ArchiveSummary) -> Iterator[str]:
    """Yield the result, line by line."""
    if summary.batch is None:
        yield "the stream has committed no batch yet: nothing is moved"
    else:
        yield f"{summary.read:,} files below {summary.root} were read up to batch {summary.batch}"
    verb = "would be moved" if summary.is_dry else "moved"
    size = sum(file.size for file in summary.moved)
    yield f"{verb} to {summary.aside}: {len(summary.moved):,} files, {size:,} bytes"
    if summary.completed:
        yield f"completed from an earlier run: {len(summary.completed):,} files"
    yield f"left for the stream to read: {summary.waiting:,} files"


def troubles(summary: ArchiveSummary) -> Iterator[str]:
    """Yield what needs attention."""
    if summary.changed:
        yield (
            f"{len(summary.changed):,} files were changed after the stream had read them; it reads each name once, so "
            f"their content now is not in the tables: rename them: {_names(summary.changed)}"
        )
    if summary.target_exists:
        yield (
            f"{len(summary.target_exists):,} files were read and not moved, as other files have their names in "
            f"{summary.aside}: {_names(summary.target_exists)}"
        )
    yield from summary.failed[:_SHOWN]
    if len(summary.failed) > _SHOWN:
        yield f"and {len(summary.failed) - _SHOWN:,} more could not be moved"
    if summary.left:
        yield f"gave up; {summary.left:,} files were not tried"


def _names(files: Sequence[LandedFile]) -> str:
    more = f" and {len(files) - _SHOWN:,} more" if len(files) > _SHOWN else ""
    return ", ".join(file.name for file in files[:_SHOWN]) + more
