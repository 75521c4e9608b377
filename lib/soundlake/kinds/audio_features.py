"""Audio features: Spotify's audio-features objects, whoever computed them."""

from __future__ import annotations

from typing import Any

from soundlake.kinds.kind import Envelope, Kind
from soundlake.kinds.rejection import required
from soundlake.kinds.values import (
    Json,
    beats_per_minute,
    catalog_id,
    decibels,
    milliseconds,
    mode,
    pitch_class,
    share,
    small_count,
    text,
)
from soundlake.tables import AUDIO_FEATURES, TRACK_FEATURES

# How each measured feature is checked; those not named are shares from 0 to 1.
_CHECKS = {"loudness": decibels, "tempo": beats_per_minute}
_MEASURED = {column.name: _CHECKS.get(column.name, share) for column in AUDIO_FEATURES}


def _read(payload: Json, envelope: Envelope) -> dict[str, Any]:
    return {
        "track_id": required(payload, "id", "missing_id", catalog_id),
        **{name: check(payload.get(name)) for name, check in _MEASURED.items()},
        "key": pitch_class(payload.get("key")),
        "mode": mode(payload.get("mode")),
        "time_signature": small_count(payload.get("time_signature")),
        "duration_ms": milliseconds(payload.get("duration_ms")),
        "provider": text(payload.get("provider")),
    }


KIND = Kind(
    name="audio_features",
    table=TRACK_FEATURES,
    fields=dict.fromkeys(("id", *_MEASURED, "key", "mode", "time_signature", "duration_ms", "provider")),
    read=_read,
    volatile=("fetched_at",),
)
