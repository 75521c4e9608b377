"""What a run has to say in the end: the truth about what was asked for, got, and not got."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from soundlake.extract.outcomes import StopError
from soundlake.extract.walk import VERDICTS, Walk
from soundlake.publishers.envelope import iso_utc

_SHOWN = 5


@dataclass
class Report:
    """The end of a run of a walk; `published` counts the records of this run, the queues those of the whole walk."""

    walk: Walk
    published: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    notes: list[str] = field(default_factory=list)
    stop: StopError | None = None

    @property
    def is_well(self) -> bool:
        """Whether the walk came to its end, nothing failed, and all that the user named was had."""
        failed = any(queue.count("failed") for queue in self.walk.queues.values())
        return self.stop is None and not failed and not self.walk.roots_not_got

    def lines(self) -> Iterator[str]:
        """Yield what else there is to say beside the table."""
        for stage, queue in self.walk.queues.items():
            reasons: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
            for thing, why in queue.not_got.items():
                reasons[why].append(thing)
            for (verdict, reason), things in sorted(reasons.items()):
                more = f" and {len(things) - _SHOWN:,} more" if len(things) > _SHOWN else ""
                yield f"{stage}: {len(things):,} {verdict}: {reason}: {', '.join(things[:_SHOWN])}{more}"
        yield from self.notes
        yield f"{self.requests:,} requests; published {_counted(self.published)}"
        if self.stop is not None:
            yield f"stopped: {self.stop.reason}"
            yield f"{self._when()} the same command goes on where this one stopped"

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON, for those who start runs by a clock."""
        return {
            "fetched_at": self.walk.fetched_at,
            "is_well": self.is_well,
            "stages": {
                stage: {
                    "asked": queue.asked,
                    "got": queue.got,
                    **{verdict: queue.count(verdict) for verdict in VERDICTS},
                    "left": len(queue.todo),
                }
                for stage, queue in self.walk.queues.items()
            },
            "published": self.published,
            "requests": self.requests,
            "stopped": None if self.stop is None else self.stop.reason,
            "resume_at": None if self.stop is None or self.stop.resume_at is None else iso_utc(self.stop.resume_at),
            "messages": list(self.lines()),
        }

    def print(self, console: Console) -> None:
        """Print it for people."""
        title = f"{'resumed ' if self.walk.is_resumed else ''}walk of {self.walk.fetched_at}"
        table = Table("", title=title, title_justify="left", box=None)
        for column in ("asked", "got", *VERDICTS, "left"):
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
