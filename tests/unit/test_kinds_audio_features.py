"""Audio-features records."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.building import envelope
from helpers.decoding import Read, read
from soundlake.kinds.audio_features import KIND

FULL: dict[str, Any] = {
    "id": "t1",
    "danceability": 0.735,
    "energy": 0.578,
    "loudness": -11.84,
    "speechiness": 0.0461,
    "acousticness": 0.514,
    "instrumentalness": 0.0902,
    "liveness": 0.159,
    "valence": 0.624,
    "tempo": 98.002,
    "key": 5,
    "mode": 0,
    "time_signature": 4,
    "duration_ms": 255349,
    "provider": "reccobeats",
}
IMPOSSIBLE = {
    "danceability": 1.01,
    "energy": -0.1,
    "speechiness": 2,
    "acousticness": 1.5,
    "instrumentalness": -1,
    "liveness": 100,
    "valence": -0.5,
    "tempo": -1,
    "key": 12,
    "mode": 2,
    "time_signature": -1,
    "duration_ms": -1,
}
KEPT = {"tempo": 0.0, "time_signature": 0, "loudness": 2.2, "key": -1}


@pytest.fixture(scope="module")
def features() -> Read:
    records = {
        "full": envelope("audio_features", FULL, source="reccobeats"),
        "only an id": {"id": "t1"},
        "no id": {"energy": 0.5},
        "null id": {"id": None, "energy": 0.5},
        "all zero": dict.fromkeys(FULL, 0) | {"id": "t1", "provider": None},
        **{f"impossible {name}": FULL | {name: value} for name, value in IMPOSSIBLE.items()},
        **{f"odd {name}": FULL | {name: value} for name, value in KEPT.items()},
    }
    return read(KIND, records)


def test_a_full_record_fills_every_column(features: Read) -> None:
    expected = {name: value for name, value in FULL.items() if name != "id"}
    assert features.row("full") == expected | {"track_id": "t1", "source": "reccobeats"}


def test_every_field_but_the_id_may_be_missing(features: Read) -> None:
    assert features.row("only an id") == dict.fromkeys(features.row("full")) | {"track_id": "t1"}


@pytest.mark.parametrize("name", ["no id", "null id"])
def test_a_record_without_id_is_rejected(features: Read, name: str) -> None:
    assert features.reason(name) == "missing_id"


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_an_impossible_value_is_nulled_and_the_rest_kept(features: Read, name: str) -> None:
    assert features.row(f"impossible {name}") == features.row("full") | {name: None, "source": None}


@pytest.mark.parametrize("name", KEPT)
def test_an_odd_value_that_real_data_have_is_kept(features: Read, name: str) -> None:
    assert features.values(f"odd {name}", name) == (KEPT[name],)


def test_a_row_of_zeros_is_kept(features: Read) -> None:
    assert features.values("all zero", "energy", "tempo", "duration_ms", "time_signature") == (0.0, 0.0, 0, 0)
