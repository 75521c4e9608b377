"""Silver and gold made anew from bronze and the published models, while readers keep seeing whole tables.

All of bronze is refined into a second lake, `_rebuild/<id>`, by the stream's own query: batch after batch, so that a
rebuild that died goes on where it was. Then the tables change places, each in one commit, and so does the checkpoint of
that query: the stream goes on after the last record of bronze that the rebuild has seen. A file `ready` says that this
has begun. From then on it has to be completed before anything else may write silver, by the next rebuild or stream.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from functools import partial
from importlib.resources import files

from pyspark.sql import SparkSession

from soundlake.checkpoints import move_checkpoint
from soundlake.clusters.assignment import reassign_all
from soundlake.clusters.model import current_model
from soundlake.errors import SoundlakeError
from soundlake.kinds import KINDS
from soundlake.lake import Lake, conform, retry_conflicts
from soundlake.ops.evolution import evolve_all
from soundlake.ops.maintenance import catch_up
from soundlake.ops.replay import forget_plans
from soundlake.refine.apply import apply_changes
from soundlake.refine.query import QUERY as REFINE
from soundlake.refine.query import refine_all, refine_query
from soundlake.settings import Settings
from soundlake.storage import Storage
from soundlake.tables import (
    BATCHES,
    CHANGES,
    EVENTS,
    PLAYLIST_FETCHES,
    PLAYLIST_ITEMS,
    POPULARITY_HISTORY,
    REJECTED,
    STAMPS,
    TABLES,
    Table,
)

QUERY = "rebuild"
# What refine makes, but for the clusters of tracks: those follow from the features and the current model.
REFINED: tuple[Table, ...] = (
    *dict.fromkeys((*[kind.table for kind in KINDS.values() if not kind.is_log], PLAYLIST_ITEMS)),
    POPULARITY_HISTORY,
    REJECTED,
    PLAYLIST_FETCHES,
    STAMPS,
    CHANGES,
)


def rebuild(
    spark: SparkSession, lake: Lake, settings: Settings, check: Callable[[], None], say: Callable[[str], None]
) -> None:
    """Make silver and the clusters of tracks anew, in batches as the stream would take them.

    May die anywhere: done again, it goes on where it was, unless the rules have changed since. `check` is called before
    each step and may raise, to stop it there; `say` is told what is done. Raises SoundlakeError without bronze.
    """
    evolve_all(spark, lake, [table for table in TABLES if table not in REFINED])  # those are replaced
    complete_swap(spark, lake, check)
    if not lake.exists(spark, EVENTS):
        raise SoundlakeError(f"rebuild: there is no {EVENTS.path} in {lake.uri}, so there is nothing to rebuild from")
    folder = _begun(spark, lake) or _begin(spark, lake)
    side = Lake(folder)
    refine_all(refine_query(spark, lake, settings, into=side, counted_as=QUERY), check)
    apply_changes(spark, side)
    for kind in KINDS.values():
        if "fetched_at" in kind.volatile and side.exists(spark, kind.table):
            check()
            catch_up(spark, side, kind)
    say(f"refined {EVENTS.path} anew")
    Storage(spark).write(f"{folder}/ready", "the tables change places\n")
    complete_swap(spark, lake, check)
    say("put the new tables in the place of the old ones")


def complete_swap(spark: SparkSession, lake: Lake, check: Callable[[], None] = lambda: None) -> None:
    """Let the tables of a rebuild that is ready change places, if there is one; what was done is not done again."""
    storage = Storage(spark)
    for name in storage.names(_folder(lake)):
        folder = f"{_folder(lake)}/{name}"
        if storage.exists(f"{folder}/ready"):
            _swap(spark, lake, Lake(folder), check)
            storage.delete(f"{folder}/ready")
            _clear(storage, folder)


def _swap(spark: SparkSession, lake: Lake, side: Lake, check: Callable[[], None]) -> None:
    query_id = side.root.rpartition("/")[2]
    for table in REFINED:
        if side.exists(spark, table) or lake.exists(spark, table):
            check()
            retry_conflicts(partial(_replace, spark, lake, side, table, query_id))
    check()
    _append_batch_rows(spark, lake, side, query_id)
    if (model := current_model(spark, lake)) is not None:
        retry_conflicts(partial(reassign_all, spark, lake, model))
    move_checkpoint(spark, lake, REFINE, BATCHES, side.checkpoint(REFINE))
    forget_plans(spark, lake)


def _replace(spark: SparkSession, lake: Lake, side: Lake, table: Table, query_id: str) -> None:
    """Put the rows of one table in the place of another's, in one commit; passed over where that was done."""
    lake.create(spark, table)
    (
        conform(side.read(spark, table), table)
        .write.format("delta")
        .mode("overwrite")
        .option("overwriteSchema", "true")
        .option("txnAppId", f"{query_id}/rebuild")
        .option("txnVersion", "0")
        .partitionBy(*table.partitioned_by)
        .save(lake.path(table))
    )


def _append_batch_rows(spark: SparkSession, lake: Lake, side: Lake, query_id: str) -> None:
    lake.create(spark, BATCHES)
    (
        conform(side.read(spark, BATCHES), BATCHES)
        .coalesce(1)
        .write.format("delta")
        .mode("append")
        .option("txnAppId", f"{query_id}/rebuild")
        .option("txnVersion", "0")
        .save(lake.path(BATCHES))
    )


def _folder(lake: Lake) -> str:
    return f"{lake.root}/_rebuild"


def _begin(spark: SparkSession, lake: Lake) -> str:
    """Begin a rebuild: its folder is named as its query."""
    storage, id_ = Storage(spark), str(uuid.uuid4())
    folder = f"{_folder(lake)}/{id_}"
    storage.write(f"{Lake(folder).checkpoint(REFINE)}/metadata", json.dumps({"id": id_}))
    storage.write(f"{folder}/rules", rules_digest())
    return folder


def _begun(spark: SparkSession, lake: Lake) -> str | None:
    """The folder of a rebuild that died and was made by the rules of today; others are cleared away."""
    storage, found = Storage(spark), None
    for name in storage.names(_folder(lake)):
        folder = f"{_folder(lake)}/{name}"
        rules = f"{folder}/rules"
        if found is None and storage.exists(rules) and storage.read(rules) == rules_digest():
            found = folder
        else:
            _clear(storage, folder)
    return found


def _clear(storage: Storage, folder: str) -> None:
    storage.delete(f"{folder}/rules")  # first: what is half deleted must not be gone on with
    storage.delete(folder)


def rules_digest() -> str:
    """A digest of the code that decides what silver is made of records."""
    package = files("soundlake")
    modules = [
        package / "tables.py",
        *[file for room in ("core", "kinds", "refine") for file in (package / room).iterdir()],
    ]
    digest = hashlib.sha256()
    for module in sorted((module for module in modules if module.name.endswith(".py")), key=str):
        digest.update(module.name.encode() + b"\n" + module.read_bytes())
    return digest.hexdigest()
