"""Registering tables in Glue while the stream runs; a failure of Glue never stops the stream."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import TracebackType

from soundlake.catalog.glue import register
from soundlake.errors import SoundlakeError
from soundlake.logs import get_log
from soundlake.settings import Settings
from soundlake.tables import Table

Schemas = Callable[[], Mapping[Table, str]]
_log = get_log(__name__)


class Registrar:
    """Registers new tables and changed schemas in a thread of its own.

    `schemas` returns the tables that exist with their schemas, as any text that changes when they do. `notice` wakes
    the thread; leaving the context looks once more. A failed registration is tried again at the next notice.
    `registered` and `failures` count.
    """

    def __init__(self, settings: Settings, schemas: Schemas) -> None:
        self.registered = 0
        self.failures = 0
        self._settings, self._schemas = settings, schemas
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
        """Wake the thread after a batch; returns at once."""
        self._noticed.set()

    def look(self) -> None:
        """Register what is new or changed since the last success; never raises."""
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
                _log.warning("table not registered", table=registration.name, reason="; ".join(registration.details))
        if done or self._is_failing:
            tables = ", ".join(registration.name for registration in done) or "nothing new"
            _log.info("Glue works again" if self._is_failing else "registered in Glue", tables=tables)
        self._is_failing = False

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        if not self._is_failing:  # once, not at each batch
            reason = str(error) if isinstance(error, SoundlakeError) else repr(error)
            _log.warning("tables not registered; the next batch tries again", reason=reason)
        self._is_failing = True

    def _watch(self) -> None:
        is_last = False
        while not is_last:
            self._noticed.wait()
            self._noticed.clear()
            is_last = self._ended.is_set()
            self.look()
        if self._is_failing:
            _log.error("tables not registered; run register_tables", failures=self.failures)
