"""A walk: what is still to be read, what was read and what could not be, in a form that survives a stop."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from soundlake.publishers.envelope import iso_utc

VERDICTS = ("missing", "refused", "failed")


@dataclass
class Queue:
    """The things of one kind: `todo` in order, `done` those that ended, `not_got` (verdict, reason) among these."""

    todo: dict[str, None] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    not_got: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        """How many things there are in all."""
        return len(self.todo) + len(self.done)

    @property
    def got(self) -> int:
        """How many were had."""
        return len(self.done) - len(self.not_got)

    def count(self, verdict: str) -> int:
        """How many ended with this verdict."""
        return sum(found == verdict for found, _ in self.not_got.values())

    def add(self, things: Iterable[str]) -> None:
        """Add things that are not there yet."""
        self.todo.update(dict.fromkeys(thing for thing in things if thing not in self.done))

    def end(self, thing: str, verdict: str | None = None, reason: str = "") -> None:
        """Say how a thing ended: it was had, or a verdict and its reason."""
        self.todo.pop(thing, None)
        self.done.add(thing)
        if verdict is None:
            self.not_got.pop(thing, None)
        else:
            self.not_got[thing] = (verdict, reason)

    def again(self, things: Iterable[str]) -> None:
        """Put things first, to be tried again."""
        first = list(things)
        for thing in first:
            self.done.discard(thing)
            self.not_got.pop(thing, None)
        self.todo = dict.fromkeys([*first, *self.todo])


@dataclass
class Walk:
    """Stages in order, each with its queue; `roots` are what the user named, all in the first stage.

    `marks` hold how far something was read that takes several requests. `fetched_at` is the stamp of the whole walk.
    """

    name: str
    stages: tuple[str, ...]
    roots: tuple[str, ...]
    fetched_at: str
    queues: dict[str, Queue]
    marks: dict[str, dict[str, Any]]
    is_resumed: bool = False

    @classmethod
    def new(cls, name: str, stages: Sequence[str], roots: Iterable[str]) -> Walk:
        """Begin a walk at its roots."""
        queues = {stage: Queue() for stage in stages}
        walk = cls(name, tuple(stages), tuple(dict.fromkeys(roots)), iso_utc(), queues, {})
        queues[stages[0]].add(walk.roots)
        return walk

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Walk:
        """Take a walk up again; what failed comes first."""
        queues = {
            stage: Queue(
                dict.fromkeys(q["todo"]), set(q["done"]), {t: (v, why) for t, (v, why) in q["not_got"].items()}
            )
            for stage, q in document["queues"].items()
        }
        for queue in queues.values():
            queue.again([thing for thing, (verdict, _) in queue.not_got.items() if verdict == "failed"])
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
        """Return the walk as JSON."""
        return {
            "name": self.name,
            "stages": self.stages,
            "roots": self.roots,
            "fetched_at": self.fetched_at,
            "queues": {
                stage: {"todo": list(q.todo), "done": sorted(q.done), "not_got": q.not_got}
                for stage, q in self.queues.items()
            },
            "marks": self.marks,
        }

    def follow(self, current: str, stage: str, things: Iterable[str]) -> None:
        """Add what a thing of the stage `current` leads to; stages that are over or not wanted take nothing."""
        if stage in self.queues and self.stages.index(stage) > self.stages.index(current):
            self.queues[stage].add(things)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return not any(queue.todo for queue in self.queues.values())

    @property
    def roots_not_got(self) -> dict[str, tuple[str, str]]:
        """What the user named and could not be had."""
        not_got = self.queues[self.stages[0]].not_got
        return {root: not_got[root] for root in self.roots if root in not_got}


def name_of(command: str, *parts: Any) -> str:
    """Return the name of the walk of a command: the same for the same words, so that it finds where it stopped."""
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]
    return f"walk-{command}-{digest}"
