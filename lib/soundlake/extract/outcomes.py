"""The ways in which a request can fail."""

from __future__ import annotations

from datetime import datetime


class NotFetchedError(Exception):
    """An item could not be fetched; the crawl goes on with the next. It is counted as `outcome`."""

    outcome = "failed"

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class NotFoundError(NotFetchedError):
    """There is no such item; it is not retried."""

    outcome = "missing"


class RefusedError(NotFetchedError):
    """The app or the user may not read it."""

    outcome = "refused"


class FailedError(NotFetchedError):
    """Its request failed at every attempt; the next crawl retries it first."""

    outcome = "failed"


class StopError(Exception):
    """The crawl has to stop and can be resumed, after `resume_at` where that is known.

    `service` is the one that made it stop; None at the time limit.
    """

    def __init__(self, reason: str, resume_at: datetime | None = None, service: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.resume_at = resume_at
        self.service = service
