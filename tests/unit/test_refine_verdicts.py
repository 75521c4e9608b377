"""The judgement of each record, and what is remembered of it."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from records import Fed, Record, by_name, envelope, feed, found, stamp, verdicts_by_name

from soundlake.kinds import KINDS
from soundlake.lake import nothing
from soundlake.refine.known import known_state
from soundlake.refine.verdicts import judge, new_stamps
from soundlake.tables import STAMPS

TRACK, PLAY = KINDS["track"], KINDS["play"]
PLAYED = {"user_id": "u1", "played_at": "2026-02-03T04:05:06.789Z"}


def track(hour: int, id_: str, **fields: object) -> dict[str, Any]:
    return envelope("track", {"id": id_, **fields}, fetched_at=stamp(hour), source=None)


def play(hour: int, track_id: str, **fields: object) -> dict[str, Any]:
    payload = PLAYED | {"track": {"id": track_id, "name": "A Title"}} | fields
    return envelope("play", payload, fetched_at=stamp(hour))


@pytest.fixture(scope="module")
def tracks(spark: SparkSession) -> Fed:
    batches: list[dict[str, Record]] = [
        {
            "first": track(1, "again", name="a"),
            "twice": track(1, "twice", name="a"),
            "twice, second": track(1, "twice", name="a"),
            "known newer": track(5, "overtaken", name="a", explicit=True),
            "known gap": track(5, "gap", name="a"),
            "known hour": track(1, "other", name="a"),
            "old in batch": track(1, "order", name="a"),
            "new in batch": track(2, "order", name="b"),
            "no id": {"name": "a"},
        },
        {
            "again": track(1, "again", name="a"),
            "later": track(2, "twice", name="a"),
            "overtaken": track(4, "overtaken", name="b"),
            "overtaken, fewer fields": track(4, "overtaken", explicit=False),
            "fills a gap": track(4, "gap", name="b", explicit=True),
            "only an id": track(4, "overtaken"),
            "other payload": track(1, "other", name="b"),
        },
    ]
    return feed(spark, TRACK, *batches)


@pytest.fixture(scope="module")
def plays(spark: SparkSession) -> Fed:
    batches: list[dict[str, Record]] = [
        {"first": play(1, "t1"), "polled in the batch": play(2, "t1"), "other": play(1, "t2")},
        {
            "polled again": play(9, "t1"),
            "polled before": play(0, "t1"),
            "more": play(9, "t2", context={"uri": "spotify:album:b"}),
        },
    ]
    return feed(spark, PLAY, *batches)


@pytest.mark.parametrize("name", ["first", "later", "old in batch", "new in batch", "fills a gap"])
def test_a_record_with_news_is_accepted(tracks: Fed, name: str) -> None:
    assert tracks.verdicts[name] == "accepted"


def test_of_a_record_that_is_twice_in_a_batch_one_is_accepted(tracks: Fed) -> None:
    assert sorted([tracks.verdicts["twice"], tracks.verdicts["twice, second"]]) == ["accepted", "duplicate"]


def test_a_record_that_came_before_is_a_duplicate(tracks: Fed) -> None:
    assert tracks.verdicts["again"] == "duplicate"


@pytest.mark.parametrize("name", ["overtaken", "overtaken, fewer fields", "only an id"])
def test_a_record_that_newer_ones_overtook_in_every_field_is_stale(tracks: Fed, name: str) -> None:
    assert tracks.verdicts[name] == "stale"


def test_another_payload_of_the_same_moment_is_no_duplicate(tracks: Fed) -> None:
    assert tracks.verdicts["other payload"] in ("accepted", "stale")


def test_rejected_records_get_no_other_verdict(tracks: Fed) -> None:
    assert "no id" not in tracks.verdicts


def test_a_stale_record_changes_nothing(tracks: Fed) -> None:
    assert (tracks.rows["overtaken"]["track_name"], tracks.rows["overtaken"]["explicit"]) == ("a", True)


@pytest.mark.parametrize("name", ["polled in the batch", "polled again", "polled before"])
def test_a_play_polled_again_is_a_duplicate_whenever_it_was_fetched(plays: Fed, name: str) -> None:
    assert plays.verdicts[name] == "duplicate"


def test_a_play_that_says_more_is_accepted(plays: Fed) -> None:
    assert plays.verdicts["more"] == "accepted"


def test_records_without_news_leave_no_stamp(tracks: Fed) -> None:
    again = by_name(tracks.stamps.where(F.col("id") == "overtaken"), "position")
    assert set(again) == {"known newer"}


def test_a_stamp_says_where_its_record_stands_and_what_it_filled(tracks: Fed) -> None:
    (row,) = by_name(tracks.stamps.where(F.col("id") == "again")).values()
    assert (row["entity"], row["position"], row["batch"]) == ("track", "first", "refine/0")
    assert row["fields"] == 1 + TRACK.bit(("track_name",))


def test_a_retried_batch_judges_as_it_did_the_first_time(spark: SparkSession) -> None:
    records = found(spark, TRACK, {"one": track(1, "t1", name="a"), "two": track(1, "t1", name="a")})
    ids = records.select("id").distinct()
    none = nothing(spark, STAMPS)

    def judged(stamps: DataFrame, batch: str) -> DataFrame:
        return judge(TRACK, records, known_state(stamps, TRACK, ids, None, batch))

    first = judged(none, "refine/7")
    own = new_stamps(first, TRACK).withColumn("batch", F.lit("refine/7")).localCheckpoint()
    verdicts = verdicts_by_name(TRACK, records, first)
    assert verdicts_by_name(TRACK, records, judged(own, "refine/7")) == verdicts
    assert set(verdicts_by_name(TRACK, records, judged(own, "refine/8")).values()) == {"duplicate"}
