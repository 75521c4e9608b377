"""Recommending from end to end on a small lake, and reranking while plays come in."""

from __future__ import annotations

import shutil
from collections import defaultdict
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from helpers.listeners import NOON, append, catalogue_rows, fill, play, table_rows, track
from helpers.reading import rows
from soundlake.lake import Lake
from soundlake.recommend import publishing
from soundlake.recommend.job import recommend
from soundlake.recommend.lists import are_listed
from soundlake.recommend.model import RecommendationModel, current_model
from soundlake.recommend.report import summary
from soundlake.recommend.rerank import rerank_query
from soundlake.recommend.signals import with_recent
from soundlake.settings import Settings
from soundlake.tables import (
    PLAYS,
    RECOMMENDATION_FACTORS,
    RECOMMENDATION_MODELS,
    RECOMMENDATIONS,
    SIMILAR_TRACKS,
)

pytestmark = pytest.mark.slow

Recommended = tuple[Lake, RecommendationModel]

SMALL = Settings.model_validate({"recommend": {"list_size": 8, "similar": 5}})


@pytest.fixture(scope="module")
def recommended(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Recommended:
    """A lake with recommendations, for tests that only read."""
    lake = Lake(str(tmp_path_factory.mktemp("recommended") / "lake"))
    fill(spark, lake)
    return lake, recommend(spark, lake, SMALL)


@pytest.fixture
def copied(recommended: Recommended, tmp_path: Path) -> Recommended:
    """A copy of it, for tests that write."""
    lake, model = recommended
    return Lake(shutil.copytree(lake.uri, str(tmp_path / "lake"))), model


def lists(lake: Lake) -> dict[str, list[dict[str, Any]]]:
    found = defaultdict(list)
    for row in sorted(rows(lake.uri, RECOMMENDATIONS), key=lambda row: row["rank"]):
        found[row["user_id"]].append(row)
    return dict(found)


def tracks_of(found: list[dict[str, Any]]) -> list[str]:
    return [row["track_id"] for row in found]


def test_every_user_has_a_list_of_tracks_that_he_has_not_heard(recommended: Recommended) -> None:
    lake, model = recommended
    heard = defaultdict(set)
    for row in rows(lake.uri, PLAYS):
        heard[row["user_id"]].add(row["track_id"])
    found = lists(lake)
    assert set(found) == {*heard, "saver"}
    for user, tracks in found.items():
        assert [row["rank"] for row in tracks] == list(range(1, 9))
        assert not {row["track_id"] for row in tracks} & heard[user]
        assert {row["model_version"] for row in tracks} == {model.model_version}


def test_listeners_get_what_listeners_like_them_play(recommended: Recommended) -> None:
    lake, _ = recommended
    found = lists(lake)
    for user in ("folk 0", "rock 3", "saver"):
        genre = "rock" if user.startswith("rock") else "folk"
        assert {row["track_id"].split("-")[0] for row in found[user][:4]} == {genre}


def test_what_train_sources_forbid_is_counted_and_not_learned_from(
    spark: SparkSession, recommended: Recommended
) -> None:
    lake, model = recommended
    assert model.n_left_out == 1
    assert "left out 1 plays and user items: train.sources (!spotify-api)" in "\n".join(summary(spark, lake, model))
    of_the_api, skipper = lists(lake)["of the api"], lists(lake)["skipper"]
    assert {row["reason"].split()[0] for row in (*of_the_api, *skipper)} == {"popular"}


def test_a_lake_of_the_api_alone_gives_popular_tracks_and_learns_nothing(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    fill(spark, lake)
    settings = Settings.model_validate({"train": {"sources": ["nothing"]}, "recommend": {"list_size": 4}})
    model = recommend(spark, lake, settings)
    assert (model.n_likes, model.factors, rows(lake.uri, SIMILAR_TRACKS)) == (0, 0, [])
    assert {row["reason"].split()[0] for row in rows(lake.uri, RECOMMENDATIONS)} == {"popular"}


def test_similar_tracks_are_the_nearest_of_the_same_sound(recommended: Recommended) -> None:
    lake, _ = recommended
    found = [row for row in rows(lake.uri, SIMILAR_TRACKS) if row["track_id"] == track("folk", 2, 1)]
    assert sorted(row["rank"] for row in found) == [1, 2, 3, 4, 5]
    assert {row["similar_track_id"].split("-")[0] for row in found} == {"folk"}
    assert len(rows(lake.uri, SIMILAR_TRACKS)) == 5 * len(catalogue_rows())


def test_a_new_play_reranks_the_list_of_its_listener_and_no_other(spark: SparkSession, copied: Recommended) -> None:
    lake, model = copied
    before = lists(lake)
    query = rerank_query(spark, lake, SMALL)
    new = before["folk 0"][0]["track_id"]
    append(spark, lake, PLAYS, [play("folk 0", new, 500), play("a new one", new, 501)])
    query.trigger(availableNow=True).start().awaitTermination()
    after = lists(lake)
    assert {user for user in after if tracks_of(after[user]) != tracks_of(before.get(user, []))} == {
        "folk 0",
        "a new one",
    }
    assert new not in {row["track_id"] for row in after["folk 0"]}
    assert len(after["folk 0"]) == 8
    assert [row["rank"] for row in after["a new one"]] == list(range(1, 9))
    assert are_listed(spark, lake, model)


def test_a_stream_ranks_all_lists_by_a_model_that_was_published_beside_it(
    spark: SparkSession, copied: Recommended
) -> None:
    lake, _ = copied
    second = recommend(spark, lake, SMALL, lambda: nullcontext(None))
    assert not are_listed(spark, lake, second)
    assert any(
        line.startswith("gold/recommendations: left to the running stream") for line in summary(spark, lake, second)
    )
    query = rerank_query(spark, lake, SMALL)
    append(spark, lake, PLAYS, [play("folk 0", track("rock", 0, 0), 500)])
    query.trigger(availableNow=True).start().awaitTermination()
    assert {row["model_version"] for row in rows(lake.uri, RECOMMENDATIONS)} == {second.model_version}


def test_dying_before_the_last_commit_leaves_the_earlier_model_current(
    spark: SparkSession, copied: Recommended, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, first = copied

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "make_current", die)
        with pytest.raises(KeyboardInterrupt):
            recommend(spark, lake, SMALL)
    assert current_model(spark, lake) == first
    second = recommend(spark, lake, SMALL, lambda: nullcontext(None))
    models = {row["model_version"]: row["is_current"] for row in rows(lake.uri, RECOMMENDATION_MODELS)}
    assert models == {first.model_version: False, second.model_version: True}
    # Of the earlier model for a stream that is reading them, of the dead one none.
    assert {row["model_version"] for row in rows(lake.uri, RECOMMENDATION_FACTORS)} == set(models)


def test_the_same_likes_give_the_same_lists(spark: SparkSession, copied: Recommended) -> None:
    lake, first = copied
    before = {user: [row["track_id"] for row in found] for user, found in lists(lake).items()}
    again = recommend(spark, lake, SMALL)
    assert again.model_version > first.model_version
    assert {user: [row["track_id"] for row in found] for user, found in lists(lake).items()} == before


def test_plays_long_before_a_users_newest_one_do_not_count_whatever_others_played_since(spark: SparkSession) -> None:
    long_ago = {"played_at": NOON - timedelta(days=400), "played_date": (NOON - timedelta(days=400)).date()}
    far_ahead = {"played_at": NOON + timedelta(days=4000), "played_date": (NOON + timedelta(days=4000)).date()}
    found = table_rows(spark, PLAYS, [play("a", "t1"), play("a", "t2") | long_ago, play("b", "t3") | far_ahead])
    counted = found.transform(with_recent(365)).where("is_recent").collect()
    assert {(row["user_id"], row["track_id"]) for row in counted} == {("a", "t1"), ("b", "t3")}


def test_what_was_heard_long_before_is_not_recommended(spark: SparkSession, copied: Recommended) -> None:
    lake, _ = copied
    best = lists(lake)["folk 0"][0]["track_id"]
    moment = NOON - timedelta(days=4_000)
    append(spark, lake, PLAYS, [play("folk 0", best) | {"played_at": moment, "played_date": moment.date()}])
    recommend(spark, lake, SMALL)
    assert best not in tracks_of(lists(lake)["folk 0"])
