"""How places in a ranking changed: an arrow with the number of places, NEW, or back again."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat

import pandas as pd

NEW, BACK, SAME = "NEW", "RE", "="


def moves(ranks: Iterable[float], before: Iterable[float], weeks: Iterable[float] = repeat(1)) -> list[str]:
    """The change of each rank from the one before; without one, NEW, or RE for what was there in an earlier week."""
    return [_move(*place) for place in zip(ranks, before, weeks, strict=False)]


def _move(rank: float, before: float, weeks: float) -> str:
    if pd.isna(before):
        return BACK if weeks > 1 else NEW
    if before == rank:
        return SAME
    return f"▲ {before - rank:.0f}" if before > rank else f"▼ {rank - before:.0f}"
