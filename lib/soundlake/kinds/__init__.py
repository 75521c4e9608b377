"""The kinds of records, one module each."""

from __future__ import annotations

from soundlake.kinds import play, track
from soundlake.kinds.kind import Kind

KINDS: dict[str, Kind] = {
    module.KIND.name: module.KIND
    for module in (track, play)
}
