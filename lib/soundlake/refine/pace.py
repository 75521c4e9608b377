"""When work beside a stream is due: not so often that it is busy with it, not so late that rows lag for long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# So many bytes of silver/changes are applied at once, whatever the time: a MERGE of many costs little more than of few.
MANY_BYTES = 64 * 1024 * 1024
# The time between two turns is at least so many times what the last one took.
LEAST_SHARE = 10


class Pace:
    """The pace of work that is done again and again; `interval` is in seconds, and begins when this is made."""

    def __init__(self, interval: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval, self._clock = interval, clock
        self._ended, self._took = clock(), 0.0

    def is_due(self, waiting_bytes: int) -> bool:
        """Whether it is time to apply the changes that wait; where none do when it is, the interval begins anew."""
        if waiting_bytes == 0:
            if self.has_come():
                self._ended = self._clock()
            return False
        return waiting_bytes >= MANY_BYTES or self.has_come()

    def has_come(self) -> bool:
        """Whether it is time for another turn."""
        return self._clock() - self._ended >= max(self._interval, LEAST_SHARE * self._took)

    def begin(self) -> None:
        """A turn begins, in which several pieces of work may be measured."""
        self._took = 0.0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Take the time of a piece of work; one that fails counts too, so that it is not tried in each batch."""
        begun = self._clock()
        try:
            yield
        finally:
            self._ended = self._clock()
            self._took += self._ended - begun
