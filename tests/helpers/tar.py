"""Tar archives, unpacked through a filter where this Python has one.

Python has filters since 3.11.4. All archives that the tests unpack are made here or come by Maven, which checks them.
"""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any


def unpack(archive: Path, folder: Path, filter_: str = "data") -> None:
    """Unpack an archive into a folder."""
    with tarfile.open(archive) as packed:
        packed.extractall(folder, **filtered(filter_))  # noqa: S202 - Ruff does not see the filter


def filtered(filter_: str) -> dict[str, Any]:
    """The arguments of `extract` and `extractall` for a filter; none where this Python has no filters."""
    return {"filter": filter_} if hasattr(tarfile, "data_filter") else {}
