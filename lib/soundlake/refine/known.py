"""What is known of the keys of a batch: their rows of silver/stamps, looked up in the stamp index.

A stamp means: a record of this rank filled these fields of this key. The value of a field in its table comes from the
best stamp among those that fill the field. Stamps are only appended; maintenance removes the dominated ones.
"""

from __future__ import annotations

import hashlib
import tempfile
from functools import partial
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from soundlake.catalog.delta import open_delta
from soundlake.lake import Lake
from soundlake.refine.index import StampIndex
from soundlake.refine.index_folder import IndexFolder
from soundlake.settings import Settings
from soundlake.settings.checks import local_path
from soundlake.tables import STAMPS


class Known(Protocol):
    """Looks up what is known of keys."""

    def catch_up(self, batch: str) -> None:
        """Catch up with the table, before the batch of this name is judged."""
        ...

    def known(self, keys: pa.Array, batch: str) -> pa.Table:
        """The stamps (soundlake.core.judge.KNOWN) of keys, without those that the batch of this name wrote."""
        ...


def open_index(settings: Settings, lake: Lake | None = None) -> StampIndex:
    """The stamp index of the settings' lake, or of another lake inside it.

    It is kept in refine.index_folder; else in the lake if that is local, else in the folder for temporary files.
    """
    uri = settings.lake.uri if lake is None else lake.uri
    below = "" if lake is None else lake.root.removeprefix(Lake(settings.lake.uri).root).strip("/")
    path = f"{below}/{STAMPS.path}" if below else STAMPS.path
    return StampIndex(partial(open_delta, settings, path), _folder(settings, uri))


def drop_index(settings: Settings, lake: Lake) -> None:
    """Delete the stamp index of a lake that is no more, if this machine has one. Raises OSError where it cannot."""
    IndexFolder(_folder(settings, lake.uri)).clear()


def _folder(settings: Settings, uri: str) -> Path:
    local = local_path(uri)
    if settings.refine.index_folder is None and local is not None:
        return Path(local) / "_index"
    parent = Path(settings.refine.index_folder or Path(tempfile.gettempdir()) / "soundlake-index")
    return parent / hashlib.sha256(uri.encode()).hexdigest()[:16]
