"""Writing the daily snapshots of playlists: those of touched days are chosen again and updated."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession

from soundlake.core.decode import key_of
from soundlake.core.schema import arrow_schema, table_of
from soundlake.frames import kept
from soundlake.kinds import KINDS
from soundlake.lake import Lake
from soundlake.refine.snapshots import DAY, chosen_fetches, difference, snapshots
from soundlake.tables import PLAYLIST_FETCHES, PLAYLIST_ITEMS, STAMPS
from soundlake.writes import append, same_key

_ENTITY = KINDS["playlist_item"].name
_RECORD = 1  # the bit of silver/stamps that stands for the record itself


def write_snapshots(spark: SparkSession, lake: Lake, days: DataFrame, is_near: str, by: str) -> None:
    """Choose the snapshots of playlists and days (columns DAY) from silver/playlist_fetches, and update what differs.

    `is_near` is a condition on snapshot_date that holds for all of them. The chosen fetches are then stamped, with the
    batch `by`, so that later entries of older fetches are known to be stale.
    """
    lake.create(spark, PLAYLIST_ITEMS)
    staged = lake.read(spark, PLAYLIST_FETCHES).where(is_near).join(days, on=list(DAY), how="left_semi")
    with kept(staged) as entries:
        current = lake.read(spark, PLAYLIST_ITEMS).where(is_near)
        with kept(difference(snapshots(entries), current, days)) as changes:
            _set(spark, lake, changes, is_near)
        chosen = chosen_fetches(entries).mapInArrow(partial(_stamped, by), STAMPS.ddl)
        append(lake, STAMPS, chosen.coalesce(1))


def _set(spark: SparkSession, lake: Lake, changes: DataFrame, is_near: str) -> None:
    parts = {row["is_first"] for row in changes.select("is_first").distinct().collect()}
    if True in parts:
        # Most days are new and need no MERGE.
        first = changes.where("is_first").sort(*PLAYLIST_ITEMS.key)
        append(lake, PLAYLIST_ITEMS, first)
    if False in parts:
        columns: dict[str, str | Column] = {f"`{name}`": f"s.`{name}`" for name in PLAYLIST_ITEMS.column_names}
        (
            lake.delta(spark, PLAYLIST_ITEMS)
            .alias("t")
            .merge(changes.where("NOT is_first").alias("s"), f"{same_key(PLAYLIST_ITEMS.key)} AND t.{is_near}")
            .whenMatchedDelete("s.is_gone")
            .whenMatchedUpdate(set=columns)
            .whenNotMatchedInsert("NOT s.is_gone", values=columns)
            .execute()
        )


def _stamped(by: str, parts: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
    """Turn rows of chosen_fetches into rows of silver/stamps, with the fetched_at of each snapshot."""
    for part in parts:
        rows = [_stamp(by, chosen) for chosen in part.to_pylist()]
        yield from table_of(arrow_schema(STAMPS), rows).to_batches()


def _stamp(by: str, chosen: dict[str, Any]) -> dict[str, object]:
    day = chosen["snapshot_date"]
    id_ = f"{chosen['playlist_id']}\x1f{day.isoformat()}"
    return {
        "entity": _ENTITY,
        "id": id_,
        "key": key_of(_ENTITY, id_),
        "on_date": day,
        "rank": {"weight": 0, "fetched_at": chosen["fetched_at"], "sha": b""},
        "fields": _RECORD,
        "batch": by,
    }
