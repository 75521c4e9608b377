"""The state of a crawl: what is queued, done and failed, as a document that a later run resumes from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from soundlake.publishers.envelope import iso_utc

OUTCOMES = ("missing", "refused", "failed")


@dataclass
class Queue:
    """The items of one kind: `todo` in order, `done`, and among these `not_fetched` with (outcome, reason)."""

    todo: dict[str, None] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    not_fetched: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        """How many items were queued in all."""
        return len(self.todo) + len(self.done)

    @property
    def fetched(self) -> int:
        """How many were fetched."""
        return len(self.done) - len(self.not_fetched)

    def count(self, outcome: str) -> int:
        """How many ended with this outcome."""
        return sum(found == outcome for found, _ in self.not_fetched.values())

    def add(self, items: Iterable[str]) -> None:
        """Queue items that were not queued before."""
        self.todo.update(dict.fromkeys(item for item in items if item not in self.done))

    def end(self, item: str, outcome: str | None = None, reason: str = "") -> None:
        """Mark an item as done: fetched, or not, with the outcome and its reason."""
        self.todo.pop(item, None)
        self.done.add(item)
        if outcome is None:
            self.not_fetched.pop(item, None)
        else:
            self.not_fetched[item] = (outcome, reason)

    def again(self, items: Iterable[str]) -> None:
        """Queue items first, to be retried."""
        first = list(items)
        for item in first:
            self.done.discard(item)
            self.not_fetched.pop(item, None)
        self.todo = dict.fromkeys([*first, *self.todo])


@dataclass
class Crawl:
    """Stages in order, each with its queue.

    Attributes:
        name: Identifies the crawl in the state.
        stages: The names of the queues, in the order in which they are read.
        roots: What the user named; the first queue begins with it.
        fetched_at: When the crawl began; all its records have this fetched_at.
        queues: The queue of each stage.
        marks: How far items were read that take several requests.
        is_resumed: Whether it was begun by an earlier run.
    """

    name: str
    stages: tuple[str, ...]
    roots: tuple[str, ...]
    fetched_at: str
    queues: dict[str, Queue]
    marks: dict[str, dict[str, Any]]
    is_resumed: bool = False

    @classmethod
    def new(cls, name: str, stages: Sequence[str], roots: Iterable[str]) -> Crawl:
        """Begin a crawl at its roots."""
        queues = {stage: Queue() for stage in stages}
        crawl = cls(name, tuple(stages), tuple(dict.fromkeys(roots)), iso_utc(), queues, {})
        queues[stages[0]].add(crawl.roots)
        return crawl

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Crawl:
        """Resume a crawl; what failed comes first."""
        queues = {
            stage: Queue(
                dict.fromkeys(q["todo"]), set(q["done"]), {t: (v, why) for t, (v, why) in q["not_fetched"].items()}
            )
            for stage, q in document["queues"].items()
        }
        for queue in queues.values():
            queue.again([item for item, (outcome, _) in queue.not_fetched.items() if outcome == "failed"])
        return cls(
            document["name"],
            tuple(document["stages"]),
            tuple(document["roots"]),
            document["fetched_at"],
            queues,
            document["marks"],
            is_resumed=True,
        )

    def document(self) -> dict[str, Any]:
        """Return the crawl as JSON."""
        return {
            "name": self.name,
            "stages": self.stages,
            "roots": self.roots,
            "fetched_at": self.fetched_at,
            "queues": {
                stage: {"todo": list(q.todo), "done": sorted(q.done), "not_fetched": q.not_fetched}
                for stage, q in self.queues.items()
            },
            "marks": self.marks,
        }

    def follow(self, current: str, stage: str, items: Iterable[str]) -> None:
        """Queue what an item of the stage `current` leads to, unless its stage is over or not part of the crawl."""
        if stage in self.queues and self.stages.index(stage) > self.stages.index(current):
            self.queues[stage].add(items)

    @property
    def is_done(self) -> bool:
        """Whether all queues are empty."""
        return not any(queue.todo for queue in self.queues.values())

    @property
    def roots_not_fetched(self) -> dict[str, tuple[str, str]]:
        """What the user named and could not be fetched."""
        not_fetched = self.queues[self.stages[0]].not_fetched
        return {root: not_fetched[root] for root in self.roots if root in not_fetched}


def name_of(command: str, *parts: Any) -> str:
    """Return the name of the crawl of a command; the same command has the same name, and so resumes it."""
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]
    return f"crawl-{command}-{digest}"
