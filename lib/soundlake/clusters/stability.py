"""How much two clusterings of the same rows agree: the adjusted Rand index (Hubert and Arabie)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]


def agreement(first: Codes, second: Codes) -> float:
    """The adjusted Rand index of two clusterings: 1 where they are the same but for numbering, about 0 by chance."""
    together = np.zeros((first.max() + 1, second.max() + 1), dtype=np.int64)
    np.add.at(together, (first, second), 1)
    both, one, other = (_pairs(counts) for counts in (together, together.sum(axis=1), together.sum(axis=0)))
    by_chance = one * other / _pairs(np.array([len(first)]))
    most = (one + other) / 2
    # Both put everything into one cluster, or each row into its own.
    return 1.0 if most == by_chance else float((both - by_chance) / (most - by_chance))


def stability(clusterings: Sequence[Codes]) -> float:
    """The mean agreement of every two of some clusterings; not a number for fewer than two."""
    pairs = [agreement(first, second) for first, second in combinations(clusterings, 2)]
    return float(np.mean(pairs)) if pairs else float("nan")


def _pairs(counts: NDArray[np.int64]) -> float:
    return float((counts * (counts - 1) / 2).sum())
