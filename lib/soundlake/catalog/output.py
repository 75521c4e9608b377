"""Writing rows as a table on the console, as CSV or Parquet, the same for every engine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from soundlake.arrow_values import python_values
from soundlake.catalog.cells import FORMULA, QUOTED
from soundlake.catalog.fitting import Shown, fitted, whole
from soundlake.catalog.pager import page
from soundlake.errors import SoundlakeError


def show(rows: pa.Table, first: Sequence[str] = (), *, is_whole: bool = False) -> tuple[str, ...]:
    """Print rows as a table on stdout; returns the names of the columns that were left out.

    On a terminal it is fitted to the width, unless `is_whole`, and goes through a pager where it is longer than the
    screen. `first` names the columns that matter most. Elsewhere everything is printed.
    """
    if sys.stdout.isatty() and not is_whole:
        shown = fitted(rows, Console().width, first, as_text)
    else:
        shown = Shown(whole(rows, as_text))
    _print(shown.content, is_whole=is_whole)
    return shown.left_out


def listed(lines: Sequence[tuple[str, ...]]) -> None:
    """Print lines of a few texts each, one below the other; on a terminal, folded to its width."""
    if not sys.stdout.isatty():
        widest = max(len(first) for first, *_ in lines)
        sys.stdout.writelines(f"{first:<{widest}}  {'  '.join(filter(None, rest))}\n" for first, *rest in lines)
        return
    grid = Table.grid(padding=(0, 2))
    for line in lines:
        grid.add_row(*map(Text, line))
    grid.columns[0].no_wrap = True
    _print(grid)


def _print(content: RenderableType, *, is_whole: bool = False) -> None:
    """Print in the width of the terminal, elsewhere or if `is_whole` as wide as it is; in a pager where it is long."""
    console, is_terminal = Console(), sys.stdout.isatty()
    if is_whole or not is_terminal:
        console.width = Console(width=1_000_000).measure(content).maximum
    with console.capture() as printed:
        console.print(content)
    if is_terminal:
        page(printed.get())
    else:
        sys.stdout.write(printed.get())


def write(rows: pa.Table, format_: str, out: Path | None) -> None:
    """Write rows as csv or parquet: to a file, whole or not at all, or to stdout. Raises SoundlakeError."""
    save = {"csv": _save_csv, "parquet": pa_parquet.write_table}[format_]
    if out is None:
        save(rows, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            save(rows, file)
        unfinished.replace(out)
    except OSError as error:
        raise SoundlakeError(f"--out {out}: cannot be written: {error.strerror}") from None
    except pa.ArrowException as error:  # a type that the format lacks
        raise SoundlakeError(f"--out {out}: {format_} cannot hold these rows ({error}): --format csv can") from None
    finally:
        unfinished.unlink(missing_ok=True)


def _save_csv(rows: pa.Table, file: BinaryIO) -> None:
    pa_csv.write_csv(_flat(rows), file)


def _flat(rows: pa.Table) -> pa.Table:
    """Turn what CSV has no form for into text, and every text into one that no spreadsheet runs."""
    columns = [column if _is_flat(column.type) else _texts(column) for column in rows.columns]
    return pa.Table.from_arrays([_plain(column) for column in columns], names=rows.column_names)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    return pc.replace_substring_regex(column, pattern=FORMULA, replacement=QUOTED)


def _is_flat(type_: pa.DataType) -> bool:
    is_flat: list[Callable[[pa.DataType], bool]] = [
        *(pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
        *(pa.types.is_date, pa.types.is_string, pa.types.is_large_string),
    ]
    return any(check(type_) for check in is_flat)


def _texts(column: pa.ChunkedArray) -> pa.Array:
    return pa.array([None if value is None else as_text(value) for value in python_values(column)], pa.string())


def as_text(value: Any) -> str:
    """A value as Athena writes it: `[a, b]`, `{k=v}`, `2026-11-21 08:00:00.000 UTC`, `66 6f`."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case datetime():
            moment = value if value.tzinfo is None else value.astimezone(UTC)
            return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}" + (" UTC" if value.tzinfo else "")
        case bytes():
            return value.hex(" ")
        case dict():
            return "{" + ", ".join(f"{name}={as_text(item)}" for name, item in value.items()) + "}"
        case pa.MonthDayNano():
            return _interval(value)
        case tuple():  # an entry of a map
            return "=".join(as_text(item) for item in value)
        case list():
            is_map = bool(value) and all(isinstance(item, tuple) for item in value)
            items = ", ".join(as_text(item) for item in value)
            return f"{{{items}}}" if is_map else f"[{items}]"
        case _:
            return str(value)


def _interval(value: pa.MonthDayNano) -> str:
    """`1-2` (years and months), `2 05:00:00.000` (days and time), or one behind the other."""
    parts = []
    if value.months:
        sign, months = "-" if value.months < 0 else "", abs(value.months)
        parts.append(f"{sign}{months // 12}-{months % 12}")
    milliseconds = value.days * 86_400_000 + int(value.nanoseconds / 1_000_000)
    if milliseconds or not parts:
        sign, rest = "-" if milliseconds < 0 else "", abs(milliseconds)
        days, rest = divmod(rest, 86_400_000)
        hours, rest = divmod(rest, 3_600_000)
        minutes, rest = divmod(rest, 60_000)
        parts.append(f"{sign}{days} {hours:02}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}")
    return " ".join(parts)
