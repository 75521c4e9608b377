"""A file within a zip: its bytes, and when it was written."""

from __future__ import annotations

import io
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

_NO_DATE = 1980  # the year of a member without a date


class ZipMember(io.RawIOBase):
    """A file in a zip, as a stream that closes the zip with itself."""

    def __init__(self, file: Path, name: zipfile.ZipInfo) -> None:
        self._zip = zipfile.ZipFile(file)
        try:
            self._member = self._zip.open(name)
        except (RuntimeError, NotImplementedError, zipfile.BadZipFile, EOFError) as error:
            self._zip.close()
            raise OSError(f"the zip does not open: {error}") from None

    def readable(self) -> bool:
        """True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes. Raises OSError where the member is damaged."""
        try:
            return self._member.read(size)
        except (zipfile.BadZipFile, RuntimeError, EOFError, zlib.error) as error:
            raise OSError(str(error)) from None

    def close(self) -> None:
        """Close the member and its zip."""
        self._member.close()
        self._zip.close()
        super().close()


def written(member: zipfile.ZipInfo, otherwise: datetime) -> datetime:
    """When a file in a zip was last written, where the zip knows a date that there is."""
    try:
        return datetime(*member.date_time, tzinfo=UTC) if member.date_time[0] > _NO_DATE else otherwise
    except ValueError:
        return otherwise
