"""Registering the lake's tables in the Glue Data Catalog: created, updated, or unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from soundlake.aws import error_code, open_client, translate_errors
from soundlake.catalog.delta import LoggedSchema, read_schema
from soundlake.catalog.drift import differences
from soundlake.catalog.names import check_names, location
from soundlake.catalog.table_input import merged, table_input
from soundlake.catalog.view_input import IS_VIEW, view_differences, view_input
from soundlake.errors import SoundlakeError, UsageError
from soundlake.insights.insight import all_tables
from soundlake.s3 import is_on_s3
from soundlake.settings import Settings
from soundlake.tables import Table
from soundlake.views import VIEWS, View

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import TableInputTypeDef

RegistrationState = Literal["created", "updated", "unchanged", "missing", "gone", "refused"]

_DATABASE_COMMENT = "Soundlake: a streaming lakehouse for Spotify data"
_READERS = 8  # reading a log is waiting for S3
# Another registrar came first; another look sees its change.
_MEANWHILE = {"AlreadyExistsException", "ConcurrentModificationException", "EntityNotFoundException"}
_ATTEMPTS = 4


@dataclass(frozen=True)
class Registration:
    """The result of registering a table, or with `check` of looking at it.

    `missing`: not in the lake yet, nothing is registered. `gone`: registered, but no longer in the lake. `refused`: it
    differs from its declaration, and what is registered stays as it is. `details` are the differences.
    """

    name: str
    state: RegistrationState
    details: tuple[str, ...] = ()

    @property
    def is_drift(self) -> bool:
        """Whether catalog and lake differ."""
        return self.state not in ("unchanged", "missing")

    @property
    def is_trouble(self) -> bool:
        """Whether registering cannot fix the difference."""
        return self.state in ("gone", "refused")


def public_tables() -> list[Table]:
    """The tables for analysts, insights included: those that are registered and can be queried."""
    return [table for table in all_tables() if not table.internal]


def register(settings: Settings, tables: Iterable[Table] | None = None, *, check: bool = False) -> list[Registration]:
    """Register the tables (all that are for analysts, unless given) of the settings' lake; with `check` only look.

    Views over them are registered with them.

    Raises UsageError where the settings name no Glue or no lake on S3, and SoundlakeError where Glue or the lake cannot
    be reached, or where the lake has no tables. What was registered until then stays; it can be run again.
    """
    chosen = public_tables() if tables is None else [table for table in tables if not table.internal]
    _check_settings(settings, chosen)
    with ThreadPoolExecutor(max_workers=_READERS) as pool:
        found = dict(zip(chosen, pool.map(lambda table: read_schema(settings, table), chosen), strict=True))
    if tables is None and not any(found.values()):
        raise SoundlakeError(f"there are no tables in {settings.lake.uri}")
    with translate_errors(f"Glue, database {settings.catalog.database}"):
        catalog = _Catalog(open_glue(settings), settings, check)
        outcomes = [*catalog.database(), *(catalog.table(table, found[table]) for table in chosen)]
        return outcomes + [catalog.view(view, found[view.source]) for view in VIEWS if view.source in found]


def _check_settings(settings: Settings, tables: list[Table]) -> None:
    if settings.catalog.type != "glue":
        raise UsageError("catalog.type: none; to register tables it has to be glue")
    if not is_on_s3(settings.lake.uri):
        raise UsageError(f"lake.uri: {settings.lake.uri} is not on S3; Glue registers s3://… and s3a://… only")
    check_names(settings.catalog.database, tables)


def open_glue(settings: Settings) -> GlueClient:
    """Return a client of Glue, or of catalog.endpoint_url."""
    client: GlueClient = open_client("glue", endpoint_url=settings.catalog.endpoint_url)
    return client


def find_table(glue: GlueClient, database: str, name: str) -> dict[str, Any] | None:
    """Return a registered table; None where there is none."""
    try:
        return dict(glue.get_table(DatabaseName=database, Name=name)["Table"])
    except ClientError as error:
        if error_code(error) != "EntityNotFoundException":
            raise
        return None


def create_database(glue: GlueClient, name: str) -> None:
    """Create a database unless it exists."""
    try:
        glue.create_database(DatabaseInput={"Name": name, "Description": _DATABASE_COMMENT})
    except ClientError as error:
        if error_code(error) != "AlreadyExistsException":
            raise


def _is_meanwhile(error: BaseException) -> bool:
    return isinstance(error, ClientError) and error_code(error) in _MEANWHILE


def _again() -> Retrying:
    return Retrying(
        retry=retry_if_exception(_is_meanwhile),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.1, max=2),
        reraise=True,
    )


class _Catalog:
    """One database of Glue, and the tables registered in it at the first look."""

    def __init__(self, glue: GlueClient, settings: Settings, check: bool) -> None:
        self._glue = glue
        self._settings = settings
        self._check = check
        self._name = settings.catalog.database
        self._registered: dict[str, dict[str, Any]] | None = None
        self._states: dict[str, RegistrationState] = {}

    def database(self) -> list[Registration]:
        """Create the database where there is none; an existing one is left alone."""
        try:
            self._glue.get_database(Name=self._name)
            return []
        except ClientError as error:
            if error_code(error) != "EntityNotFoundException":
                raise
        self._registered = {}
        if not self._check:
            create_database(self._glue, self._name)
        return [Registration(f"database {self._name}", "created", ("there is no such database",))]

    def table(self, table: Table, found: LoggedSchema | None) -> Registration:
        """Bring one table up to date, and say what was done or has to be done."""
        outcome = self._repeat(table.view, lambda existing: self._bring(table, found, existing))
        self._states[table.view] = outcome.state
        return outcome

    def view(self, view: View, source: LoggedSchema | None) -> Registration:
        """Bring one view up to date, as `table` does, after its tables; `source` is its table as found in the lake."""
        return self._repeat(view.view, lambda existing: self._bring_view(view, source, existing))

    def _repeat(self, name: str, bring: Callable[[dict[str, Any] | None], Registration]) -> Registration:
        """Bring what is registered under a name up to date; look again if it was changed in the meantime."""
        if self._registered is None:
            pages = self._glue.get_paginator("get_tables").paginate(DatabaseName=self._name)
            self._registered = {one["Name"]: dict(one) for page in pages for one in page["TableList"]}
        existing = self._registered.get(name)
        for attempt in _again():
            with attempt:
                if attempt.retry_state.attempt_number > 1:
                    existing = find_table(self._glue, self._name, name)
                return bring(existing)
        raise AssertionError  # the last attempt returns or raises

    def _bring(self, table: Table, found: LoggedSchema | None, existing: dict[str, Any] | None) -> Registration:
        place = location(self._settings, table)
        if found is None:
            return Registration(table.view, "missing") if existing is None else _gone(table, place)
        if unlike := found.differs_from(table):
            return Registration(table.view, "refused", tuple(unlike))
        wanted = table_input(table, found.columns, place)
        if existing is None:
            return self._create(wanted)
        if existing.get("TableType") == IS_VIEW:
            return Registration(table.view, "refused", ("a view of this name is registered: drop it or rename it",))
        return self._update(merged(existing, wanted), differences(existing, wanted))

    def _bring_view(self, view: View, source: LoggedSchema | None, existing: dict[str, Any] | None) -> Registration:
        if existing is not None and existing.get("TableType") != IS_VIEW:
            return Registration(view.view, "refused", ("a table of this name is registered: drop it or rename it",))
        if source is None:
            return Registration(view.view, "missing" if existing is None else "unchanged")
        wanted = view_input(view, self._name, self._shown_as(view), source.columns)
        return self._create(wanted) if existing is None else self._update(wanted, view_differences(existing, wanted))

    def _create(self, wanted: TableInputTypeDef) -> Registration:
        if not self._check:
            self._glue.create_table(DatabaseName=self._name, TableInput=wanted)
        return Registration(wanted["Name"], "created", ("it is not registered",))

    def _update(self, wanted: TableInputTypeDef, changes: list[str]) -> Registration:
        if changes and not self._check:
            self._glue.update_table(DatabaseName=self._name, TableInput=wanted, SkipArchive=True)
        return Registration(wanted["Name"], "updated" if changes else "unchanged", tuple(changes))

    def _shown_as(self, view: View) -> View:
        """The view, or what it is without the table beside its source where that cannot be queried."""
        if view.beside is None or view.without is None:
            return view
        registered = self._registered or {}
        state = self._states.get(view.beside.view, "unchanged" if view.beside.view in registered else "missing")
        return view if state in ("created", "updated", "unchanged") else view.without


def _gone(table: Table, place: str) -> Registration:
    return Registration(
        table.view, "gone", (f"it is registered, but there is no Delta table at {place}: restore it or drop it",)
    )
