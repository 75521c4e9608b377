"""Records that no table can take, each with the reason it must be rejected for."""

from __future__ import annotations

import json
from typing import Any

from soundlake.sources.kinesis.deaggregate import MAGIC


def _envelope(kind: object, payload: object, **more: object) -> bytes:
    return json.dumps({"kind": kind, "fetched_at": "2026-03-01T08:00:00Z", "payload": payload} | more).encode()


def _play(**changes: Any) -> bytes:
    whole = {"user_id": "poison", "played_at": "2026-03-01T07:00:00Z", "track": {"id": "poison", "name": "Poison"}}
    return _envelope("play", {k: v for k, v in (whole | changes).items() if v is not ...})


REASONS: dict[bytes | None, str] = {
    None: "tombstone",
    b"": "not_json",
    b" ": "not_json",
    b"NA": "not_json",
    b"\x00\x00\x00\x00": "not_json",
    b'{"kind": "track", "payload": {"id": "cut': "not_json",
    _envelope("track", {"id": "poison"}) + b"}": "not_json",
    _envelope("track", {"id": "poison"}) + b" {}": "not_json",
    b"{'kind': 'track', 'payload': {'id': 'poison'}}": "not_json",
    b'{"kind": "track", "payload": {"id": "poison", "popularity": NaN}}': "not_json",
    b"[" * 20_000: "not_json",
    b"\xff\xfe\x00{": "not_utf8",
    '{"kind": "track", "payload": {"id": "é"}}'.encode("latin-1"): "not_utf8",
    "{}".encode("utf-16"): "not_utf8",
    b"\xed\xa0\x80": "not_utf8",
    MAGIC + b"not an aggregate": "damaged_aggregate",
    b"null": "not_object",
    b"[]": "not_object",
    b'"a text"': "not_object",
    b"42": "not_object",
    b"{}": "unknown_kind",
    _envelope("show", {"id": "poison"}): "unknown_kind",
    _envelope(None, {"id": "poison"}): "unknown_kind",
    _envelope("track", {"name": "Poison"}): "missing_id",
    _envelope("track", {"id": None}): "missing_id",
    _envelope("track", {"id": ""}): "missing_id",
    _envelope("track", {"id": 7}): "wrong_type",
    _envelope("track", {"id": ["poison"]}): "wrong_type",
    _envelope("track", {"id": None, "uri": "spotify:local:::poison:1", "is_local": True}): "local_file",
    _envelope("artist", {}): "missing_id",
    _envelope("album", {"id": {"id": "poison"}}): "wrong_type",
    _envelope("track", {"id": "poison"}, fetched_at="2999-01-01T00:00:00Z"): "fetched_in_future",
    _play(user_id=...): "missing_user",
    _play(user_id=17): "wrong_type",
    _play(played_at=...): "missing_time",
    _play(played_at="at noon"): "missing_time",
    _play(played_at=1_770_000_000): "wrong_type",
    _play(track=...): "missing_content",
    _play(track={"id": True}): "wrong_type",
    _envelope("playlist_item", {"playlist": {"id": "poison"}, "track": {"id": "poison"}}): "missing_position",
    _envelope("user_item", {"relation": "top", "track": {"id": "poison"}}): "missing_user",
}
SORTS = tuple(REASONS)
