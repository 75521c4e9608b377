"""One's own Spotify export, from the zip to every answer that it can give."""

from __future__ import annotations

from rich.console import Console

from soundlake.catalog.report import print_registered
from soundlake.history import job
from soundlake.history.importing import import_history, reading_imports
from soundlake.history.telling import tell
from soundlake.launch.arguments import JobArguments
from soundlake.launch.main import run_job
from soundlake.run_report import step
from soundlake.session import open_session
from soundlake.storage import full_disk_named


def run(arguments: JobArguments) -> None:
    """Import the exports, stream, train, build and recommend, and tell the listener what there is."""
    settings, console = reading_imports(arguments.settings), Console()
    with step(console, f"import: {', '.join(arguments.exports)}, as plays of {arguments.user}"):
        for line in import_history(settings, arguments.exports, arguments.user):
            console.print(f"  {line}", markup=False, highlight=False)
    with open_session("soundlake history", settings) as spark, full_disk_named(settings.lake.uri):
        job.run(spark, settings, console)
    tell(settings, arguments.user, console)
    print_registered(settings)


if __name__ == "__main__":
    run_job("history", run)
