"""How requests are made: the rate limit, retries with growing waits, and when to give up."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from soundlake.extract.outcomes import FailedError, StopError
from soundlake.logs import get_log

T = TypeVar("T")

WINDOW_SECONDS = 30.0
_log = get_log(__name__)
# After so many failures in a row the service counts as down.
_MOST_FAILURES_IN_A_ROW = 5


class TryAgainError(Exception):
    """A request that may succeed when it is retried, after `retry_after` seconds where the service says so."""

    def __init__(self, reason: str, retry_after: float | None = None, *, is_limit: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.is_limit = is_limit


@dataclass
class Clock:
    """The time, and waiting; replaceable, so that a test need not wait."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass
class RateLimiter:
    """At most `most` requests in any 30 seconds, whoever makes them."""

    most: int
    clock: Clock = field(default_factory=Clock)
    _begun: deque[float] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)

    def wait(self, longest: float | None = None) -> None:
        """Wait until a request may be made; raises StopError where that would take more than `longest` seconds."""
        with self._lock:
            while self._is_full():
                seconds = self._begun[0] + WINDOW_SECONDS - self.clock.now()
                if longest is not None and seconds > longest:
                    raise StopError("the time limit is reached")
                self.clock.sleep(max(seconds, 0.001))
            self._begun.append(self.clock.now())

    def _is_full(self) -> bool:
        while self._begun and self._begun[0] + WINDOW_SECONDS <= self.clock.now():
            self._begun.popleft()
        return len(self._begun) >= self.most


@dataclass
class RequestPolicy:
    """How requests to one service are made.

    Attributes:
        service: Its name in messages.
        limiter: The rate limit.
        attempts: How often one request is tried.
        max_wait: The longest wait, in seconds, that the service may ask for.
        deadline: When to stop, by `clock`.
    """

    service: str
    limiter: RateLimiter
    attempts: int
    max_wait: float
    clock: Clock = field(default_factory=Clock)
    deadline: float | None = None
    requests: int = 0
    _failures: int = 0

    def ask(self, request: Callable[[], T]) -> T:
        """Return the answer of a request, which raises TryAgainError to be retried.

        Raises FailedError after the last attempt. Raises StopError when the service asks for a wait of more than
        `max_wait`, at the deadline, or when the service is down.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(TryAgainError),
            stop=stop_after_attempt(self.attempts),
            wait=self._seconds,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            answer: T = retrying(self._once, request)
        except TryAgainError as error:
            if error.is_limit:
                raise StopError(
                    f"{self.service}: {error.reason}", _moment(error.retry_after or WINDOW_SECONDS), self.service
                ) from None
            self._failures += 1
            if self._failures >= _MOST_FAILURES_IN_A_ROW:
                raise StopError(f"{self.service} does not answer: {error.reason}", service=self.service) from None
            raise FailedError(f"{error.reason}, {self.attempts} times") from None
        self._failures = 0
        return answer

    def _once(self, request: Callable[[], T]) -> T:
        left = self._left()
        if left is not None and left <= 0:
            raise StopError("the time limit is reached")
        self.limiter.wait(left)
        self.requests += 1
        return request()

    def _left(self) -> float | None:
        return None if self.deadline is None else self.deadline - self.clock.now()

    def _seconds(self, state: RetryCallState) -> float:
        assert state.outcome is not None
        error = state.outcome.exception()
        assert isinstance(error, TryAgainError)
        patience: float = wait_exponential_jitter(multiplier=0.5, max=min(30, self.max_wait), jitter=0.5)(state)
        seconds = patience if error.retry_after is None else error.retry_after
        if seconds > self.max_wait and error.retry_after is not None:
            raise StopError(f"{self.service}: {error.reason}", _moment(seconds), self.service)
        left = self._left()
        if left is not None and seconds >= left:
            raise StopError(f"the time limit is reached ({self.service}: {error.reason})", _moment(seconds))
        _log.info("retrying", service=self.service, reason=error.reason, seconds=seconds)
        return seconds

    def _sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)


def _moment(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)
