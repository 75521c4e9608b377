"""Checking settings against the machine, so that what would fail later is reported before anything starts."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from soundlake.errors import UsageError
from soundlake.settings.bucket import holds_anything
from soundlake.settings.model import DEMO_LAKE, Settings
from soundlake.settings.references import followed

# Options of Kafka's client on which reading each record once depends.
_SET_BY_US = {
    "auto.offset.reset",
    "bootstrap.servers",
    "enable.auto.commit",
    "interceptor.classes",
    "key.deserializer",
    "value.deserializer",
}


def local_path(uri: str) -> Path | None:
    """Return the path of a local URI, None for one that is elsewhere."""
    if uri.startswith("file://"):
        return Path(uri.removeprefix("file://"))
    return None if "://" in uri else Path(uri)


def check_lake_writable(settings: Settings) -> None:
    """Make the folder of a local lake, for its owner alone, and write into it; or look into the bucket of one on S3.

    Raises UsageError where that cannot be done, SoundlakeError where S3 does not answer.
    """
    path = local_path(settings.lake.uri)
    if path is None:
        holds_anything(settings, "lake.uri", settings.lake.uri)
        return
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        reason = "not a folder" if isinstance(error, FileExistsError) else error.strerror
        raise UsageError(f"lake.uri: cannot write to {settings.lake.uri}: {reason}") from None


def check_lake_exists(settings: Settings) -> None:
    """Raise UsageError where a lake holds no tables yet, or where its bucket cannot be looked into."""
    path = local_path(settings.lake.uri)
    is_there = (path / "bronze").is_dir() if path else holds_anything(settings, "lake.uri", settings.lake.uri)
    if not is_there:
        demo = f"; the demo's is --lake {DEMO_LAKE}" if path and (Path(DEMO_LAKE) / "bronze").is_dir() else ""
        raise UsageError(f"lake.uri: there is no lake at {settings.lake.uri}: run demo or stream with it first{demo}")


def check_source(settings: Settings, *, is_here: bool = True) -> None:
    """Raise UsageError where the chosen source lacks a key, or is a folder that is not there or cannot be read.

    Where the job runs elsewhere, what only its machine and its role can see is not looked at.
    """
    source = settings.source
    needed = {"files": ("path",), "kafka": ("bootstrap_servers",), "kinesis": ("stream", "region")}[source.type]
    problems = [
        f"source.{source.type}.{key}: needed when source.type is {source.type}"
        for key in needed
        if getattr(getattr(source, source.type), key) is None
    ]
    if source.type == "kafka":
        problems += [
            f"source.kafka.options.{name}: Soundlake and Spark set it themselves"
            for name in sorted(_SET_BY_US & source.kafka.options.keys())
        ]
    if source.type == "files" and source.files.path is not None:
        path = local_path(source.files.path)
        if path is None and is_here:
            holds_anything(settings, "source.files.path", source.files.path)
        elif path is not None and not path.is_dir():
            problems.append(f"source.files.path: there is no folder {path}")
        elif path is not None and not os.access(path, os.R_OK | os.X_OK):
            problems.append(f"source.files.path: cannot read {path}: Permission denied")
    if source.type == "kafka" and is_here:
        try:
            followed("source.kafka.options", source.kafka.options)
        except UsageError as error:
            problems += error.problems
    if problems:
        raise UsageError(*problems)
