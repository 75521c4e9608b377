"""The column types of a Delta log, in the words of Spark's DDL and of Glue."""

from __future__ import annotations

import re
from typing import Any

from soundlake.errors import SoundlakeError

# The log's names of what Spark's DDL, in which tables are declared, calls otherwise.
_IN_DDL = {"byte": "tinyint", "short": "smallint", "integer": "int", "long": "bigint"}
# The types that Glue has a name for.
_PRIMITIVE = re.compile(
    r"binary|boolean|date|double|float|string|timestamp|timestamp_ntz|bigint|int|smallint|tinyint|decimal\(\d+,\d+\)"
)


def delta_type(logged: Any) -> str:
    """Return a type of a Delta log's schema (its JSON) as Spark's DDL, without spaces.

    Raises SoundlakeError for a type that Glue has no name for, such as variant or an interval.
    """
    if isinstance(logged, str):
        name = _IN_DDL.get(logged, logged)
        if not _PRIMITIVE.fullmatch(name):
            raise SoundlakeError(f"Glue has no type for {logged}")
        return name
    match logged["type"]:
        case "array":
            return f"array<{delta_type(logged['elementType'])}>"
        case "map":
            return f"map<{delta_type(logged['keyType'])},{delta_type(logged['valueType'])}>"
        case "struct":
            fields = (f"{field['name']}:{delta_type(field['type'])}" for field in logged["fields"])
            return f"struct<{','.join(fields)}>"
        case other:
            raise SoundlakeError(f"Glue has no type for {other}")


def glue_type(ddl: str) -> str:
    """Return Glue's name of a type in Spark's DDL. Timestamps without a zone have no name of their own."""
    return ddl.replace("timestamp_ntz", "timestamp")
