"""Audio features: Spotify's audio-features objects, whoever computed them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column

from soundlake.kinds import values
from soundlake.kinds.kind import Envelope, Kind, Rule
from soundlake.kinds.payload import NUMBER, TEXT, Payload
from soundlake.kinds.shapes import key_rules
from soundlake.tables import AUDIO_FEATURES, TRACK_FEATURES

# How each measured feature is checked; those not named are shares from 0 to 1.
_CHECKS = {"loudness": values.decibels, "tempo": values.beats_per_minute}
_MEASURED = tuple(column.name for column in AUDIO_FEATURES)


def _values(payload: Payload, envelope: Envelope) -> Mapping[str, Column]:
    return {
        "track_id": payload.text("id"),
        **{name: _CHECKS.get(name, values.share)(payload.get(name)) for name in _MEASURED},
        "key": values.pitch_class(payload.get("key")),
        "mode": values.mode(payload.get("mode")),
        "time_signature": values.small_count(payload.get("time_signature")),
        "duration_ms": values.milliseconds(payload.get("duration_ms")),
        "source": envelope.source,
        "provider": payload.text("provider"),
    }


def _rules(payload: Payload, envelope: Envelope) -> Sequence[Rule]:
    return key_rules(payload, ("id",), "id")


KIND = Kind(
    name="audio_features",
    table=TRACK_FEATURES,
    payload={
        "id": TEXT,
        **dict.fromkeys(_MEASURED, NUMBER),
        "key": NUMBER,
        "mode": NUMBER,
        "time_signature": NUMBER,
        "duration_ms": NUMBER,
        "provider": TEXT,
    },
    values=_values,
    rules=_rules,
    volatile=("fetched_at",),
)
