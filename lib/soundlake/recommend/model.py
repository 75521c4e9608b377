"""A published recommendation model: what was learned of tracks and artists, and from how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import Row, SparkSession

from soundlake.lake import Lake
from soundlake.tables import RECOMMENDATION_MODELS


@dataclass(frozen=True)
class RecommendationModel:
    """The row of a model in gold/recommendation_models; its factors are rows of gold/recommendation_factors."""

    model_version: str
    trained_at: datetime
    n_users: int
    n_tracks: int
    n_likes: int
    n_left_out: int
    factors: int
    alpha: float
    regularisation: float
    seed: int
    train_sources: tuple[str, ...]

    def to_row(self, is_current: bool) -> dict[str, Any]:
        """The values of the model's row, by column."""
        return {**asdict(self), "train_sources": list(self.train_sources), "is_current": is_current}

    @classmethod
    def from_row(cls, row: Row) -> RecommendationModel:
        """The model that a row of gold/recommendation_models holds."""
        values = {name: value for name, value in row.asDict().items() if name != "is_current"}
        values["trained_at"] = values["trained_at"].astimezone(UTC)
        return cls(**{**values, "train_sources": tuple(values["train_sources"])})


def current_model(spark: SparkSession, lake: Lake) -> RecommendationModel | None:
    """The model that ranks; None before the first was published."""
    row = lake.read(spark, RECOMMENDATION_MODELS).where("is_current").first()
    return None if row is None else RecommendationModel.from_row(row)


def new_version(trained_at: datetime) -> str:
    """A version that sorts by time, `20261121T080000.000000Z`; safe in paths and object keys."""
    return f"{trained_at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"


def in_list(values: Sequence[str]) -> str:
    """The values as a list of SQL literals."""
    quoted = (value.replace("\\", "\\\\").replace("'", "\\'") for value in values)
    return ", ".join(f"'{value}'" for value in quoted)
