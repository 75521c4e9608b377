"""The rows of one file whatever its format: its columns, then its cells row by row."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import Any

from soundlake.imports.columns import Columns
from soundlake.imports.dialect import DELIMITERS, Dialect, parse_lines, with_spaces
from soundlake.imports.fields import NEEDED
from soundlake.imports.header import BEFORE_HEADER, guess_header, open_table
from soundlake.imports.input_file import Input
from soundlake.imports.json_values import JsonRows
from soundlake.imports.lines import Lines
from soundlake.imports.mapping import FileShape, Record, TableMapping
from soundlake.imports.objects import each_row, field_names, getter, wanted_names
from soundlake.imports.opening import Text, UnopenedError, unpacked
from soundlake.imports.parquet import parquet_rows
from soundlake.imports.report import FileIssues
from soundlake.imports.table import Batch, TableRows

# How many objects are looked at to find the fields.
_LOOKED_AT = 100
# How many lines a row may take while the columns are not known yet.
_LINES_OF_ROW = 8
_BATCH = 1_000

Seen = Callable[[int], None]


@dataclass
class RowSet:
    """Rows of a file; those of tables are texts. The header of a batch may differ from the one before."""

    batches: Callable[[FileIssues], Iterator[Batch]]
    are_texts: bool = False
    header: Sequence[str] = ()
    notes: dict[str, int] = field(default_factory=dict)
    text: Text | None = None
    objects: JsonRows | None = None


def format_of(file: Input, shape: FileShape) -> str:
    """csv, tsv, json or parquet, by the mapping, then the name, then the first bytes."""
    if shape.format is not None:
        return shape.format
    by_name = {
        ".json": "json",
        ".ndjson": "json",
        ".jsonl": "json",
        ".parquet": "parquet",
        ".tsv": "tsv",
        ".tab": "tsv",
    }
    if file.ending in by_name:
        return by_name[file.ending]
    with file.open(lambda _: None) as opened:
        start = opened.peek(16)
    if start.startswith(b"PAR1"):
        return "parquet"
    return "json" if file.ending != ".csv" and start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[{")) else "csv"


@contextmanager
def open_rows(file: Input, mapping: TableMapping, seen: Seen) -> Iterator[RowSet]:
    """Open a file's rows for a mapping. Raises UnopenedError where it has none that the mapping could be for."""
    shape = mapping.file
    format_ = format_of(file, shape)
    with file.open(seen) as opened:
        if format_ == "parquet":
            with _local(file, opened) as path:
                yield _parquet(path, mapping)
            return
        text = Text(unpacked(opened), shape.encoding)
        yield _json(text, mapping) if format_ == "json" else _table(text, mapping, format_)


def peek_columns(
    file: Input, shape: FileShape | None = None
) -> tuple[list[str], list[Mapping[str, Any] | list[Any]], str, Dialect]:
    """The columns, first rows, format and dialect of a file without a mapping; `shape` says where JSON has its rows.

    Raises UnopenedError.
    """
    shape = shape or FileShape()
    format_ = format_of(file, shape)
    issues = _NullSink()
    with file.open(lambda _: None) as opened:
        if format_ == "parquet":
            with _local(file, opened) as local:
                first: list[Any] = [row for _, row in islice(_parquet_rows(local, None, shape.each), _LOOKED_AT)]
                return field_names(first), first, format_, Dialect()
        text = Text(unpacked(opened))
        if format_ == "json":
            rows = each_row(JsonRows(_head(text), shape.rows).rows(issues), shape.each)
            first = [row for _, row in islice(rows, _LOOKED_AT)]
            if not first:
                raise UnopenedError("there is no JSON object in it")
            return field_names(first), first, format_, Dialect()
        lines = Lines(text.chunks())
        table = _guessed(lines, format_)
        if table is None:
            raise UnopenedError("no header was found: give it a mapping with file.header, the names of its columns")
        header = table.header
        batches = takewhile(lambda batch: batch.header is header, table.batches(issues))
        first = list(islice((row for batch in batches for row in batch.rows), _LOOKED_AT))
        return header, first, format_, table.dialect


def _guessed(lines: Lines, format_: str) -> TableRows | None:
    """The table that the first lines make with the delimiter that gives the most columns."""
    head = lines.peek(BEFORE_HEADER)
    best: tuple[int, str] | None = None
    for delimiter in ("\t",) if format_ == "tsv" else DELIMITERS:
        rows = _sampled(head, with_spaces(Dialect(delimiter), head))
        width = max((sum(len(r) == n for r in rows) * (n > 1), n) for n in {len(r) for r in rows} or {0})
        if width[0] and (best is None or width[1] > best[0]):
            best = (width[1], delimiter)
    if best is None:
        return open_table(lines, Dialect(","), lambda cells: bool(cells and cells[0].strip()))
    dialect = with_spaces(Dialect(best[1]), head)
    return open_table(lines, dialect, guess_header(_sampled(head, dialect)))


