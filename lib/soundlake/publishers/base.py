"""What all publishers share: encoding, counting, closing once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from soundlake.errors import SoundlakeError
from soundlake.publishers.envelope import Record, encode


class BasePublisher(ABC):
    """A publisher without the sending itself: `_send` and `flush` are left to subclasses."""

    is_seen_early = True

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._is_closed = False

    def publish(self, kind: str, key: str, record: Record) -> None:
        """Send one record; see `Publisher`."""
        self._send(kind, key, encode(kind, record))
        self._counts[kind] += 1

    def publish_all(self, kind: str, keys: Sequence[str], values: Sequence[bytes]) -> None:
        """Send many encoded records of a kind; see `Publisher`."""
        for key, value in zip(keys, values, strict=True):
            self._send(kind, key, value)
        self._counts[kind] += len(values)

    @abstractmethod
    def flush(self) -> None:
        """Return when all records so far are durable; see `Publisher`."""

    def close(self) -> dict[str, int]:
        """Flush, release all resources, and return how many records of each kind were published."""
        if not self._is_closed:
            self._is_closed = True
            try:
                self.flush()
            finally:
                self._release()
        return dict(self._counts)

    def __enter__(self) -> Self:
        """Return the publisher."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; after an earlier error, a failure to close becomes a note on it."""
        try:
            self.close()
        except SoundlakeError as trouble:
            if error is None:
                raise
            error.add_note(f"and closing the publisher: {trouble}")

    @abstractmethod
    def _send(self, kind: str, key: str, value: bytes) -> None:
        """Send one encoded record."""

    def _release(self) -> None:  # noqa: B027 - most have nothing to release
        """Release connections and files."""
