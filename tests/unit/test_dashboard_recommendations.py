"""What the pages of recommendations and clusters answer on small tables."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from helpers.listenings import plays_alone
from helpers.marts import small_lake, write, write_mart
from helpers.pages import asked, draw, table, told, well
from soundlake import tables

pytestmark = pytest.mark.heavy

MODEL = {"model_version": "m"}
CURRENT = MODEL | {"trained_at": datetime(2021, 6, 1, tzinfo=UTC), "k": 2, "n_tracks": 10, "is_current": True}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = small_lake(tmp_path_factory.mktemp("recommended") / "lake")
    found = {"model_version": "m", "score": 0.9}
    write(
        lake,
        tables.RECOMMENDATIONS,
        {**found, "user_id": "ana", "rank": 1, "track_id": "t2", "reason": "because you play Uno"},
        {**found, "user_id": "ana", "rank": 2, "track_id": "t1", "reason": "popular"},
        {**found, "user_id": "bo", "rank": 1, "track_id": "t1", "reason": "popular"},
    )
    similar = {"track_id": "t1", "rank": 1, "similar_track_id": "t2", "distance": 1.0, "similarity": 0.5}
    write(lake, tables.SIMILAR_TRACKS, similar | MODEL)
    made = {"rule": "calm tracks", "score": 1.0}
    write(
        lake,
        tables.CURATED_PLAYLISTS,
        {**made, "playlist": "calm", "playlist_name": "Calm", "kind": "cluster", "rank": 1, "track_id": "t1"},
        {**made, "playlist": "rock", "playlist_name": "Rock", "kind": "genre", "rank": 1, "track_id": "t2"},
    )
    return lake


def test_a_listener_sees_his_tracks_in_order_with_the_reason(lake: Path) -> None:
    assert [(row["track_name"], row["reason"]) for row in table(draw("recommendations", lake))] == [
        ("二", "because you play Uno"),
        ("Uno", "popular"),
    ]


def test_another_listener_is_found_by_a_part_of_the_id(lake: Path) -> None:
    page = draw("recommendations", lake)
    page.text_input(key="listener-words").set_value("bo")
    assert [row["track_name"] for row in table(well(page.run()))] == ["Uno"]
    page.text_input(key="listener-words").set_value("nobody")
    assert any("No such listener has recommendations." in one for one in told(well(page.run())))


def test_what_sounds_like_a_track_is_told_with_its_distance(lake: Path) -> None:
    page = asked("recommendations", lake, "A track")
    assert any("3 plays" in one.value and "cluster **calm**" in one.value for one in page.markdown)
    assert [(row["track_name"], row["distance"]) for row in table(page)] == [("二", 1.0)]


def test_a_title_that_nobody_knows_is_told(lake: Path) -> None:
    page = asked("recommendations", lake, "A track")
    page.text_input(key="track-words").set_value("no such title")
    assert any("No such track is known." in one for one in told(well(page.run())))


def test_a_curated_playlist_is_chosen_by_kind_and_says_its_rule(lake: Path) -> None:
    page = asked("recommendations", lake, "Curated playlists")
    assert [row["track_name"] for row in table(page)] == ["Uno"]
    assert "Rule: calm tracks" in [one.value for one in page.caption]
    page.multiselect(key="curated_playlists-kind").set_value(["genre"])
    assert [row["track_name"] for row in table(well(page.run()))] == ["二"]


@pytest.fixture(scope="module")
def clustered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = small_lake(tmp_path_factory.mktemp("clustered") / "lake")
    write(lake, tables.CLUSTER_MODELS, CURRENT, CURRENT | {"model_version": "before", "is_current": False})
    point = {"cluster": 0, "cluster_name": "calm", "x": 0.5, "y": -0.5, "artist_name": "Ana"}
    write(
        lake,
        tables.CLUSTER_MAP,
        point | MODEL | {"track_id": "t1", "track_name": "Uno"},
        point | {"model_version": "before", "track_id": "t9", "track_name": "Gone"},
    )
    axis = MODEL | {"axis": "x", "share": 0.4}
    write(
        lake,
        tables.CLUSTER_AXES,
        axis | {"feature": "energy", "loading": 0.7},
        axis | {"feature": "tempo", "loading": -0.6},
        axis | {"axis": "y", "share": 0.2, "feature": "valence", "loading": 0.8},
    )
    tried = MODEL | {"inertia": 5.0, "stability": 0.9}
    write(
        lake,
        tables.CLUSTER_CHOICES,
        tried | {"k": 2, "silhouette": 0.4, "is_chosen": True},
        tried | {"k": 3, "silhouette": 0.3, "is_chosen": False},
    )
    mix = {"month": date(2021, 5, 1), "listeners": 1}
    write_mart(
        lake,
        "cluster_mix",
        {**mix, "cluster": 0, "cluster_name": "calm", "plays": 3, "share_of_plays": 0.75},
        {**mix, "cluster": 1, "cluster_name": "loud", "plays": 1, "share_of_plays": 0.25},
    )
    return lake


def tables_of(page: AppTest) -> dict[str, list[dict[str, object]]]:
    """The rows of each table, under its first columns."""
    return {
        ", ".join(list(rows[0])[:2]): rows for number in range(len(page.dataframe)) if (rows := table(page, number))
    }


def test_the_clusters_of_the_current_model_are_told_from_sizes_to_months(clustered: Path) -> None:
    page = draw("clusters", clustered)
    shown = tables_of(page)
    assert [(row["cluster_name"], row["size"]) for row in shown["cluster_name, size"]] == [("calm", 6), ("loud", 4)]
    assert [row["track_name"] for row in shown["x, y"]] == ["Uno"]
    assert [(row["k"], row["is_chosen"]) for row in shown["k, silhouette"]] == [(2, True), (3, False)]
    assert [row["share_of_plays"] for row in shown["month, cluster_name"]] == [0.75, 0.25]
    assert "Further right: more energy, less tempo (40% of the variance)." in [one.value for one in page.caption]


def test_the_cluster_of_a_track_is_found_by_a_part_of_its_title(clustered: Path) -> None:
    page = draw("clusters", clustered)
    page.text_input(key="cluster-of").set_value("un")
    found = tables_of(well(page.run()))["track_name, artist_name"]
    assert [(row["track_name"], row.get("cluster_name")) for row in found] == [("Uno", "calm")]


def test_a_fixed_number_of_clusters_explains_itself(clustered: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    shutil.copytree(clustered, lake)
    write(lake, tables.CLUSTER_CHOICES)
    assert any("`train.k` sets the number of clusters" in one for one in told(draw("clusters", lake)))


def test_a_lake_of_plays_has_nothing_to_recommend_and_says_what_would(tmp_path: Path) -> None:
    assert any("recommend" in one for one in told(draw("recommendations", plays_alone(tmp_path / "lake"))))
