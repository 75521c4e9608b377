"""What is known of the app: which requests it was refused, and until when it must keep away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from soundlake.extract.state import StateStore
from soundlake.publishers.envelope import iso_utc

# An app may be granted more rights: a refusal is retried after this.
_GOOD_FOR = timedelta(days=30)


class AppFacts:
    """Facts about one app, kept in the state as they are found."""

    def __init__(self, state: StateStore, app: str) -> None:
        self._state = state
        self._name = f"app-{app}"
        self._document = state.read(self._name) or {}

    def is_refused(self, what: str) -> bool:
        """Whether the app was refused this in the last 30 days."""
        since = self._document.get("refused", {}).get(what)
        return since is not None and _moment(since) > datetime.now(UTC) - _GOOD_FOR

    def refuse(self, what: str) -> None:
        """Remember that the app may not do this."""
        self._document.setdefault("refused", {})[what] = iso_utc()
        self._state.write(self._name, self._document)

    @property
    def blocked_until(self) -> datetime | None:
        """Until when the app must keep away; None when that has passed."""
        until = self._document.get("blocked_until")
        moment = None if until is None else _moment(until)
        return moment if moment is not None and moment > datetime.now(UTC) else None

    def block(self, until: datetime) -> None:
        """Remember to keep away."""
        self._document["blocked_until"] = iso_utc(until + timedelta(seconds=1))
        self._state.write(self._name, self._document)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
