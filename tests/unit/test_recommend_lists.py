"""The lists of listeners from their histories, without Spark."""

from __future__ import annotations

import pytest

from helpers.listeners import catalogue_rows
from soundlake.clusters.features import FEATURES
from soundlake.recommend.blend import Recommender
from soundlake.recommend.catalogue import catalogue_of
from soundlake.recommend.lists import ranked
from soundlake.settings import Settings

pytestmark = pytest.mark.heavy

EVERYTHING = Settings.model_validate({"recommend": {"list_size": 100, "per_artist": 100}})


def test_what_a_play_tells_by_name_alone_is_in_no_list() -> None:
    rows = catalogue_rows()
    heard = f"{rows[0]['track_name']}\n{rows[0]['artist_name']}"
    history: dict[str, object] = {"user_id": "u", "tracks": [], "artists": [], "latest": [], "songs": [heard]}
    listed = ranked(Recommender(catalogue_of(rows, FEATURES)), [history], EVERYTHING, "m")["track_id"].to_pylist()
    assert {row["track_id"] for row in rows} - set(listed) == {rows[0]["track_id"]}
