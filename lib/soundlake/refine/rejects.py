"""Records that no silver table can take."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from soundlake.tables import ORIGIN, REJECTED

# Personal fields of account exports, under all the names they had.
_PERSONAL = r"(?i)ip_?addr|user_?agent|user_?name"


def rejected_rows(flawed: DataFrame) -> DataFrame:
    """Rows of silver/rejected from candidates with a reason; the value is left out where it names a personal field."""
    is_personal = F.coalesce(F.col("value").cast("string").rlike(_PERSONAL), F.lit(False))
    return flawed.select(
        F.col("record_kind").alias("kind"),
        "reason",
        "detail",
        "key",
        F.when(~is_personal, F.col("value")).alias("value"),
        *[column.name for column in ORIGIN],
        "arrived_at",
        F.current_timestamp().alias("rejected_at"),
    ).select(*REJECTED.column_names)
