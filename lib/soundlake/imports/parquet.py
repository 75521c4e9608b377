"""Rows of Parquet files, as Python's values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from soundlake.arrow_values import python_values
from soundlake.imports.opening import UnopenedError

_ROWS = 5_000


def parquet_rows(path: Path, columns: list[str] | None) -> Iterator[dict[str, Any]]:
    """The rows of a file, of all columns or of those that are wanted. Raises UnopenedError where it is not whole."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            known = set(file.schema_arrow.names)
            wanted = None if columns is None else [name for name in columns if name in known]
            for batch in file.iter_batches(batch_size=_ROWS, columns=wanted):
                names, cells = batch.schema.names, [python_values(column) for column in batch.columns]
                for row in zip(*cells, strict=True) if cells else ((),) * batch.num_rows:
                    yield dict(zip(names, row, strict=True))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last of a column's name
        raise UnopenedError(f"not a whole Parquet file: {error}") from None
