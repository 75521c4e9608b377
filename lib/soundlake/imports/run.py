"""An import from beginning to end: the records of a file are published before its progress is saved."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from soundlake.errors import SoundlakeError
from soundlake.imports.cell_times import utc_text
from soundlake.imports.columns import Columns
from soundlake.imports.context import Context
from soundlake.imports.exports import made_safely
from soundlake.imports.input_file import Input
from soundlake.imports.json_values import JsonRows
from soundlake.imports.mapping import TableMapping
from soundlake.imports.opening import Text, UnopenedError, unpacked
from soundlake.imports.plan import bind
from soundlake.imports.recognition import ImportJob, JobOptions, Summary, fail
from soundlake.imports.record_builder import EncodedRecords, UnfitError
from soundlake.imports.report import FileIssues, Report
from soundlake.imports.rowset import open_rows
from soundlake.imports.state import ImportState, task_id
from soundlake.imports.table import Batch
from soundlake.publishers.envelope import encode
from soundlake.publishers.publisher import Publisher

_BATCH = 2_000  # records that go to the publisher at once
_NOTED = 200_000  # rows after which progress is saved
_SAMPLED = 1_000  # rows that are looked at to see how cells are written
_END = sys.maxsize

Seen = Callable[[int], None]


class Import:
    """Imports files one after the other into a publisher; `finish` makes the records of the last ones safe.

    Small files share the publisher's files: what was done is safe, and noted, after so many rows, whichever file they
    are from.
    """

    def __init__(
        self, publisher: Publisher, state: ImportState, report: Report, summary: Summary, options: JobOptions
    ) -> None:
        self._publisher, self._state, self._report = publisher, state, report
        self._summary, self._options = summary, options
        self._keys: dict[str, list[str]] = defaultdict(list)
        self._values: dict[str, list[bytes]] = defaultdict(list)
        self._unsafe, self._finished = 0, list[str]()

    def take(self, job: ImportJob, seen: Seen) -> None:
        """Import one file. Its problems are reported; only errors of the publisher and the state are raised."""
        shown = job.file.shown
        self._summary.files[shown] = job.what
        try:
            self._take(job, seen)
        except (UnopenedError, UnfitError, OSError) as trouble:
            self._hand_over()
            fail(shown, str(trouble), self._summary, self._report)

    def finish(self) -> None:
        """Flush what was imported so far; the progress of finished files is forgotten."""
        self._hand_over()
        self._publisher.flush()
        self._unsafe = 0
        for task in self._finished:
            self._state.forget(task)
        self._finished.clear()

    def _take(self, job: ImportJob, seen: Seen) -> None:
        context = self._context(job)
        what = job.mapping.model_dump_json() if job.mapping else job.what
        task = task_id(
            job.file.identity, what, self._options.destination, context.source, context.user, context.fetched_at
        )
        done = self._state.rows_of(task)
        if done:
            self._summary.notes.append(f"{job.file.shown}: resumes after row {done:,}, where an import was stopped")
        issues = FileIssues(self._report, job.file.shown)
        noted, before = done, self._summary.records.total()
        for rows, made in self._made(job, context, issues, seen):
            if rows > done:
                for one in made:
                    self._send(one)
            if rows >= noted + _NOTED and rows != _END:
                self.finish()
                self._state.save(task, job.file.shown, rows)
                noted = rows
        self._hand_over()
        self._finished.append(task)
        if self._unsafe >= _NOTED:
            self.finish()
        if issues.rejects and not done and self._summary.records.total() == before:
            fail(
                job.file.shown,
                f"none of its rows gave a record: {job.what} may not be for it",
                self._summary,
                self._report,
            )

    def _context(self, job: ImportJob) -> Context:
        options, modified = self._options, job.file.modified
        if options.fetched_at is None and modified > datetime.now(UTC) + timedelta(days=1):
            raise UnopenedError(f"its modification time is in the future, {modified:%Y-%m-%d}: give --fetched-at")
        return Context(
            source=options.name or job.source,
            fetched_at=options.fetched_at or utc_text(modified),
            file=job.file.stem if job.mapping else job.file.original,
            user=options.user,
            fetched_at_is_given=options.fetched_at is not None,
            keeps_country=options.keeps_country,
            keeps_private=options.keeps_private,
        )

    def _made(
        self, job: ImportJob, context: Context, issues: FileIssues, seen: Seen
    ) -> Iterator[tuple[int, Sequence[EncodedRecords]]]:
        """Yield (rows read so far, the records of the newest of them); what waits for the end comes with _END."""
        if job.mapping is not None:
            yield from self._of_table(job.file, job.mapping, context, issues, seen)
            return
        number, has_list, is_cut = 0, False, False
        texts: list[Text] = []
        for export in job.exports:
            with job.file.open(seen) as opened:
                texts.append(text := Text(unpacked(opened)))
                issues.shown = export.shown
                objects = JsonRows(text.chunks(), export.rows, number)
                for place, row in objects.rows(issues):
                    issues.begin(Batch((), [()], [place], objects=[row]))
                    records = made_safely(export, row, place, context, issues)
                    yield place, [EncodedRecords(kind, [key], [encode(kind, record)]) for kind, key, record in records]
                number = objects.number
                has_list, is_cut = has_list or objects.has_list, is_cut or objects.is_cut
            seen = _unseen
        self._summary.rows += number
        self._about_text(job.file, max(texts, key=lambda text: (text.broken is not None, text.latin)), is_cut=is_cut)
        if private := context.counts["private"]:
            what = "kept" if context.keeps_private else "left out"
            self._note(job.file, [f"{private:,} plays of private sessions, {what} (setting imports.private_sessions)"])
        if not has_list:
            wanted = " or ".join(export.rows for export in job.exports if export.rows)
            raise UnopenedError(f"it is no file of {job.what}: there is no list of {wanted}")

    def _of_table(
        self, file: Input, mapping: TableMapping, context: Context, issues: FileIssues, seen: Seen
    ) -> Iterator[tuple[int, Sequence[EncodedRecords]]]:
        with open_rows(file, mapping, seen) as rows:
            header: Sequence[str] | None = None
            number, plan = 0, None
            issues.begin(Batch(rows.header, [], []))
            for batch in rows.batches(issues):
                if plan is None or batch.header is not header:
                    is_first = plan is None
                    header, plan = (
                        batch.header,
                        bind(mapping, Columns(batch.header, mapping.aliases), context, batch.rows[:_SAMPLED]),
                    )
                    if is_first:
                        self._note(file, [f"left out: {what}" for what in plan.left_out])
                issues.begin(batch)
                if batch.rows:
                    number = batch.numbers[-1]
                    yield number, plan.made(batch.rows, batch.numbers, issues, rows.are_texts)
            yield _END, list(plan.rest()) if plan is not None else []
            self._summary.rows += number
            self._note(file, [f"{count:,} {what}" for what, count in rows.notes.items()])
            if rows.text is not None:
                self._about_text(file, rows.text, is_cut=rows.objects is not None and rows.objects.is_cut)

    def _about_text(self, file: Input, text: Text, *, is_cut: bool) -> None:
        if text.latin:
            self._note(file, [f"{text.latin:,} bytes are no UTF-8 and were read as Windows-1252 (Latin-1)"])
        if text.broken is not None or is_cut:
            why = text.broken or "it ends within its list"
            fail(file.shown, f"the file breaks off: {why}; what stands before is imported", self._summary, self._report)

    def _note(self, file: Input, notes: Sequence[str]) -> None:
        self._summary.notes += [f"{file.shown}: {note}" for note in notes]

    def _send(self, made: EncodedRecords) -> None:
        values = self._values[made.kind]
        values += made.values
        self._keys[made.kind] += made.keys
        if len(values) >= _BATCH:
            self._hand_over(made.kind)

    def _hand_over(self, *kinds: str) -> None:
        for kind in kinds or list(self._keys):
            keys, values = self._keys.pop(kind), self._values.pop(kind)
            try:
                self._publisher.publish_all(kind, keys, values)
            except OSError as error:  # of the output: not to be taken for one of the file that is read
                raise SoundlakeError(f"records of kind {kind} cannot be written: {error}") from None
            self._summary.records[kind] += len(values)
            self._unsafe += len(values)


def _unseen(count: int) -> None:
    """The bytes of a file that is read again are no progress."""
