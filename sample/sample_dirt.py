"""Odd records that are right, and the mixing of odd, slipped and broken records into the kinds' own files."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from sample_flaws import FLAWS, SLIPS, fits_all
from sample_records import MADE_UP, Record, as_line, envelope, made_up_id
from sample_roads import SOURCE

Parts = dict[str, list[list[bytes]]]

ODD_PLAYS_AT = "2021-07-09T00:00:00Z"  # after the last export: files of plays stay in the order of arrival
SLIPPED_AT = "2021-07-09T00:00:00Z"  # after the good record of the same thing, which must not be hidden by it


def odd_records(track: Record) -> dict[str, list[Record]]:
    """Odd things that are right: made-up playlists with every odd entry, and plays of a local file.

    `track` is a real track object for the entries that need one.
    """
    slim = {"id": track["id"], "name": track["name"]}
    local = {"id": None, "name": "Home recording", "uri": "spotify:local:::Home+recording:180", "type": "track"}
    episode = {"id": f"{MADE_UP}-episode-1-1", "name": "Episode 1", "type": "episode"}
    odd = {"id": made_up_id("playlist", "odd entries"), "name": "Sample: odd entries"}
    emptied = {"id": made_up_id("playlist", "emptied"), "name": "Sample: emptied"}
    entries: list[Record] = [
        {"track": slim},
        {"track": None},
        {"track": {**local, "is_local": True}},
        {"track": {**episode, "uri": f"spotify:episode:{episode['id']}"}},
        {"track": slim, "added_at": "1970-01-01T00:00:00Z"},
        {"track": slim, "added_at": "soon"},
    ]
    whole, later = "2021-07-01T00:00:00Z", "2021-07-02T00:00:00Z"

    def item(playlist: Record, fetched_at: str, total: int, position: int, entry: Record) -> Record:
        payload = {"playlist": {**playlist, "total": total}, "position": position, **entry}
        return envelope("playlist_item", fetched_at, SOURCE, payload)

    return {
        "playlist": [
            envelope("playlist", whole, SOURCE, {**odd, "tracks": {"total": len(entries)}}),
            envelope("playlist", later, SOURCE, {**emptied, "tracks": {"total": 0}}),
        ],
        "playlist_item": [
            *[item(odd, whole, len(entries), place, entry) for place, entry in enumerate(entries)],
            *[item(odd, later, len(entries), place, entry) for place, entry in enumerate(entries[:3])],  # broke off
            item(emptied, whole, 1, 0, {"track": slim}),
            item(emptied, later, 0, 0, {"track": None}),
        ],
        "play": [
            envelope(
                "play",
                ODD_PLAYS_AT,
                SOURCE,
                {"user_id": user, "context": None, "played_at": "2021-07-08T23:30:00Z", "track": local},
            )
            for user in ("user-001", "user-002")
        ],
    }


def mix_in(parts: Parts, rng: Random) -> Parts:
    """The parts with the odd records, the slips and the flaws mixed in, never as the first line of a file."""
    mixed = {kind: [list(lines) for lines in files] for kind, files in parts.items()}
    some_track = json.loads(parts["track"][0][0])["payload"]
    for kind, records in odd_records(some_track).items():
        mixed[kind][-1] += [as_line(record) for record in records]
    for slip in SLIPS:
        record = _pick(parts[slip.kind], fits_all, rng)
        _insert(mixed[slip.kind], slip.slipped(record, SLIPPED_AT), rng)
    for flaw in FLAWS:
        _insert(mixed[flaw.kind], flaw.broken(_pick(parts[flaw.kind], flaw.fits, rng)), rng)
    return mixed


def _pick(files: list[list[bytes]], fits: Callable[[Record], bool], rng: Random) -> Record:
    """Any record that has an envelope and fits; raises LookupError when there seems to be none."""
    for _ in range(100_000):
        record: Record = json.loads(rng.choice(rng.choice(files)))
        if "payload" in record and fits(record):
            return record
    raise LookupError("no record fits")


def _insert(files: list[list[bytes]], line: bytes, rng: Random) -> None:
    file = rng.choice(files)
    file.insert(rng.randint(1, len(file)), line)
