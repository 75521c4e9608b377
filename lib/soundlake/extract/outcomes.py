"""How a request can end when it does not end well."""

from __future__ import annotations

from datetime import datetime


class NotGotError(Exception):
    """One thing could not be had; the walk goes on with the next. `verdict` counts it."""

    verdict = "failed"

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class MissingError(NotGotError):
    """There is no such thing: it will not be asked for again by itself."""

    verdict = "missing"


class RefusedError(NotGotError):
    """This app or user may not read it."""

    verdict = "refused"


class FailedError(NotGotError):
    """Nothing is known of it, for a request failed as often as it was tried: it is tried first the next time."""

    verdict = "failed"


class StopError(Exception):
    """The walk has to stop here and can be resumed, at `resume_at` where that is known.

    `service` is the one that made it stop; None where the time that was given is over.
    """

    def __init__(self, reason: str, resume_at: datetime | None = None, service: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.resume_at = resume_at
        self.service = service
