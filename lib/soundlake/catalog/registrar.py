"""Registering beside a stream: whatever becomes of Glue, the stream goes on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from types import TracebackType

from soundlake.catalog.glue import register
from soundlake.errors import SoundlakeError
from soundlake.settings import Settings
from soundlake.tables import Table

Schemas = Callable[[], Mapping[Table, str]]


def _say(line: str) -> None:
    print(f"soundlake: {line}", file=sys.stderr, flush=True)


class Registrar:
    """Registers tables that are new, or whose schema has changed, in a thread of its own.

    `schemas` tells which tables there are and what their schemas are, as any text that changes when they do. `notice`
    says that there may be something new; leaving the context looks once more. What could not be registered is tried
    again when it is told next. `registered` and `failures` count.
    """

    def __init__(self, settings: Settings, schemas: Schemas, say: Callable[[str], None] = _say) -> None:
        self.registered = 0
        self.failures = 0
        self._settings, self._schemas, self._say = settings, schemas, say
        self._known: dict[str, str] = {}
        self._is_failing = False
        self._noticed, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="registrar", daemon=True)

    def __enter__(self) -> Registrar:
        self._thread.start()
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._noticed.set()
        self._thread.join()

    def notice(self) -> None:
        """Say that a batch is done; returns at once."""
        self._noticed.set()

    def look(self) -> None:
        """Register what is new or changed since the last time that it could be done; never raises."""
        try:
            there = self._schemas()
            news = [table for table, schema in there.items() if self._known.get(table.view) != schema]
            registrations = register(self._settings, news) if news else []
        except Exception as error:  # whatever it is: the stream must not stop for it
            self._failed(error)
            return
        if not news:
            return
        self._known |= {table.view: there[table] for table in news}
        done = [registration for registration in registrations if registration.state in ("created", "updated")]
        self.registered += len(done)
        for registration in registrations:
            if registration.is_trouble:
                self._say(f"Glue: {registration.name} is not registered: {'; '.join(registration.details)}")
        if done or self._is_failing:
            again = " again" if self._is_failing else ""
            self._say(
                f"Glue{again}: registered {', '.join(registration.name for registration in done) or 'nothing new'}"
            )
        self._is_failing = False

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        if not self._is_failing:  # once, not at each batch
            reason = str(error) if isinstance(error, SoundlakeError) else repr(error)
            self._say(f"tables could not be registered, the stream goes on, the next batch tries again: {reason}")
        self._is_failing = True

    def _watch(self) -> None:
        is_last = False
        while not is_last:
            self._noticed.wait()
            self._noticed.clear()
            is_last = self._ended.is_set()
            self.look()
        if self._is_failing:
            self._say(f"tables were not registered ({self.failures} failures): register_tables does it by hand")
