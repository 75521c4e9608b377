"""The report of an import: rows without a record, fields that were left out, and files that could not be read."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Set
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from soundlake.errors import SoundlakeError, UsageError
from soundlake.imports.personal import is_personal, only_fields, shown_row, without_personal
from soundlake.imports.table import Batch

_COLUMNS = ("file", "row", "line", "level", "reason", "detail", "raw")
_LONGEST_RAW = 2000
_EXAMPLES = 3


class Report:
    """Counts by reason, and if a file is given, a line for each problem (NDJSON, or CSV by its name).

    Levels: `rejected` (a row or record is not imported), `nulled` (a field is left out), `file` (a file is not, or
    not wholly, read).
    """

    def __init__(self, path: Path | None = None) -> None:
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.examples: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        self._path = path
        self._file: IO[str] | None = None
        self._csv: Any = None

    def __enter__(self) -> Self:
        """Open the file. Raises UsageError where it cannot be written."""
        if self._path is not None:
            try:
                self._file = self._path.open("w", encoding="utf-8", errors="replace", newline="")
            except OSError as error:
                raise UsageError(f"--report {self._path}: cannot be written: {error.strerror}") from None
            if self._path.suffix.lower() == ".csv":
                self._csv = csv.writer(self._file)
                self._csv.writerow(_COLUMNS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def tell(
        self, file: str, row: int | None, line: int | None, level: str, reason: str, detail: str, raw: str
    ) -> None:
        """Count a problem and write its line."""
        at = (file, level, reason)
        self.counts[at] += 1
        if row is not None and len(self.examples[at]) < _EXAMPLES:
            self.examples[at].append(row)
        if self._file is None:
            return
        values = (file, row, line, level, reason, detail, raw[:_LONGEST_RAW])
        try:
            if self._csv is not None:
                self._csv.writerow(values)
            else:
                self._file.write(json.dumps(dict(zip(_COLUMNS, values, strict=True)), ensure_ascii=False) + "\n")
        except OSError as error:
            raise SoundlakeError(f"--report {self._path}: cannot be written: {error.strerror}") from None

    def lines(self) -> list[str]:
        """The counts in words, for people."""
        told = []
        for (file, level, reason), count in sorted(self.counts.items()):
            rows = self.examples[file, level, reason]
            where = (
                f" (row{'s' if len(rows) > 1 else ''} {', '.join(map(str, rows))}{', …' if count > len(rows) else ''})"
            )
            told.append(f"{file}: {count:,} × {level}: {reason}{where if rows else ''}")
        return told


class FileIssues:
    """Reports the problems of one file's rows with their texts, without personal fields."""

    def __init__(self, report: Report, file: str) -> None:
        """While `shown` names fields, no others are shown: so it is for exports, which may hold new personal ones."""
        self.rejects = 0
        self.shown: Set[str] | None = None
        self._report, self._file = report, file
        self._batch = Batch((), [], [])
        self._place = 0

    def begin(self, batch: Batch) -> None:
        """From here on it is about the rows of this batch."""
        self._batch, self._place = batch, 0

    def at(self, place: int) -> None:
        """From here on it is about the row at this place of the batch."""
        self._place = place

    def bad_row(self, row: int, line: int, reason: str, detail: str, raw: str) -> None:
        """A row that cannot be read at all: none of it is shown, as nobody knows which part is personal."""
        held_back = any(map(is_personal, self._batch.header))
        text = "[left out: the file has personal columns]" if held_back else raw[: 2 * _LONGEST_RAW].rstrip("\r\n")
        if self.shown is not None:
            text = only_fields(text, self.shown)
        self.rejects += 1
        self._report.tell(self._file, row, line, "rejected", reason, detail, without_personal(text))

    def rejected(self, kind: str, detail: str) -> None:
        """The row at hand gives no record of a kind."""
        self.rejects += 1
        self._tell("rejected", f"{kind}: {detail}", detail)

    def nulled(self, path: str, detail: str) -> None:
        """A field of the row at hand is left out."""
        self._tell("nulled", f"{path}: {detail.partition(':')[0]}", detail)

    def _tell(self, level: str, reason: str, detail: str) -> None:
        batch, place = self._batch, self._place
        line = batch.lines[place] if batch.lines else None
        self._report.tell(self._file, batch.numbers[place], line, level, reason, detail, self._raw())

    def _raw(self) -> str:
        batch, place = self._batch, self._place
        pairs = (
            batch.objects[place].items()
            if batch.objects is not None
            else zip(batch.header, batch.rows[place], strict=True)
        )
        shown = self.shown
        return shown_row((name, value) for name, value in pairs if shown is None or name in shown)
