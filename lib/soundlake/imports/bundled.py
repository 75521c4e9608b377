"""The mappings that come with Soundlake, and which of them fits a file."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from soundlake.errors import UsageError
from soundlake.imports.columns import Columns
from soundlake.imports.mapping import TableMapping
from soundlake.imports.mapping_file import load_mapping

_FOLDER = Path(__file__).with_name("mappings")


@cache
def bundled() -> dict[str, TableMapping]:
    """The bundled mappings by name."""
    return {mapping.name: mapping for mapping in map(load_mapping, sorted(_FOLDER.glob("*.toml")))}


def mapping_named(name: str) -> TableMapping:
    """A bundled mapping by its name, or the mapping of a file. Raises UsageError."""
    with suppress(OSError, RuntimeError):  # a name that no disk has, and `~name` of nobody
        path = Path(name).expanduser()
        if path.suffix == ".toml" or path.is_file():
            return load_mapping(path)
    if name in bundled():
        return bundled()[name]
    raise UsageError(f"--mapping {name}: no such file and no bundled mapping; bundled are {', '.join(bundled())}")


def mappings_for(columns: Sequence[str]) -> list[TableMapping]:
    """The bundled mappings whose columns are all in the file; of these, the ones with the most columns."""
    fitting = [m for m in bundled().values() if m.detect and Columns(columns, m.aliases).has_all(m.detect)]
    most = max((len(mapping.detect) for mapping in fitting), default=0)
    return [mapping for mapping in fitting if len(mapping.detect) == most]
