"""Recognising each file: part of an export, or a table with the mapping for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from soundlake.errors import UsageError
from soundlake.imports import api_answers
from soundlake.imports.bundled import mappings_for
from soundlake.imports.exports import API_ANSWERS, HISTORIES, SOURCE, Export, export_holding, export_named, is_log
from soundlake.imports.input_file import Input
from soundlake.imports.mapping import TableMapping
from soundlake.imports.opening import UnopenedError
from soundlake.imports.report import Report
from soundlake.imports.rowset import peek_columns


@dataclass(frozen=True)
class JobOptions:
    """The options for files: `mapping` for all, else each is recognised; `name` replaces the mapping's source."""

    mapping: TableMapping | None = None
    name: str | None = None
    user: str | None = None
    fetched_at: str | None = None
    destination: str = ""
    keeps_country: bool = False
    keeps_private: bool = True


@dataclass
class Summary:
    """What became of the files."""

    rows: int = 0
    records: Counter[str] = field(default_factory=Counter)
    files: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    issues: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The result in words, without the files that failed."""
        records = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.records.items()) if count) or "none"
        files = [f"{file}: {what}" for file, what in self.files.items()]
        return [*files, *self.notes, f"{self.rows:,} rows read; records: {records}", *self.issues]


@dataclass(frozen=True)
class ImportJob:
    """One file and what it is: a file of an export (with the lists to read in it), or a table with its mapping."""

    file: Input
    mapping: TableMapping | None = None
    exports: tuple[Export, ...] = ()

    @property
    def is_of_user(self) -> bool:
        """Whether its records belong to a user whom the file does not name."""
        of_mapping = self.mapping is not None and self.mapping.needs_user
        return of_mapping or any(export.is_of_user for export in self.exports)

    @property
    def source(self) -> str:
        """The `source` of its records."""
        if self.mapping is not None:
            return self.mapping.source_name
        return api_answers.SOURCE if self.exports[0] is API_ANSWERS else SOURCE

    @property
    def what(self) -> str:
        """What it is, in words."""
        return self.mapping.name if self.mapping else " and ".join(export.name for export in self.exports)


@dataclass(frozen=True)
class Recognised:
    """What files are: those to import, notes on others for people, and (file, why) of those that cannot be read."""

    jobs: list[ImportJob]
    notes: list[str]
    failed: list[tuple[str, str]]


def recognise(files: Sequence[Input], options: JobOptions) -> Recognised:
    """Recognise each file. Raises UsageError where an option is missing."""
    jobs, notes, failed = list[ImportJob](), list[str](), list[tuple[str, str]]()
    for file in files:
        try:
            what = ImportJob(file, options.mapping) if options.mapping is not None else _recognised(file)
        except (UnopenedError, OSError) as trouble:
            failed.append((file.shown, str(trouble)))
            continue
        if isinstance(what, str):
            notes.append(f"{file.shown}: {what}")
        else:
            jobs.append(what)
    owned = [job.file.shown for job in jobs if job.is_of_user]
    if owned and not options.user:
        raise UsageError(f"--user ID: needed, because {owned[0]} says what somebody heard but not who")
    if all(any(history in job.exports for job in jobs) for history in HISTORIES):
        notes.append(
            "both the extended streaming history and the account data's were given: the latter has minutes and no ids, "
            "so that its plays stand beside the former's in silver_plays; silver_listening counts each day once"
        )
    return Recognised(jobs, notes, failed)


def _recognised(file: Input) -> ImportJob | str:
    """What a file is, or why it is left out: what it holds decides, then its name.

    Raises UnopenedError where nothing says it.
    """
    named = export_named(file.original)
    try:
        columns, rows, format_, _ = peek_columns(file)
    except UnopenedError:
        if named:
            return ImportJob(file, exports=named)
        raise
    first = rows[0] if rows and format_ == "json" else None
    if isinstance(first, Mapping) and (held := export_holding(first)):
        return ImportJob(file, exports=held)
    if isinstance(first, Mapping) and is_log(first):
        return "left out: the technical log holds nothing for the lake"
    found = mappings_for(columns)
    if len(found) == 1:
        return ImportJob(file, found[0])
    if named:
        return ImportJob(file, exports=named)
    which = " and ".join(m.name for m in found)
    shown = ", ".join(columns[:12]) + (", …" if len(columns) > 12 else "")
    raise UnopenedError(
        f"the mappings {which} both fit: choose one with --mapping"
        if found
        else f"no bundled mapping is for its columns ({shown}): draft one (soundlake import {file.shown} --infer > "
        "my.toml), check it, then give it with --mapping my.toml"
    )


def fail(shown: str, why: str, summary: Summary, report: Report) -> None:
    """Note that a file was not read, or only in part."""
    summary.failed.append(f"{shown}: {why}")
    report.tell(shown, None, None, "file", "not read", why, "")
