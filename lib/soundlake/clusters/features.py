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

from soundlake.tables import AUDIO_FEATURES

FEATURES: tuple[str, ...] = tuple(column.name for column in AUDIO_FEATURES)

# Silver keeps odd values as they came; beyond these limits (in the feature's unit) they are no measurements, and one of
# them could stretch a whole scale. Tempo 0, as in all-zero rows, says that nothing was found.
_LIMITS = {"loudness": (-100.0, 0.0), "tempo": (1.0, 1000.0)}
_SHARE = (0.0, 1.0)


def training_rows(sources: Sequence[str]) -> Callable[[DataFrame], DataFrame]:
    """Keep what a model may and can learn from.

    Takes rows of silver/audio_features; gives `track_id` and the nine features (their own units, never null).

    Args:
        sources: the setting `train.sources`: names of sources, `*` for all, `!name` to leave one out. A list of nothing
            but exclusions allows all others, rows without a source among them.
    """

    def transform(features: DataFrame) -> DataFrame:
        return features.where(_is_allowed(sources) & _is_measured()).select("track_id", *FEATURES)

    return transform


def have_features() -> Column:
    """Whether a row has a value for every feature."""
    return reduce(and_, [F.col(name).isNotNull() for name in FEATURES])


def _is_allowed(sources: Sequence[str]) -> Column:
    excluded = [name[1:] for name in sources if name.startswith("!")]
    named = [name for name in sources if not name.startswith("!")]
    source = F.coalesce(F.col("source"), F.lit(""))
    takes_all = "*" in named or (bool(excluded) and not named)
    return (F.lit(takes_all) | source.isin(named)) & ~source.isin(excluded)


def _is_measured() -> Column:
    within = [F.col(name).between(*_LIMITS.get(name, _SHARE)) for name in FEATURES]
    has_metre = F.coalesce(F.col("time_signature") != 0, F.lit(True))
    return reduce(and_, within, has_metre)
