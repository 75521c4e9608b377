"""Records from the field that were once read wrong: what is expected of each."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from helpers.building import Arrived
from helpers.decoding import Read, read_topic

ARRIVED = datetime(2026, 11, 2, tzinfo=UTC)


def read(topic: str | None, *records: Any, arrived: datetime = ARRIVED, ingested: datetime | None = None) -> Read:
    texts = [record if isinstance(record, bytes) else json.dumps(record).encode() for record in records]
    given = {str(number): Arrived(text, arrived, ingested) for number, text in enumerate(texts)}
    return read_topic(topic, given)


def enveloped(kind: str, payload: Any) -> dict[str, Any]:
    return {"kind": kind, "fetched_at": "2026-11-01T08:00:00Z", "source": "a-library", "payload": payload}


def entry(track: dict[str, Any]) -> dict[str, Any]:
    return enveloped("playlist_item", {"playlist": {"id": "p1", "total": 2}, "position": 0, "track": track})


def test_types_in_capitals_are_types() -> None:
    track = {"id": "t1", "type": "Track", "uri": "spotify:track:t1"}
    episode = {"id": "e1", "type": "Episode", "uri": "spotify:episode:e1"}
    found = read("playlist_item", entry(track), entry(episode))
    assert [found.row(name)["track_id"] for name in ("0", "1")] == ["t1", None]


def test_a_uri_that_ends_in_null_is_none() -> None:
    local = {"id": None, "uri": "spotify:track:null", "type": "track", "is_local": True}
    plays = [
        {"user_id": "u1", "played_at": "2026-10-02T10:00:00Z", "track": {**local, "name": name}}
        for name in ("One", "Two")
    ]
    found = read("play", *plays)
    assert {found.row(name)["track_id"] for name in ("0", "1")} == {None}
    assert found.row("0")["play_id"] != found.row("1")["play_id"]
    assert read("playlist_item", entry({**local, "name": "One"})).row("0")["track_id"] is None


def test_what_was_encoded_twice_is_told_with_its_kind() -> None:
    track = {"id": "t1", "name": "T"}
    found = read(None, enveloped("track", json.dumps(track)), json.dumps(enveloped("track", track)))
    assert [(found.kind(name), found.reason(name)) for name in ("0", "1")] == [("track", "double_encoded")] * 2


def test_json_behind_the_five_bytes_of_a_schema_registry_is_read() -> None:
    track = json.dumps({"id": "t1", "name": "T"}).encode()
    inside = json.dumps(enveloped("track", {"id": "t2", "name": "T"})).encode()
    found = read("track", b"\0\0\0\0\x01" + track, b"\0\0\0\x01\x9f" + inside)
    assert [found.row(name)["track_id"] for name in ("0", "1")] == ["t1", "t2"]


def test_a_file_of_1970_is_taken_as_its_records_say() -> None:
    found = read("track", enveloped("track", {"id": "t1"}), arrived=datetime(1970, 1, 1, tzinfo=UTC), ingested=ARRIVED)
    assert found.reason("0") is None
