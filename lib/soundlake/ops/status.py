"""The status of a lake, read from its Delta tables without Spark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from soundlake.catalog.delta import open_delta, read_newest, read_rows
from soundlake.clusters.drift import Drift, columns, enough, measure
from soundlake.errors import SoundlakeError
from soundlake.insights.insight import all_tables
from soundlake.settings import Settings
from soundlake.tables import BATCHES, CLUSTER_MODELS, TRACK_FEATURES


@dataclass(frozen=True)
class TableStatus:
    """An existing table: its name in SQL, number of rows, Delta version and the time of the last commit."""

    name: str
    rows: int
    version: int
    changed_at: datetime


@dataclass(frozen=True)
class LakeStatus:
    """A lake: its tables, last batch (a row of ops/batches) and current model (a row of gold/cluster_models).

    `drift` is how tracks that came after the training differ; None where there are too few.
    """

    tables: tuple[TableStatus, ...]
    last_batch: dict[str, Any] | None
    current_model: dict[str, Any] | None
    drift: Drift | None = None


def read_status(settings: Settings) -> LakeStatus:
    """Read the status of the lake of the settings; raises SoundlakeError where it holds no tables."""
    tables = tuple(_statuses(settings))
    if not tables:
        raise SoundlakeError(f"there are no tables in {settings.lake.uri}")
    model = _current_model(settings)
    return LakeStatus(
        tables,
        last_batch=_last_batch(settings),
        current_model=model,
        drift=_drift(settings, model) if model else None,
    )


def read_drift(settings: Settings) -> Drift | None:
    """How tracks that came after the training differ; None where there are too few, or no model."""
    model = _current_model(settings)
    return _drift(settings, model) if model else None


def _current_model(settings: Settings) -> dict[str, Any] | None:
    table = open_delta(settings, CLUSTER_MODELS.path)
    models: list[dict[str, Any]] = [] if table is None else read_rows(table).to_pylist()
    return next((model for model in models if model["is_current"]), None)


def _last_batch(settings: Settings) -> dict[str, Any] | None:
    table = open_delta(settings, BATCHES.path)
    batches = [] if table is None else read_newest(table, "started_at").to_pylist()
    return max(batches, key=lambda batch: batch["started_at"], default=None)


def _drift(settings: Settings, model: dict[str, Any]) -> Drift | None:
    table = open_delta(settings, TRACK_FEATURES.path)
    # The log first: mostly there are too few new rows, and no file has to be read.
    if table is None or table.count() - model["n_tracks"] < enough(model["n_tracks"]):
        return None
    return measure(model, read_rows(table, columns(model)))


def _statuses(settings: Settings) -> Iterator[TableStatus]:
    for declared in all_tables():
        table = open_delta(settings, declared.path)
        if table is not None:
            changed_at = datetime.fromtimestamp(table.history(1)[0]["timestamp"] / 1000, UTC)
            yield TableStatus(declared.view, table.count(), table.version(), changed_at)
