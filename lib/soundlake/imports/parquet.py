"""Rows of Parquet files, as Python's values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soundlake.imports.opening import UnopenedError

if TYPE_CHECKING:
    import pyarrow as pa

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
                names, cells = batch.schema.names, [_cells(column) for column in batch.columns]
                for row in zip(*cells, strict=True) if cells else ((),) * batch.num_rows:
                    yield dict(zip(names, row, strict=True))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last of a column's name
        raise UnopenedError(f"not a whole Parquet file: {error}") from None


def _cells(column: pa.Array) -> list[Any]:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    try:
        cells: list[Any] = column.to_pylist()
    except (ValueError, OverflowError):
        return [_cell(scalar) for scalar in column]
    return cells


def _cell(scalar: pa.Scalar) -> Any:
    """A value; one that Python cannot hold, such as a time after the year 9999, becomes a text that is reported."""
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return f"<a {scalar.type} that cannot be read>"
