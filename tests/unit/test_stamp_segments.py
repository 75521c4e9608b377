"""Sorted segments: they hold what was put into them, however they are merged and written."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundlake.core.judge import KNOWN
from soundlake.refine.segments import (
    FANOUT,
    DamagedError,
    Segment,
    keys_of,
    look_up,
    merge,
    open_segment,
    to_merge,
    write,
)

# Few first and last halves, among them the first and the last number, so that many keys share one of them.
_HALF = st.sampled_from([b"\0" * 8, b"\0" * 7 + b"\1", b"\x80" + b"\0" * 7, b"\xff" * 8])
_KEYS = st.builds(lambda head, tail: head + tail, _HALF, _HALF)
_ROWS = st.lists(st.tuples(_KEYS, st.integers(0, 99)), max_size=30)


def segment(rows: list[tuple[bytes, int]]) -> Segment:
    """A segment of keys and bit sets."""
    columns = {"key": [key for key, _ in rows], "fields": [fields for _, fields in rows], "sha": [b"\n" for _ in rows]}
    none = {field.name: [None] * len(rows) for field in KNOWN}
    return Segment.of(pa.table(none | columns, schema=KNOWN))


def found(segments: list[Segment], keys: list[bytes]) -> Counter[tuple[Any, ...]]:
    """The keys and bit sets that are found of keys."""
    known = look_up(segments, keys_of(pa.array(keys, pa.binary())))
    return Counter(zip(known["key"].to_pylist(), known["fields"].to_pylist(), strict=True))


def expected(rows: list[tuple[bytes, int]], keys: list[bytes]) -> Counter[tuple[Any, ...]]:
    return Counter(row for row in rows if row[0] in keys)


@pytest.mark.heavy
@settings(max_examples=200)
@given(st.lists(_ROWS, max_size=5), st.lists(_KEYS, max_size=20), st.integers(1, 10))
def test_segments_give_what_is_in_them_apart_and_merged(
    parts: list[list[tuple[bytes, int]]], keys: list[bytes], block_rows: int
) -> None:
    segments = [segment(rows) for rows in parts]
    rows = [row for part in parts for row in part]
    assert found(segments, keys) == expected(rows, keys)
    merged = Segment(merge(segments, block_rows))
    assert merged.rows == len(rows)
    assert found([merged], keys) == expected(rows, keys)
    assert found([Segment(merge([merged, *segments], block_rows))], keys) == expected(rows * 2, keys)


@pytest.mark.heavy
@settings(max_examples=50)
@given(rows=st.lists(st.tuples(_KEYS, st.integers(0, 99)), min_size=1, max_size=30), keys=st.lists(_KEYS))
def test_a_written_segment_gives_what_is_in_it(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[bytes, int]], keys: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("written")
    written = write(folder / "a", merge([segment(rows)], 3))
    assert written.file is not None
    assert found([written], keys) == expected(rows, keys)
    assert found([open_segment(folder, written.file)], keys) == expected(rows, keys)


def test_a_file_that_became_longer_is_damaged(tmp_path: Path) -> None:
    written = write(tmp_path / "a", merge([segment([(b"k" * 16, 1)])]))
    with (tmp_path / "a").open("ab") as file:
        file.write(b"\0")
    assert written.file is not None
    with pytest.raises(DamagedError, match="is damaged"):
        open_segment(tmp_path, written.file)


def test_a_key_that_is_null_or_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a key is null"):
        keys_of(pa.array([None], pa.binary()))
    with pytest.raises(pa.ArrowInvalid):
        keys_of(pa.array([b"short"], pa.binary()))


@pytest.mark.parametrize("type_", [pa.binary(), pa.binary(16)])
def test_a_slice_of_keys_is_asked_for_as_it_is(type_: pa.DataType) -> None:
    keys = pa.array([b"a" * 16, b"b" * 16, b"c" * 16], type_)
    known = look_up([segment([(b"b" * 16, 1), (b"c" * 16, 2)])], keys_of(keys.slice(1, 1)))
    assert known["fields"].to_pylist() == [1]


class TestToMerge:
    @given(st.lists(st.integers(1, 100), max_size=200), st.integers(1, 10_000))
    def test_few_segments_are_left_and_none_exceeds_the_bound(self, sizes: list[int], bound: int) -> None:
        left: list[int] = []
        for size in sizes:
            left.append(size)
            while places := to_merge(left, bound):
                merged = sum(left[place] for place in places)
                assert len(places) >= 2
                assert merged <= bound
                left = [*[kept for place, kept in enumerate(left) if place not in places], merged]
        assert sum(left) == sum(sizes)
        small = [kept for kept in left if kept <= bound // 2]
        assert len(small) <= (FANOUT - 1) * len({kept.bit_length() for kept in small})

    def test_segments_of_very_different_sizes_are_left_alone(self) -> None:
        assert to_merge([1, 10, 100, 1000, 10_000], 1_000_000) == []
