"""Imports in memory, for tests: what was published, told and noted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from soundlake.imports.bundled import mapping_named
from soundlake.imports.inputs import inputs_of
from soundlake.imports.mapping import TableMapping
from soundlake.imports.mapping_file import parse_mapping
from soundlake.imports.recognition import JobOptions, Summary, fail, recognise
from soundlake.imports.report import Report
from soundlake.imports.run import Import
from soundlake.imports.state import ImportState
from soundlake.settings import load_settings

REPORT = "report.ndjson"


class InMemory:
    """A publisher whose records are safe when it is flushed; with `dies_at` the process ends at that flush."""

    is_seen_early = False

    def __init__(self, dies_at: int | None = None) -> None:
        self.safe: list[tuple[str, str, bytes]] = []
        self._waiting: list[tuple[str, str, bytes]] = []
        self._dies_at, self.flushes = dies_at, 0

    def publish(self, kind: str, key: str, record: Any) -> None:
        raise NotImplementedError

    def publish_all(self, kind: str, keys: Sequence[str], values: Sequence[bytes]) -> None:
        self._waiting += [(kind, key, value) for key, value in zip(keys, values, strict=True)]

    def flush(self) -> None:
        self.flushes += 1
        if self.flushes == self._dies_at:
            raise KeyboardInterrupt
        self.safe += self._waiting
        self._waiting = []

    def close(self) -> dict[str, int]:
        return {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Forgetful(InMemory):
    """A publisher that keeps nothing, so that memory is the import's own."""

    def publish_all(self, kind: str, keys: Sequence[str], values: Sequence[bytes]) -> None:
        pass


@dataclass
class Imported:
    """What an import did."""

    records: list[dict[str, Any]]
    keys: list[str]
    report: list[dict[str, Any]]
    summary: Summary = field(default_factory=Summary)

    def payloads(self, kind: str) -> list[dict[str, Any]]:
        return [record["payload"] for record in self.records if record["kind"] == kind]

    def reasons(self) -> list[tuple[int | None, str]]:
        return [(line["row"], line["reason"]) for line in self.report]


def mapping_of(raw: dict[str, Any]) -> TableMapping:
    return parse_mapping({"name": "test", **raw}, "test.toml")


def tracks(**fields: Any) -> TableMapping:
    """A mapping of tracks from the columns `id`, `name` and those given."""
    return mapping_of({"records": [{"kind": "track", "fields": {"id": "id", "name": "name", **fields}}]})


def imported(
    folder: Path,
    *paths: Path | str,
    mapping: TableMapping | str | None = None,
    publisher: InMemory | None = None,
    **options: Any,
) -> Imported:
    """Import files with `folder` as the place of the state and the report."""
    publisher = publisher or InMemory()
    summary = taken(folder, *paths, mapping=mapping, publisher=publisher, **options)
    lines = [json.loads(line) for line in (folder / REPORT).read_bytes().splitlines()]
    records = [json.loads(value) for _, _, value in publisher.safe]
    return Imported(records, [key for _, key, _ in publisher.safe], lines, summary)


def taken(
    folder: Path, *paths: Path | str, mapping: TableMapping | str | None, publisher: InMemory, **options: Any
) -> Summary:
    """Import files into a publisher; the report is in the folder."""
    summary = Summary()
    chosen = mapping_named(mapping) if isinstance(mapping, str) else mapping
    with Report(folder / REPORT) as report:
        found = inputs_of([str(path) for path in paths], load_settings(env={}), folder)
        summary.notes += found.notes
        job_options = JobOptions(mapping=chosen, **options)
        run = Import(publisher, ImportState(folder / "state"), report, summary, job_options)
        recognised = recognise(found.files, job_options)
        summary.notes += recognised.notes
        for shown, why in recognised.failed:
            fail(shown, why, summary, report)
        for job in recognised.jobs:
            run.take(job, lambda count: None)
        run.finish()
    summary.issues = report.lines()
    return summary


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
