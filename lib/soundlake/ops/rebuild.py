"""Rebuilding silver and gold from bronze and the published models, while readers keep seeing whole tables.

All of bronze is refined into a second lake, `_rebuild/<id>`, by the stream's own query, in batches: a rebuild that died
resumes where it was. Then the tables are swapped, each in one commit, and so is the checkpoint of the query: the stream
continues after the last bronze record that the rebuild has read. A file `ready` marks that the swap has begun. From
then on it has to be completed, by the next rebuild or stream, before anything else may write silver.
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
from soundlake.lake import Lake, retry_conflicts
from soundlake.ops.evolution import evolve_lake
from soundlake.ops.maintenance import catch_up
from soundlake.ops.replay import forget_plans
from soundlake.progress import count, doing
from soundlake.refine.apply import apply_changes
from soundlake.refine.known import drop_index
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
from soundlake.writes import append, overwrite

QUERY = "rebuild"
# The tables of refine, without the clusters of tracks: these follow from the features and the current model.
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
    """Rebuild silver and the clusters of tracks, in batches like the stream's.

    It may die anywhere: the next run resumes, unless the rules have changed since. `check` is called before each step
    and may raise to stop it; `say` gets the progress. Raises SoundlakeError without bronze.
    """
    others = [table for table in TABLES if table not in REFINED]  # the refined ones are replaced
    evolve_lake(spark, lake, settings, QUERY, others)
    complete_swap(spark, lake, check)
    if not lake.exists(spark, EVENTS):
        raise SoundlakeError(f"rebuild: there is no {EVENTS.path} in {lake.uri}, so there is nothing to rebuild from")
    folder = _begun(spark, lake) or _begin(spark, lake)
    side = Lake(folder, lake.check)
    with doing(f"refining {EVENTS.path}"):
        count("records", 0, of=lake.read(spark, EVENTS).count())
        refine_all(spark, refine_query(spark, lake, settings, into=side, counted_as=QUERY), check)
    with doing("applying changes"):
        apply_changes(spark, side)
    for kind in KINDS.values():
        if "fetched_at" in kind.volatile and side.exists(spark, kind.table):
            check()
            with doing(f"bringing {kind.table.path} up to date"):
                catch_up(spark, side, kind)
    say(f"refined {EVENTS.path}")
    Storage(spark).write(f"{folder}/ready", "the tables are being swapped\n")
    complete_swap(spark, lake, check)
    drop_index(settings, side)
    say("replaced the old tables by the new ones")


def complete_swap(spark: SparkSession, lake: Lake, check: Callable[[], None] = lambda: None) -> None:
    """Complete the swap of a rebuild that is ready, if there is one."""
    storage = Storage(spark)
    for name in storage.names(lake.rebuilds):
        folder = f"{lake.rebuilds}/{name}"
        if storage.exists(f"{folder}/ready"):
            _swap(spark, lake, Lake(folder, lake.check), check)
            storage.delete(f"{folder}/ready")
            _clear(storage, folder)


def _swap(spark: SparkSession, lake: Lake, side: Lake, check: Callable[[], None]) -> None:
    query_id = side.root.rpartition("/")[2]
    for table in REFINED:
        if side.exists(spark, table) or lake.exists(spark, table):
            check()
            with doing(f"replacing {table.path}"):
                retry_conflicts(partial(_replace, spark, lake, side, table, query_id))
    check()
    _append_batch_rows(spark, lake, side, query_id)
    if (model := current_model(spark, lake)) is not None:
        with doing("assigning tracks to clusters"):
            retry_conflicts(partial(reassign_all, spark, lake, model))
    move_checkpoint(spark, lake, REFINE, BATCHES, side.checkpoint(REFINE))
    forget_plans(spark, lake)


def _replace(spark: SparkSession, lake: Lake, side: Lake, table: Table, query_id: str) -> None:
    """Replace the rows of one table by another's, in one commit; skipped where that was done."""
    lake.create(spark, table)
    overwrite(lake, table, side.read(spark, table), overwriteSchema="true", **_transaction(query_id))


def _append_batch_rows(spark: SparkSession, lake: Lake, side: Lake, query_id: str) -> None:
    lake.create(spark, BATCHES)
    append(lake, BATCHES, side.read(spark, BATCHES).coalesce(1), **_transaction(query_id))


def _transaction(query_id: str) -> dict[str, str]:
    """By this Delta knows the writes of a rebuild again, and skips those that were done."""
    return {"txnAppId": f"{query_id}/rebuild", "txnVersion": "0"}


def _begin(spark: SparkSession, lake: Lake) -> str:
    """Begin a rebuild; its folder has the id of its query."""
    storage, id_ = Storage(spark), str(uuid.uuid4())
    folder = f"{lake.rebuilds}/{id_}"
    storage.write(f"{Lake(folder).checkpoint(REFINE)}/metadata", json.dumps({"id": id_}))
    storage.write(f"{folder}/rules", rules_digest())
    return folder


def _begun(spark: SparkSession, lake: Lake) -> str | None:
    """The folder of a rebuild that died under the current rules; others are deleted."""
    storage, found = Storage(spark), None
    for name in storage.names(lake.rebuilds):
        folder = f"{lake.rebuilds}/{name}"
        rules = f"{folder}/rules"
        if found is None and storage.exists(rules) and storage.read(rules) == rules_digest():
            found = folder
        else:
            _clear(storage, folder)
    return found


def _clear(storage: Storage, folder: str) -> None:
    storage.delete(f"{folder}/rules")  # first, so that a half-deleted rebuild is not resumed
    storage.delete(folder)


def rules_digest() -> str:
    """A digest of the code that makes silver from records."""
    package = files("soundlake")
    modules = [
        package / "tables.py",
        package / "times.py",
        *[file for room in ("core", "kinds", "refine") for file in (package / room).iterdir()],
    ]
    digest = hashlib.sha256()
    for module in sorted((module for module in modules if module.name.endswith(".py")), key=str):
        digest.update(module.name.encode() + b"\n" + module.read_bytes())
    return digest.hexdigest()
