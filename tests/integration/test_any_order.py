"""The same records in any order, any batches and any number of times give the same silver."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from reading import silver
from records import Record, envelope, events

from soundlake.kinds import KINDS
from soundlake.lake import Lake
from soundlake.ops.maintenance import catch_up
from soundlake.refine.batch import refine_batch

HOURS = st.sampled_from([f"2026-03-0{day}T{hour:02}:00:00Z" for day in (1, 2) for hour in (0, 9, 18)])
NAMES = st.sampled_from([None, "A", "B", "C"])
FEW = st.sampled_from(["1", "2", "3"])
SOURCES = st.sampled_from([None, "spotify-api", "export"])


def artists() -> st.SearchStrategy[Any]:
    return st.lists(st.builds(lambda i: {"id": f"a{i}", "name": f"Artist {i}"}, FEW), max_size=2)


def of_kind(kind: str, payload: st.SearchStrategy[Any]) -> st.SearchStrategy[Record]:
    return st.builds(lambda p, at, source: envelope(kind, p, at, source=source), payload, HOURS, SOURCES)


POPULARITY = st.sampled_from([None, 10, 20, 300])
TRACKS = st.fixed_dictionaries(
    {"id": FEW, "name": NAMES},
    optional={
        "popularity": POPULARITY,
        "artists": st.none() | artists(),
        "album": st.fixed_dictionaries(
            {"id": NAMES, "name": NAMES, "release_date": st.sampled_from(["1999", "2001-05"])}
        ),
    },
)
ARTISTS = st.fixed_dictionaries(
    {"id": FEW},
    optional={
        "name": NAMES,
        "popularity": POPULARITY,
        "followers": st.fixed_dictionaries({"total": st.sampled_from([5, 6])}),
        "genres": st.lists(st.sampled_from(["pop", "rap"]), max_size=2),
    },
)
FEATURES = st.fixed_dictionaries(
    {"id": FEW}, optional={"tempo": st.sampled_from([None, 90, 120]), "key": st.integers(-1, 3)}
)
POLLS = st.fixed_dictionaries(
    {"user_id": FEW, "played_at": st.sampled_from(["2026-03-01T10:00:00.250Z", "2026-03-02T11:00:00Z"])},
    optional={
        "track": st.fixed_dictionaries({"id": st.just("1"), "name": NAMES}),
        "context": st.fixed_dictionaries({"uri": NAMES}),
    },
)
EXPORTS = st.fixed_dictionaries(
    {"user_id": FEW, "ts": st.just("2026-03-01T10:00:00Z"), "spotify_track_uri": st.just("spotify:track:1")},
    optional={"master_metadata_track_name": NAMES, "ms_played": st.sampled_from([1, 2]), "skipped": st.booleans()},
)
ENTRIES = st.builds(
    lambda total, position, track: {
        "playlist": {"id": "p1", "total": total},
        "position": position,
        "track": track and {"id": track},
    },
    st.sampled_from([None, 0, 2]),
    st.integers(0, 2),
    NAMES,
)
USER_ITEMS = st.builds(
    lambda rank, i, span: {"user_id": "1", "relation": "top", "time_range": span, "rank": rank, "track": {"id": i}},
    st.integers(1, 3),
    FEW,
    st.sampled_from([None, "short_term"]),
)
RECORDS = st.one_of(
    of_kind("track", TRACKS),
    of_kind("artist", ARTISTS),
    of_kind("audio_features", FEATURES),
    of_kind("play", POLLS),
    of_kind("play", EXPORTS),
    of_kind("playlist_item", ENTRIES),
    of_kind("user_item", USER_ITEMS),
)


def refined(spark: SparkSession, folder: Path, batches: list[list[Record]]) -> dict[str, list[str]]:
    """Silver after these batches, brought up to date."""
    lake = Lake(str(folder))
    for number, batch in enumerate(batches):
        rows = events(spark, None, {f"{number}-{place}": record for place, record in enumerate(batch)})
        refine_batch(spark, lake, rows, "a query", number)
    for kind in KINDS.values():
        if "fetched_at" in kind.volatile and lake.exists(spark, kind.table):
            catch_up(spark, lake, kind)
    return silver(folder)


@pytest.mark.slow
@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(records=st.lists(RECORDS, min_size=60, max_size=90), seed=st.integers(0, 2**16))
def test_silver_does_not_depend_on_order_batches_or_repeats(
    spark: SparkSession, tmp_path_factory: Any, records: list[Record], seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - shuffles, no secrets
    shuffled = chance.sample(records, len(records)) + chance.sample(records, len(records) // 3)
    cuts = sorted(chance.sample(range(1, len(shuffled)), 2))
    in_parts = [shuffled[: cuts[0]], shuffled[cuts[0] : cuts[1]], shuffled[cuts[1] :]]
    folder = tmp_path_factory.mktemp("order")
    assert refined(spark, folder / "parts", in_parts) == refined(spark, folder / "whole", [records])
