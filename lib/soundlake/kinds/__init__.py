"""The kinds of records, one module each."""

from __future__ import annotations

from soundlake.kinds import album, artist, audio_features, play, playlist, playlist_item, track, user_item
from soundlake.kinds.kind import Kind

KINDS: dict[str, Kind] = {
    module.KIND.name: module.KIND
    for module in (track, artist, album, audio_features, playlist, playlist_item, play, user_item)
}
