"""One run of `soundlake import`, with all that it opens and closes."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from soundlake.errors import UsageError
from soundlake.imports.bundled import mapping_named
from soundlake.imports.cell_times import is_in_future, time_reader
from soundlake.imports.infer import drafted
from soundlake.imports.inputs import inputs_of
from soundlake.imports.opening import UnopenedError
from soundlake.imports.recognition import ImportJob, JobOptions, Summary, fail, recognise
from soundlake.imports.report import Report
from soundlake.imports.run import Import
from soundlake.imports.state import ImportState
from soundlake.publishers.publisher import destination, open_publisher
from soundlake.settings import Settings
from soundlake.times import instant

_ALLOCATED = 50_000  # objects more than were freed, before garbage is collected; a batch has some thousands of rows


@dataclass(frozen=True)
class ImportOptions:
    """The options of the command line."""

    mapping: str | None = None
    name: str | None = None
    to: str | None = None
    out: str | None = None
    user: str | None = None
    report: Path | None = None
    fetched_at: str | None = None
    again: bool = False


def perform(settings: Settings, paths: Sequence[str], options: ImportOptions) -> Summary:
    """Import files. Raises UsageError before anything starts, SoundlakeError where records cannot be published."""
    mapping = mapping_named(options.mapping) if options.mapping else None
    fetched_at = _fetched_at(options.fetched_at)
    summary = Summary()
    with tempfile.TemporaryDirectory(prefix="soundlake-import-") as scratch, Report(options.report) as report:
        found = inputs_of(paths, settings, Path(scratch))
        summary.notes += found.notes
        of_jobs = JobOptions(
            mapping,
            options.name,
            options.user,
            fetched_at,
            destination(settings, options.to, options.out),
            keeps_country=settings.imports.country == "kept",
            keeps_private=settings.imports.private_sessions == "kept",
        )
        recognised = recognise(found.files, of_jobs)
        jobs = recognised.jobs
        summary.notes += recognised.notes
        for shown, why in recognised.failed:
            fail(shown, why, summary, report)
        state = ImportState(_state_folder(settings), anew=options.again)
        if jobs:
            with (
                open_publisher(settings, options.to, options.out) as publisher,
                _progress(jobs) as show,
                _rare_garbage_collection(),
            ):
                run = Import(publisher, state, report, summary, of_jobs)
                for job in jobs:
                    run.take(job, show(job))
                run.finish()
        summary.issues = report.lines()
    return summary


@contextmanager
def _rare_garbage_collection() -> Iterator[None]:
    """Let the cyclic garbage collector run seldom: it would look at every row, and rows hold no cycles."""
    before = gc.get_threshold()
    gc.set_threshold(_ALLOCATED, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def draft(settings: Settings, paths: Sequence[str]) -> str:
    """A draft of a mapping for the first file. Raises UsageError where it cannot be read."""
    with tempfile.TemporaryDirectory(prefix="soundlake-import-") as scratch:
        first = inputs_of(paths, settings, Path(scratch)).files[0]
        try:
            return drafted(first)
        except (UnopenedError, OSError) as trouble:
            raise UsageError(f"{first.shown}: {trouble}") from None


def _fetched_at(text: str | None) -> str | None:
    """The value of --fetched-at, in UTC. Raises UsageError."""
    if text is None:
        return None
    if instant(text) is None:
        raise UsageError(f"--fetched-at {text}: should be a time such as 2026-11-21T08:00:00Z")
    if is_in_future(text):
        raise UsageError(f"--fetched-at {text}: lies in the future, where the stream would reject the records")
    return str(time_reader((), None, str, lambda _: False)(text))


def _state_folder(settings: Settings) -> Path:
    """Beside the state of crawls; in the user's home if that is on S3, as the files are on this machine."""
    state = settings.extract.state
    root = Path("~/.local/state/soundlake").expanduser() if "://" in state else Path(state)
    return root / "imports"


@contextmanager
def _progress(jobs: Sequence[ImportJob]) -> Iterator[Callable[[ImportJob], Callable[[int], None]]]:
    """A bar for each file on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal or not jobs) as progress:

        def show(job: ImportJob) -> Callable[[int], None]:
            task = progress.add_task(job.file.name, total=job.file.size or None)
            return lambda count: progress.advance(task, count)

        yield show
