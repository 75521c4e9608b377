"""The report of a run: what was queued, fetched and not fetched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from soundlake.extract.crawl import OUTCOMES, Crawl
from soundlake.extract.outcomes import StopError
from soundlake.publishers.envelope import iso_utc

_SHOWN = 5


@dataclass
class CrawlReport:
    """The result of a run; `published` counts the records of this run, the queues count the whole crawl."""

    crawl: Crawl
    published: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    notes: list[str] = field(default_factory=list)
    stop: StopError | None = None

    @property
    def is_well(self) -> bool:
        """Whether the crawl is done, nothing failed, and all that the user named was fetched."""
        failed = any(queue.count("failed") for queue in self.crawl.queues.values())
        return self.stop is None and not failed and not self.crawl.roots_not_fetched

    def lines(self) -> Iterator[str]:
        """Yield the lines below the table."""
        for stage, queue in self.crawl.queues.items():
            reasons: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
            for item, why in queue.not_fetched.items():
                reasons[why].append(item)
            for (outcome, reason), items in sorted(reasons.items()):
                more = f" and {len(items) - _SHOWN:,} more" if len(items) > _SHOWN else ""
                yield f"{stage}: {len(items):,} {outcome}: {reason}: {', '.join(items[:_SHOWN])}{more}"
        yield from self.notes
        yield f"{self.requests:,} requests; published {_counted(self.published)}"
        if self.stop is not None:
            yield f"stopped: {self.stop.reason}"
            yield f"{self._when()} the same command resumes the crawl"

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON, for scheduled runs."""
        return {
            "fetched_at": self.crawl.fetched_at,
            "is_well": self.is_well,
            "stages": {
                stage: {
                    "asked": queue.asked,
                    "fetched": queue.fetched,
                    **{outcome: queue.count(outcome) for outcome in OUTCOMES},
                    "left": len(queue.todo),
                }
                for stage, queue in self.crawl.queues.items()
            },
            "published": self.published,
            "requests": self.requests,
            "stopped": None if self.stop is None else self.stop.reason,
            "resume_at": None if self.stop is None or self.stop.resume_at is None else iso_utc(self.stop.resume_at),
            "messages": list(self.lines()),
        }

    def print(self, console: Console) -> None:
        """Print the report."""
        title = f"{'resumed ' if self.crawl.is_resumed else ''}crawl of {self.crawl.fetched_at}"
        table = Table("", title=title, title_justify="left", box=None)
        for column in ("asked", "fetched", *OUTCOMES, "left"):
            table.add_column(column, justify="right")
        for stage, numbers in self.as_dict()["stages"].items():
            table.add_row(stage, *[f"{number:,}" for number in numbers.values()])
        console.print(table)
        for line in self.lines():
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _when(self) -> str:
        resume_at = None if self.stop is None else self.stop.resume_at
        return "at any time" if resume_at is None else f"after {resume_at:%Y-%m-%d %H:%M:%S} UTC"


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in counts.items()) or "nothing"
