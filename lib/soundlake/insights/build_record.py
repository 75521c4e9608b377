"""The record of how a mart was built, stored as the user metadata of the commit that built it.

Rows and record change in one commit, so they always agree. Dropping, restoring or overwriting the mart by other means
removes the record too, and the mart is then built as a whole again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from pyspark.sql import DataFrame, SparkSession

from soundlake.lake import Lake
from soundlake.tables import Table
from soundlake.writes import overwrite

_FORMAT = 2  # a higher one makes every mart be built as a whole
_KEEP_ROWS = {"OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES"}  # operations after which a record holds
_LOOK_BACK = 20  # commits


@dataclass(frozen=True)
class BuildRecord:
    """What a mart was made from.

    `query_digest` is a digest of the query as it ran, `inputs` are the versions of the tables it read, and `partitions`
    the fingerprints of the source's rows by partition, of an incremental insight.
    """

    query_digest: str
    inputs: Mapping[str, str | None]
    partitions: Mapping[str, str] = field(default_factory=dict)

    @property
    def user_metadata(self) -> str:
        """The record as the user metadata of a Delta commit."""
        return json.dumps({"soundlake": _FORMAT, **asdict(self)}, separators=(",", ":"))


def read_build_record(spark: SparkSession, lake: Lake, table: Table) -> BuildRecord | None:
    """The record of the commit that made a mart's rows; None without a mart, or where something else made them."""
    if not lake.exists(spark, table):
        return None
    history = lake.delta(spark, table).history(_LOOK_BACK).select("operation", "userMetadata")
    made = [row["userMetadata"] for row in history.collect() if row["operation"] not in _KEEP_ROWS]
    return _parse(made[0]) if made else None


def write_with_record(
    rows: DataFrame, lake: Lake, table: Table, record: BuildRecord, replaced: str | None = None
) -> None:
    """Replace the rows of a table, or those that a condition describes, in one commit with its record.

    The rows of each file are sorted by the key: the files are smaller, and readers of one period skip the others.
    """
    schema = {"overwriteSchema": "true"} if replaced is None else {}
    in_order = rows.sortWithinPartitions(*table.key)
    overwrite(lake, table, in_order, replaced, userMetadata=record.user_metadata, **schema)


def _parse(user_metadata: str | None) -> BuildRecord | None:
    try:
        said = json.loads(user_metadata or "null")
    except ValueError:  # a commit by another program, with metadata of its own
        return None
    if not isinstance(said, dict) or said.pop("soundlake", None) != _FORMAT:
        return None
    return BuildRecord(**said)
