"""What a lake must hold, worked out from what the broker has, in plain Python that shares nothing with the job.

Everything is compared as multisets: what is missing was lost, what is too much was doubled.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from faults.poison import REASONS
from helpers.reading import exists, rows
from soundlake.tables import BATCHES, CHANGES, EVENTS, PLAYS, REJECTED, TRACKS

# The default of five minutes is too long for a test.
APPLIED_SOON = "refine.apply_interval=5 seconds"
Bag = Counter[tuple[Any, ...]]
NEVER = (datetime.min.replace(tzinfo=UTC), "")


@dataclass(frozen=True)
class Message:
    """A record where the broker keeps it."""

    stream: str
    partition: str
    position: str
    value: bytes | None


@dataclass(frozen=True)
class Outcome:
    """What became of what was sent: rows that bronze and silver lack, and rows that they have too often.

    `topic` is where it was sent, if other faults count the same records.
    """

    sent: int
    lost: int
    doubled: int
    topic: str | None = None


def outcome(lake: Path, messages: Iterable[Message]) -> Outcome:
    """Compare bronze, plays, tracks, the rejected and the accounts with the broker."""
    held = list(messages)
    wanted: dict[str, Bag] = {"bronze": _bronze_wanted(held), **_silver_wanted(held)}
    found: dict[str, Bag] = {
        "bronze": Counter((r["stream"], r["partition"], r["position"], r["value"]) for r in rows(lake, EVENTS)),
        "plays": Counter((r["user_id"], r["track_id"], r["played_at"], r["track_name"]) for r in rows(lake, PLAYS)),
        "tracks": Counter((r["track_id"], r["track_name"]) for r in rows(lake, TRACKS)),
        "rejected": Counter((r["stream"], r["partition"], r["position"], r["reason"]) for r in rows(lake, REJECTED)),
    }
    lost = {name: (wanted[name] - found[name]).total() for name in wanted}
    doubled = {name: (found[name] - wanted[name]).total() for name in wanted}
    for name in wanted:
        if lost[name] or doubled[name]:
            shown = list(wanted[name] - found[name])[:3], list(found[name] - wanted[name])[:3]
            print(f"{name}: {lost[name]} lost, {doubled[name]} doubled, such as {shown}")
    _check_accounts(lake, held)
    return Outcome(len(held), sum(lost.values()), sum(doubled.values()), held[0].stream)


def is_taken(lake: Path, count: int) -> bool:
    """Whether so many records are in bronze, and the batches that judged them are done.

    The tables of a batch are written side by side: its account may be there before its last row of silver is.
    """
    if not all(exists(lake, table) for table in (BATCHES, EVENTS)) or _rows_written(lake) < count:
        return False
    accounts = [row for row in rows(lake, BATCHES) if row["query"] == "refine"]
    if sum(row["read"] for row in accounts) < count:
        return False
    last = max((row["batch_id"] for row in accounts), default=0)
    return (lake / "_checkpoints" / "refine" / "commits" / str(last)).exists()


def is_settled(lake: Path, count: int) -> bool:
    """Whether so many records are judged, and no change of a known row waits to be applied."""
    return is_taken(lake, count) and not rows(lake, CHANGES)


def _rows_written(lake: Path) -> int:
    actions = DeltaTable(str(lake / EVENTS.path)).get_add_actions(flatten=True)
    return sum(actions["num_records"].to_pylist())


def _bronze_wanted(messages: list[Message]) -> Bag:
    return Counter((m.stream, m.partition, m.position, m.value) for m in messages)


def _silver_wanted(messages: list[Message]) -> dict[str, Bag]:
    """Each play and track once, with the name that its latest record gives."""
    plays: dict[tuple[Any, ...], tuple[datetime, str]] = {}
    tracks: dict[tuple[Any, ...], tuple[datetime, str]] = {}
    rejected: Bag = Counter()
    for message in messages:
        if message.value in REASONS:
            rejected[message.stream, message.partition, message.position, REASONS[message.value]] += 1
            continue
        record = json.loads(message.value or b"")
        payload, fetched_at = record["payload"], datetime.fromisoformat(record["fetched_at"])
        if record["kind"] == "play":
            track = payload["track"]
            play = (payload["user_id"], track["id"], datetime.fromisoformat(payload["played_at"]))
            plays[play] = max(plays.get(play, NEVER), (fetched_at, track["name"]))
        else:
            track_id = (payload["id"],)
            tracks[track_id] = max(tracks.get(track_id, NEVER), (fetched_at, payload["name"]))
    return {
        "plays": Counter((*key, name) for key, (_, name) in plays.items()),
        "tracks": Counter((*key, name) for key, (_, name) in tracks.items()),
        "rejected": rejected,
    }


def _check_accounts(lake: Path, messages: list[Message]) -> None:
    accounts = rows(lake, BATCHES)
    assert len({(row["query_id"], row["batch_id"]) for row in accounts}) == len(accounts)
    for row in accounts:
        assert row["read"] == row["accepted"] + row["duplicate"] + row["stale"] + row["rejected"], row
    assert sum(row["read"] for row in accounts) == len(messages)
    assert sum(row["rejected"] for row in accounts) == sum(message.value in REASONS for message in messages)
