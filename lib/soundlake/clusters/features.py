"""Which features describe how a track sounds, and which rows a model may learn from.

The features are the nine measured ones. Left out are `duration_ms` (length is not sound), `key` (pitch classes are a
circle: B lies next to C), `mode` and `time_signature` (codes, not measures: distances between them mean nothing).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from soundlake.clusters.learnable import FEATURES, LIMITS, SourceFilter

__all__ = ["FEATURES", "have_features", "is_allowed", "training_rows"]


def training_rows(sources: Sequence[str]) -> Callable[[DataFrame], DataFrame]:
    """Keep what a model may and can learn from.

    Takes rows of silver/audio_features; gives `track_id` and the nine features (their own units, never null).

    Args:
        sources: the setting `train.sources`, see `SourceFilter`.
    """

    def transform(features: DataFrame) -> DataFrame:
        return features.where(is_allowed(sources) & _is_measured()).select("track_id", *FEATURES)

    return transform


def have_features() -> Column:
    """Whether a row has a value for every feature."""
    return reduce(and_, [F.col(name).isNotNull() for name in FEATURES])


def is_allowed(sources: Sequence[str]) -> Column:
    """Whether `train.sources` lets a model learn from a row, by the row's `source`."""
    allowed = SourceFilter.of(sources)
    source = F.coalesce(F.col("source"), F.lit(""))
    return (F.lit(allowed.takes_all) | source.isin(list(allowed.named))) & ~source.isin(list(allowed.excluded))


def _is_measured() -> Column:
    within = [F.col(name).between(*limits) for name, limits in LIMITS.items()]
    has_metre = F.coalesce(F.col("time_signature") != 0, F.lit(True))
    return reduce(and_, within, has_metre)
