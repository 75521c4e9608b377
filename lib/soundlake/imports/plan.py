"""A mapping bound to the columns of one file: from rows to records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from soundlake.imports.cell_times import not_in_future
from soundlake.imports.columns import Columns, plain_pattern
from soundlake.imports.context import Context
from soundlake.imports.fields import FIELDS, ID, INTEGER, NEEDED, NUMBER, TEXT, TEXTS, TIME
from soundlake.imports.issues import Issues
from soundlake.imports.joined_names import COMMA, JoinedNames
from soundlake.imports.lists import syntax_of
from soundlake.imports.mapping import FieldSource, Record, TableMapping
from soundlake.imports.record_builder import MOST_KEPT, EncodedRecords, RecordBuilder, UnfitError
from soundlake.imports.shape import Cell, Cells, Complain, Computed, Constant, Filler, Node, build_object, key_of
from soundlake.imports.unreadable import UnreadableError
from soundlake.imports.values import Reader, joined_text, reader


@dataclass
class Plan:
    """How rows of one file become records; `left_out` tells what the file has no column for."""

    makers: list[RecordBuilder]
    left_out: list[str] = field(default_factory=list)

    def made(self, rows: Sequence[Cells], numbers: Sequence[int], issues: Issues, quick: bool) -> list[EncodedRecords]:
        """The records of some rows, by kind; `quick` says that all cells are texts."""
        return [maker.made(rows, numbers, issues, quick) for maker in self.makers]

    def rest(self) -> Iterator[EncodedRecords]:
        """The records that wait for the end of the file."""
        return (maker.gathered() for maker in self.makers if maker.record.gather is not None)


def bind(mapping: TableMapping, columns: Columns, context: Context, sample: Sequence[Cells]) -> Plan:
    """Bind a mapping to the columns of a file; some of its rows show how cells are written.

    Raises UnfitError where a needed column is missing or there twice.
    """
    makers: list[RecordBuilder] = []
    left_out: list[str] = []
    missing: list[str] = []
    for number, record in enumerate(mapping.records):
        binding = _Binding(number, record, mapping, columns, context, sample)
        try:
            makers.append(binding.maker())
        except UnfitError as unfit:
            (left_out if record.optional else missing).append(f"{record.kind}: {unfit}")
            continue
        if binding.absent:
            left_out.append(f"{record.kind}: no column {', '.join(dict.fromkeys(binding.absent))}")
    if missing or not makers:
        raise UnfitError("; ".join(missing or left_out))
    return Plan(makers, left_out)


class _Binding:
    """One record of a mapping, being bound."""

    def __init__(
        self,
        number: int,
        record: Record,
        mapping: TableMapping,
        columns: Columns,
        context: Context,
        sample: Sequence[Cells],
    ) -> None:
        self.absent: list[str] = []
        self._number = number
        self._record, self._mapping, self._columns, self._context = record, mapping, columns, context
        self._sample = sample
        self._row_of: list[int] = [0]
        self._null = mapping.file.null

    def maker(self) -> RecordBuilder:
        record, known = self._record, FIELDS[self._record.kind]
        leaves: dict[str, Node] = {}
        for path, source in record.fields.items():
            leaf = self._leaf(path, source, known[path.replace("[0]", "[]")])
            if leaf is not None:
                leaves[path] = leaf
        if "user_id" in known and "user_id" not in leaves and self._context.user:
            leaves["user_id"] = Constant("user_id", self._context.user)
        read = list(dict.fromkeys(n for source in record.fields.values() for n in source.columns_read))
        if read and not any(map(self._columns.has, read)):
            raise UnfitError(f"the file has none of its columns: {', '.join(read[:6])}{', …' if len(read) > 6 else ''}")
        for group in NEEDED[record.kind]:
            if not any(path in leaves for path in group):
                wanted = [n for path in group if path in record.fields for n in record.fields[path].names]
                raise UnfitError(f"needs {' or '.join(group)}, and there is no column {' or '.join(wanted)}")
        when = None
        if record.when is not None:
            index = self._index(record.when.column)
            if index is None:
                raise UnfitError(f"there is no column {record.when.column}")
            when = (index, None if record.when.is_ is None else frozenset(record.when.is_))
        market = self._mapping.market
        return RecordBuilder(
            record=record,
            payload=build_object(leaves),
            fetched_at=self._fetched_at(),
            market=self._leaf("market", market, TEXT) if market is not None else None,
            source=self._context.source,
            when=when,
            row_of=self._row_of,
            last=self._context.remembered(self._number, "last"),
            kept=self._context.remembered(self._number, "kept"),
        )

    def _index(self, name: str) -> int | None:
        index = self._columns.find(name)
        if index is not None and self._columns.is_twice(name):
            raise UnfitError(f"several columns are called {name}")
        return index

    def _leaf(self, path: str, source: FieldSource, type_: str) -> Node | None:
        name = path.rpartition(".")[2]
        thing = _thing_of(self._record.kind, path) if type_ == ID else None
        if "[]" in path and (source.list is not None or source.item is not None):
            type_ = TEXTS
        if source.value is not None:
            return Constant(name, list(source.value) if isinstance(source.value, tuple) else source.value)
        if source.given is not None:
            return self._given(name, source, type_)
        if source.place is not None:
            return Computed(name, self._place(source.place.within, source.place.of))
        if source.template is not None:
            return self._template(name, source, type_)
        if source.columns is not None:
            return self._several(path, source, type_)
        index = next((i for n in source.names if (i := self._index(n)) is not None), None)
        if index is None:
            self.absent.append(source.names[0])
            return None
        if (source.type or type_) == TEXTS and source.list in (None, "auto"):
            source = source.model_copy(update={"list": self._list_syntax(index, source)})
        if source.list == "names":
            read = self._names(index, source.model_copy(update={"list": COMMA}), type_)
        else:
            read = reader(source, type_, self._null, thing)
        return Cell(name, path, index, read, _quick(source, type_), frozenset(self._null))

    def _list_syntax(self, index: int, source: FieldSource) -> str:
        """How the lists of a column are written: decided once for the file, also where a new header follows."""
        decided: dict[tuple[str, ...], str] = self._context.remembered("lists")
        nulls = {*self._null, *source.null}
        cells = (row[index] for row in self._sample)
        return decided.setdefault(
            source.names, syntax_of(cell for cell in cells if not (isinstance(cell, str) and cell.strip() in nulls))
        )

    def _names(self, index: int, source: FieldSource, type_: str) -> Reader:
        """The reader of names joined by commas: which commas part is decided once for the file."""
        decided: dict[tuple[str, ...], JoinedNames] = self._context.remembered("names")
        joined = JoinedNames(reader(source, type_, self._null), (row[index] for row in self._sample))
        return decided.setdefault(source.names, joined).read

    def _several(self, path: str, source: FieldSource, type_: str) -> Node | None:
        """A list of what several columns hold, without the empty ones."""
        patterns = list(map(plain_pattern, source.columns or ()))
        indexes = [i for p in patterns for i, name in self._columns.in_order() if fnmatchcase(name, p)]
        if not indexes:
            self.absent.append(" and ".join(source.columns or ()))
            return None
        read = reader(_as_column(source, "columns", "type"), TEXT if type_ == TEXTS else type_, self._null)
        cells_ = [Cell("", path, index, read) for index in dict.fromkeys(indexes)]

        def fill(cells: Cells, complain: Complain) -> list[Any] | None:
            return [value for cell in cells_ if (value := cell.value(cells, complain)) is not None] or None

        return Computed(path.rpartition(".")[2], fill, tuple(cell.index for cell in cells_))

    def _template(self, name: str, source: FieldSource, type_: str) -> Node | None:
        """A text of several columns; nothing where one of them is empty."""
        indexes = {part: index for part in source.parts if (index := self._index(part)) is not None}
        if len(indexes) < len(set(source.parts)):
            self.absent.append(" and ".join(source.parts))
            return None
        read, pieces = reader(_as_column(source, "template"), type_, self._null), source.pieces

        def fill(cells: Cells, complain: Complain) -> Any:
            try:
                parts = {part: joined_text(cells[index]) for part, index in indexes.items()}
                if None in parts.values():
                    return None
                return read("".join(before + (parts[part] or "" if part else "") for before, part in pieces))
            except UnreadableError as error:
                complain(name, str(error))
                return None

        return Computed(name, fill, tuple(indexes.values()))

    def _given(self, name: str, source: FieldSource, type_: str) -> Node | None:
        if source.given == "row":
            return Computed(name, lambda cells, complain: self._row_of[0])
        value = self._context.file if source.given == "file" else self._context.user
        try:
            value = None if value is None else reader(_as_column(source, "given", "same"), type_)(value)
        except UnreadableError as error:
            raise UnfitError(f"the file's name is {error}") from None
        if value is None or source.same is None:
            return None if value is None else Constant(name, value)
        return Computed(name, self._same(source.same, value))

    def _same(self, column: str, value: Any) -> Filler:
        """The value for the rows whose column says what it says in the first one."""
        index, first = self._index(column), self._context.remembered(self._number, "same", column)
        if index is None:
            raise UnfitError(f"there is no column {column}")

        def fill(cells: Cells, complain: Complain) -> Any:
            if cells[index] == first.setdefault(column, cells[index]):
                return value
            complain(column, f"another than in the first row: {str(cells[index])[:80]}")
            return None

        return fill

    def _place(self, within: str, of: str) -> Any:
        outer, inner = self._index(within), self._index(of)
        if outer is None or inner is None:
            raise UnfitError(f"there is no column {within if outer is None else of}")
        places: dict[Any, dict[Any, int]] = self._context.remembered(self._number, "places", within, of)
        kept = 0

        def place(cells: Cells, complain: Complain) -> int:
            nonlocal kept
            of_list = places.setdefault(key_of(cells[outer]), {})
            found = key_of(cells[inner])
            if found not in of_list:
                kept += 1
                if kept > MOST_KEPT:
                    raise UnfitError(f"more than {MOST_KEPT:,} places to remember; give the file a column of positions")
            return of_list.setdefault(found, len(of_list))

        return place

    def _fetched_at(self) -> Node:
        """The fetched_at: from the row, else --fetched-at, else the mapping, else the file."""
        source, context = self._mapping.fetched_at, self._context
        if source is not None and source.value is None:
            of_row = self._leaf("fetched_at", source, TIME)
            if isinstance(of_row, Cell):
                of_row.read = not_in_future(of_row.read)
            if of_row is not None:
                return of_row
        if source is not None and source.value is not None and not context.fetched_at_is_given:
            return Constant("fetched_at", reader(FieldSource(column=""), TIME)(str(source.value)))
        return Constant("fetched_at", context.fetched_at)


def _as_column(source: FieldSource, *without: str) -> FieldSource:
    """The same way of reading, for a single text."""
    return FieldSource(column="", **source.model_dump(exclude={"column", *without}, exclude_defaults=True))


def _quick(source: FieldSource, type_: str) -> str | None:
    """The way to read a whole column at once, where nothing but its type says how it is read."""
    plain = FieldSource(column=source.column) == source.model_copy(update={"type": None})
    way = source.type or type_
    return way if plain and way in (TEXT, ID, INTEGER, NUMBER) else None


def _thing_of(kind: str, path: str) -> str | None:
    """What an id is an id of: only a link to such a thing holds it."""
    holder = path.replace("[0]", "[]").split(".")[-2:][0]
    if holder == "id":
        return {"audio_features": "track"}.get(kind, kind)
    things = {"artists[]": "artist", "album": "album", "track": "track", "artist": "artist", "playlist": "playlist"}
    return things.get(holder)
