"""What a mart was made from, noted in the very commit that made it.

Rows and note are one commit: there is no moment in which one says something else than the other. Whoever drops,
restores or overwrites the mart by other means takes the note away with it, and the mart is built as a whole again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from pyspark.sql import DataFrame, SparkSession

from soundlake.lake import Lake
from soundlake.tables import Table
from soundlake.writes import overwrite

_FORMAT = 1  # a higher one makes every mart be built as a whole
_KEEP_ROWS = {"OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES"}  # operations after which a note holds
_LOOK_BACK = 20  # commits


@dataclass(frozen=True)
class Note:
    """What a mart was made from.

    `text` is a digest of the query as it ran, `inputs` the versions of the tables it read. `pieces` are fingerprints of
    the source's rows, by piece, of an incremental insight.
    """

    text: str
    inputs: Mapping[str, str | None]
    pieces: Mapping[str, str] = field(default_factory=dict)

    @property
    def user_metadata(self) -> str:
        """The note as the user metadata of a Delta commit."""
        return json.dumps({"soundlake": _FORMAT, **asdict(self)}, separators=(",", ":"))


def read_note(spark: SparkSession, lake: Lake, table: Table) -> Note | None:
    """The note of the commit that made a mart's rows; None where there is no mart, or something else made its rows."""
    if not lake.exists(spark, table):
        return None
    history = lake.delta(spark, table).history(_LOOK_BACK).select("operation", "userMetadata")
    made = [row["userMetadata"] for row in history.collect() if row["operation"] not in _KEEP_ROWS]
    return _parse(made[0]) if made else None


def write_noted(rows: DataFrame, lake: Lake, table: Table, note: Note, replaced: str | None = None) -> None:
    """Replace the rows of a table, or those that a condition describes, in one commit with its note."""
    schema = {"overwriteSchema": "true"} if replaced is None else {}
    overwrite(lake, table, rows, replaced, userMetadata=note.user_metadata, **schema)


def _parse(user_metadata: str | None) -> Note | None:
    try:
        said = json.loads(user_metadata or "null")
    except ValueError:  # somebody else's commit, with metadata of their own
        return None
    if not isinstance(said, dict) or said.pop("soundlake", None) != _FORMAT:
        return None
    return Note(**said)
