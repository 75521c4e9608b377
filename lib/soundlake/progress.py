"""Says how far a job is, after each minute of work in which it logged nothing else.

    2026-11-28T16:05:30Z INFO soundlake.progress: at work on=ranking seconds=75 tasks=45/200 tasks_a_minute=30

What is worked on is told by `doing`, what it has done by `count`; Spark's tasks are those of the stages that run.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from soundlake.logs import get_log

Tasks = Mapping[int, tuple[int, int]]  # of each running stage, by its id: tasks that are done, and all

EVERY = 60.0
_LOOK_AGAIN_SECONDS = 5.0
_log = get_log(__name__)
_lock = threading.Lock()


@dataclass(eq=False)
class _Work:
    """What is done, since when, and what was counted meanwhile."""

    what: str
    since: float
    counts: dict[str, int] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)


# Of the whole process, like the loggers: a batch runs in another thread than the rebuild that waits for it.
_running: list[_Work] = []


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Name what is done within the context."""
    work = _Work(what, time.monotonic())
    with _lock:
        _running.append(work)
    try:
        yield
    finally:
        with _lock:
            _running.remove(work)


def count(what: str, number: int = 1, of: int | None = None) -> None:
    """Count things that the innermost work has done; where none runs, nothing is counted.

    `what` is a word or two joined by underscores; `of` is how many there are, where known.
    """
    with _lock:
        if _running:
            work = _running[-1]
            work.counts[what] = work.counts.get(what, 0) + number
            if of is not None:
                work.totals[what] = of


class Reporter(logging.Handler):
    """Logs how far the work is, where work goes on and nothing was logged for `EVERY` seconds.

    It is a handler to know when something was logged. `tasks` gives Spark's.
    """

    def __init__(self, tasks: Callable[[], Tasks], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._tasks, self._clock = tasks, clock
        self._heard = self._told = clock()
        self._tasks_before: Tasks = {}
        self._counts_before: dict[_Work, dict[str, int]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Note that something was logged."""
        self._heard = self._clock()

    def tick(self) -> None:
        """Log a line, if it is time for one."""
        now, tasks = self._clock(), self._tasks()
        with _lock:
            running = [*_running]
            counts = {work: {**work.counts} for work in running}
        if not running and not tasks:
            self._heard = now  # idle, not silent
        elif now - self._heard < EVERY:
            return
        else:
            minutes = (now - self._told) / 60
            context: dict[str, object] = {}
            if running:
                context |= {"on": running[-1].what, "seconds": round(now - running[-1].since)}
            if tasks:
                done = sum(n for n, _ in tasks.values())
                before = sum(self._tasks_before.get(stage, (0, 0))[0] for stage in tasks)
                context["tasks"] = f"{done}/{sum(n for _, n in tasks.values())}"
                context["tasks_a_minute"] = round((done - before) / minutes)
            for work in running:
                before_of_work = self._counts_before.get(work, {})
                for name, number in counts[work].items():
                    context[name] = f"{number}/{work.totals[name]}" if name in work.totals else number
                    context[f"{name}_a_minute"] = round((number - before_of_work.get(name, 0)) / minutes)
            _log.info("at work", **context)
        self._told, self._tasks_before, self._counts_before = now, tasks, counts


def report_silence(tasks: Callable[[], Tasks], is_over: Callable[[], bool]) -> None:
    """Report the work of this process from now on, in a thread, until it is over."""
    reporter = Reporter(tasks)
    root = logging.getLogger(__name__.partition(".")[0])
    root.addHandler(reporter)

    def run() -> None:
        while not is_over():
            reporter.tick()
            time.sleep(_LOOK_AGAIN_SECONDS)
        root.removeHandler(reporter)

    threading.Thread(target=run, name="progress", daemon=True).start()
