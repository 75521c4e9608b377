"""The measures of recommendations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundlake.recommend.evaluation import interval, is_better, measure, ndcg, novelty, recall, split


def test_recall_is_the_share_of_the_wanted_that_was_found() -> None:
    assert recall(["a", "b", "c"], frozenset("bx")) == 0.5


def test_ndcg_counts_early_hits_more() -> None:
    early, late = ndcg(["a", "x", "y"], frozenset("a")), ndcg(["x", "y", "a"], frozenset("a"))
    assert early == 1.0
    assert late == pytest.approx(1 / math.log2(4))


def test_ndcg_of_a_list_of_nothing_but_hits_is_1_however_many_more_there_are() -> None:
    assert ndcg(["a", "b"], frozenset("abcdef")) == pytest.approx(1.0)


def test_what_everybody_knows_is_not_novel() -> None:
    assert novelty(["a"], {"a": 3}, 3) == 0.0
    assert novelty(["b"], {"a": 3}, 3) == 2.0


def test_a_measurement_covers_all_users() -> None:
    quality = measure([["a", "b"], ["a", "c"]], [frozenset("a"), frozenset("x")], {"a": 1}, 10)
    assert quality.recall.tolist() == [1.0, 0.0]
    assert quality.ndcg.tolist() == [1.0, 0.0]
    assert quality.coverage == 0.3


def test_the_interval_holds_the_mean_in_95_of_100_samples() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for sample in range(200):
        found = interval(rng.exponential(1.0, size=200), seed=sample, resamples=400)
        held += found.low <= 1.0 <= found.high
    assert 0.90 <= held / 200 <= 0.99


def test_a_difference_within_the_noise_is_not_better() -> None:
    rng = np.random.default_rng(1)
    base = rng.normal(size=300)
    assert not is_better(base + rng.normal(size=300), base)
    assert is_better(base + 0.3, base)


@given(
    st.dictionaries(st.text(max_size=3), st.lists(st.sampled_from("abcdefghij"), min_size=1), max_size=5),
    st.floats(0.05, 0.9),
    st.integers(0, 9),
)
def test_what_is_held_out_is_nowhere_else_and_nothing_is_lost(
    groups: dict[str, list[str]], share: float, seed: int
) -> None:
    stays, out = split(groups, share, seed)
    for name, tracks in groups.items():
        held = out.get(name, frozenset())
        assert held | set(stays[name]) == set(tracks)
        assert not held & set(stays[name])
        assert bool(held) == (len(set(tracks)) > 1)


def test_the_same_seed_holds_out_the_same() -> None:
    groups = {"p": list("abcdefghij")}
    assert split(groups, 0.2, 1) == split({"p": list("jihgfedcba")}, 0.2, 1)
    assert len({split(groups, 0.2, seed)[1]["p"] for seed in range(20)}) > 1
