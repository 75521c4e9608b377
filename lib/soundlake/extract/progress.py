"""Progress bars on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from soundlake.extract.crawl import Crawl


@contextmanager
def shown_progress(console: Console) -> Iterator[Callable[[Crawl], None]]:
    """Show a bar for each stage of a crawl while the block runs; nothing where the console is no terminal."""
    columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        bars = {}

        def show(crawl: Crawl) -> None:
            for stage, queue in crawl.queues.items():
                if stage not in bars:
                    bars[stage] = progress.add_task(stage, total=None)
                progress.update(bars[stage], completed=len(queue.done), total=queue.asked or None)

        yield show
