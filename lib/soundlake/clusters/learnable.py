"""Which rows a model may learn from and how features are standardised, for Spark and for readers without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundlake.tables import AUDIO_FEATURES

Matrix = NDArray[np.float64]

FEATURES: tuple[str, ...] = tuple(column.name for column in AUDIO_FEATURES)

# Silver keeps odd values; beyond these limits (in the feature's unit) they are no measurements, and one of them could
# stretch a whole scale. Tempo 0, as in all-zero rows, means that none was found.
_LIMITS = {"loudness": (-100.0, 0.0), "tempo": (1.0, 1000.0)}
_SHARE = (0.0, 1.0)
LIMITS: dict[str, tuple[float, float]] = {name: _LIMITS.get(name, _SHARE) for name in FEATURES}


def scales_of(deviations: Matrix) -> Matrix:
    """The factors that standardise features; 0 for a feature that does not vary, so that it counts for nothing."""
    return np.divide(1.0, deviations, out=np.zeros_like(deviations), where=deviations > 0.0)


@dataclass(frozen=True)
class SourceFilter:
    """The setting `train.sources`, parsed: names of sources, `*` for all, `!name` to exclude one.

    A list of exclusions only allows all others, including rows without a source.
    """

    takes_all: bool
    named: tuple[str, ...]
    excluded: tuple[str, ...]

    @classmethod
    def of(cls, sources: Sequence[str]) -> SourceFilter:
        """Read the setting."""
        excluded = tuple(name[1:] for name in sources if name.startswith("!"))
        named = tuple(name for name in sources if not name.startswith("!"))
        return cls("*" in named or (bool(excluded) and not named), named, excluded)
