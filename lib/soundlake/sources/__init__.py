"""Sources: the only place that knows a file system or a broker."""

from __future__ import annotations

from soundlake.errors import UsageError
from soundlake.settings import Settings, check_source
from soundlake.sources.files import FilesSource
from soundlake.sources.protocol import Source

__all__ = ["Source", "open_source"]


def open_source(settings: Settings) -> Source:
    """Return the source that the settings name; raises UsageError where they cannot work."""
    check_source(settings)
    if settings.source.type != "files":
        raise UsageError(f"source.type: {settings.source.type} is not available yet; this version reads files")
    return FilesSource(settings)
