"""The kinds of records, one module each: fields, rules and key, in plain Python. Adding a kind means adding a module.

`kind` declares what a kind is, `values` checks values, `rejection` holds the reasons to reject one, `shapes` objects
that several kinds share. Outcomes are in `core`.
"""

from __future__ import annotations

from soundlake.kinds import album, artist, audio_features, play, playlist, playlist_item, track, user_item
from soundlake.kinds.kind import Kind

KINDS: dict[str, Kind] = {
    module.KIND.name: module.KIND
    for module in (track, artist, album, audio_features, playlist, playlist_item, play, user_item)
}