def _sampled(head: Sequence[str], dialect: Dialect) -> list[list[str]]:
    """The rows of the first lines; one whose quotes never close is passed over."""
    whole: list[list[str]] = []
    at = 0
    while at < len(head):
        ends = range(at + 1, min(at + _LINES_OF_ROW, len(head)) + 1)
        row, at = next(((row, end) for end in ends if (row := parse_lines(head[at:end], dialect))), (None, at + 1))
        whole += [] if row is None else [row]
    return [parse_lines(row, dialect) or row if len(row) == 1 else row for row in whole]


def _table(text: Text, mapping: TableMapping, format_: str) -> RowSet:
    shape = mapping.file
    lines = Lines(text.chunks(), lambda: text.broken is not None)
    delimiter = shape.delimiter or ("\t" if format_ == "tsv" else None)
    needed = needed_columns(mapping)

    def fits(cells: Sequence[str]) -> bool:
        columns = Columns(cells, mapping.aliases)
        return all(any(columns.has(name) for name in names) for names in needed)

    table = open_table(lines, Dialect(delimiter, shape.quote, shape.escape), fits, shape.header)
    if table is None:
        wanted = ", ".join(" or ".join(names) for names in needed)
        raise UnopenedError(f"no header with the columns that the mapping {mapping.name} needs: {wanted}")
    return RowSet(table.batches, True, table.header, table.notes, text)


def needed_columns(mapping: TableMapping) -> list[tuple[str, ...]]:
    """The columns (each by its possible names) without which a mapping gives nothing."""
    by_record = []
    for record in mapping.records:
        groups = [group for needed in NEEDED[record.kind] for group in _needed(record, needed)]
        # A record of constants says nothing of the file; one that reads columns is for no file that has none of them.
        read = tuple(name for source in record.fields.values() for name in source.columns_read)
        by_record.append((record.optional, [*groups, *([read] if read else [])]))
    firm = [group for optional, groups in by_record if not optional for group in groups]
    return list(dict.fromkeys(firm or by_record[0][1]))


def _needed(record: Record, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Of a group of fields, of which one must have a value, the columns that must be there."""
    sources = [record.fields[path] for path in paths if path in record.fields]
    if sources and all(source.names for source in sources):
        yield tuple(name for source in sources for name in source.names)
    elif len(sources) == 1:
        yield from ((part,) for part in sources[0].parts)


def _json(text: Text, mapping: TableMapping) -> RowSet:
    objects = JsonRows(text.chunks(), mapping.file.rows)

    def batches(issues: FileIssues) -> Iterator[Batch]:
        rows = each_row(objects.rows(issues), mapping.file.each)
        first = list(islice(rows, _LOOKED_AT))
        if not objects.has_list:
            raise UnopenedError(f"there is no list at {mapping.file.rows}")
        names = wanted_names(mapping, field_names([row for _, row in first]))
        yield from _batched(chain(first, rows), names, getter(names))

    return RowSet(batches, text=text, objects=objects)


def _batched(
    rows: Iterator[tuple[int, Mapping[str, Any]]], names: Sequence[str], get: Callable[[Mapping[str, Any]], list[Any]]
) -> Iterator[Batch]:
    while some := list(islice(rows, _BATCH)):
        objects = [row for _, row in some]
        yield Batch(names, list(map(get, objects)), [number for number, _ in some], objects=objects)


def _parquet(path: Path, mapping: TableMapping) -> RowSet:
    each = mapping.file.each
    first = [row for _, row in islice(_parquet_rows(path, None, each), _LOOKED_AT)]
    names = wanted_names(mapping, field_names(first))
    get = getter(names)
    tops = sorted({*names, *(name.split(".")[0] for name in names)})

    return RowSet(lambda issues: _batched(_parquet_rows(path, tops, each), names, get))


def _parquet_rows(path: Path, columns: list[str] | None, each: str | None) -> Iterator[tuple[int, Mapping[str, Any]]]:
    return each_row(enumerate(parquet_rows(path, columns), start=1), each)


@contextmanager
def _local(file: Input, opened: Any) -> Iterator[Path]:
    """The file as one that can be read from the end: Parquet begins there."""
    if file.path is not None:
        yield file.path
        return
    with tempfile.NamedTemporaryFile(suffix=".parquet") as copy:
        shutil.copyfileobj(opened, copy)
        copy.flush()
        yield Path(copy.name)


def _head(text: Text) -> Iterator[str]:
    """The first pieces of a text: to look at a file is not to read it."""
    return islice(text.chunks(), 16)


class _NullSink:
    def bad_row(self, row: int, line: int, reason: str, detail: str, raw: str) -> None:
        """Nobody asks yet."""
