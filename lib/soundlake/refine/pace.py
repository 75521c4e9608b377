"""When work beside a stream is due: rarely enough to leave time for batches, often enough to bound the lag."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# So many bytes of silver/changes are applied at once: a MERGE of many costs little more than one of few.
MANY_BYTES = 64 * 1024 * 1024
# The time between two rounds is at least so many times the duration of the last one.
LEAST_SHARE = 10


class Pace:
    """The pace of repeated work; the first interval (in seconds) begins now."""

    def __init__(self, interval: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval, self._clock = interval, clock
        self._ended, self._took = clock(), 0.0

    def is_due(self, waiting_bytes: int) -> bool:
        """Whether pending changes are to be applied now; if it is time and there are none, a new interval begins."""
        if waiting_bytes == 0:
            if self.has_come():
                self._ended = self._clock()
            return False
        return waiting_bytes >= MANY_BYTES or self.has_come()

    def has_come(self) -> bool:
        """Whether it is time for another round."""
        return self._clock() - self._ended >= max(self._interval, LEAST_SHARE * self._took)

    def begin(self) -> None:
        """Begin a round, in which several steps may be measured."""
        self._took = 0.0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measure a step; a failed one counts too, so that it is not retried after every batch."""
        begun = self._clock()
        try:
            yield
        finally:
            self._ended = self._clock()
            self._took += self._ended - begun
