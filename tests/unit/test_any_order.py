"""The same records in any order, any batches, any number of times and by either road give the same silver."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.building import Record
from helpers.lake_model import LakeModel, here, on_workers
from helpers.made_records import records as made

pytestmark = pytest.mark.heavy

_SETTINGS = settings(max_examples=200, database=None)


def cut(records: list[Record], chance: random.Random) -> list[list[Record]]:
    """The records in another order, a third of them twice, in a few batches."""
    shuffled = chance.sample(records, len(records)) + chance.sample(records, len(records) // 3)
    cuts = sorted(chance.sample(range(1, len(shuffled)), min(3, len(shuffled) - 1)))
    return [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]


def taken(lake: LakeModel, batches: list[list[Record]], applied_after: set[int]) -> LakeModel:
    for number, batch in enumerate(batches):
        lake.refine({f"{number}-{place}": record for place, record in enumerate(batch)})
        if number in applied_after:
            lake.apply()
    lake.apply()
    return lake


@_SETTINGS
@given(records=made(2), chance=st.randoms(use_true_random=False))
def test_silver_does_not_depend_on_order_batches_or_repeats(records: list[Record], chance: random.Random) -> None:
    at_once = taken(LakeModel(here), [records], set())
    in_parts = taken(LakeModel(here), cut(records, chance), {chance.randrange(4)})
    assert in_parts.silver() == at_once.silver()


@_SETTINGS
@given(records=made(2), chance=st.randoms(use_true_random=False))
def test_both_roads_give_the_same_outcomes_and_tables(records: list[Record], chance: random.Random) -> None:
    batches, applied_after = cut(records, chance), {chance.randrange(4)}
    lakes = [taken(LakeModel(road), batches, applied_after) for road in (here, on_workers)]
    assert lakes[0].counts == lakes[1].counts
    assert lakes[0].tables == lakes[1].tables
    assert lakes[0].silver() == lakes[1].silver()


@_SETTINGS
@given(records=made(1), chance=st.randoms(use_true_random=False))
def test_every_record_has_one_outcome(records: list[Record], chance: random.Random) -> None:
    lake = LakeModel(chance.choice((here, on_workers)))
    for number, batch in enumerate(cut(records, chance)):
        lake.refine({f"{number}-{place}": record for place, record in enumerate(batch)})
        counted = sum(sum(of_kind.values()) for of_kind in lake.counts[-1].values())
        assert counted == len(batch)


@_SETTINGS
@given(records=made(2), chance=st.randoms(use_true_random=False))
def test_a_batch_that_is_judged_again_beside_its_own_stamps_comes_out_the_same(
    records: list[Record], chance: random.Random
) -> None:
    first, second, *_ = [*cut(records, chance), []]
    undisturbed, retried = (taken(LakeModel(here), [first], set()) for _ in range(2))
    named = {f"1-{place}": record for place, record in enumerate(second)}
    undisturbed.refine(named)
    # The batch died after its stamps were there, and is done again under its name.
    died = LakeModel(here, counts=[{}], stamps=list(undisturbed.stamps))
    died.refine(named)
    retried.refine(named)
    assert died.counts[-1] == retried.counts[-1]
