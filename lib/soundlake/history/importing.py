"""Importing an export into the folder from which the lake's stream reads. Needs no Spark."""

from __future__ import annotations

from collections.abc import Sequence

from soundlake.errors import SoundlakeError
from soundlake.imports.session import ImportOptions, perform
from soundlake.settings import Settings

FOLDER = "imports"  # below the lake


def reading_imports(settings: Settings) -> Settings:
    """The settings with the lake's folder of imported records as the source of the stream."""
    files = settings.source.files.model_copy(update={"path": f"{settings.lake.uri.rstrip('/')}/{FOLDER}"})
    source = settings.source.model_copy(update={"type": "files", "files": files})
    return settings.model_copy(update={"source": source})


def import_history(settings: Settings, exports: Sequence[str], user: str) -> list[str]:
    """Import exports into the folder of `reading_imports`; returns lines on what was and was not read.

    Raises UsageError where a file is not there, SoundlakeError where nothing in them can be read.
    """
    done = perform(settings, exports, ImportOptions(user=user, to="files", out=settings.source.files.path))
    if not done.records.total():
        raise SoundlakeError("\n".join(["none of these files gave a record", *done.failed, *done.notes]))
    return [*done.lines(), *(f"not read: {line}" for line in done.failed)]
