"""The preference data that recommendations are judged by: real playlists, real charts, plays of a lake."""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soundlake.clusters.features import FEATURES

SAMPLE = Path(__file__).parents[2] / "sample" / "records"


@dataclass
class Preferences:
    """Tracks as a catalogue takes them, by id; the tracks of each playlist, in the order of the data.

    Charts are playlists whose tracks are in the order in which they were first listed.
    """

    tracks: dict[str, dict[str, Any]] = field(default_factory=dict)
    playlists: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    charts: set[str] = field(default_factory=set)

    def add(self, track: dict[str, Any]) -> None:
        blank = dict.fromkeys(("listeners", "cluster_name", "year", "popularity", *FEATURES))
        known = self.tracks.setdefault(track["track_id"], {**blank, **track})
        known |= {name: value for name, value in track.items() if value is not None}


def from_files(songs: Path | None, charts: Path | None) -> Preferences:
    """The song data and the chart archive as CSV; what is not given is taken from the bundled sample."""
    found = Preferences()
    if songs is None:
        _add_sample(found, is_chart=False)
    else:
        _add_songs(found, songs)
    if charts is None:
        _add_sample(found, is_chart=True)
    else:
        _add_charts(found, charts)
    return found


def _add_songs(found: Preferences, path: Path) -> None:
    for row in _rows(path):
        found.add(
            {
                "track_id": row["track_id"],
                **_named(row["track_name"], row["track_artist"]),
                "year": float(row["track_album_release_date"][:4]),
                "popularity": int(row["track_popularity"]),
                **{name: float(row[name]) for name in FEATURES},
            }
        )
        found.playlists[row["playlist_id"]].append(row["track_id"])


def _add_charts(found: Preferences, path: Path) -> None:
    for row in sorted(_rows(path), key=lambda row: row["commit_at"]):
        found.add({"track_id": row["track_id"], **_named(row["track_name"], row["artist_names"].split(";")[0].strip())})
        _add_entry(found, row["playlist_id"], row["track_id"])


def _add_sample(found: Preferences, *, is_chart: bool) -> None:
    for record in _records("tracks"):
        payload, charted = record["payload"], record["source"] == "spotify-top50-archive"
        if payload.get("id") and charted == is_chart and isinstance(payload["id"], str):
            found.add(_of_payload(payload))
    for record in _records("audio_features"):
        if record["payload"].get("id") in found.tracks and not is_chart:
            features = {name: record["payload"].get(name) for name in FEATURES}
            if all(isinstance(value, int | float) for value in features.values()):
                found.tracks[record["payload"]["id"]] |= features
    for record in sorted(_records("playlist_items"), key=lambda record: record["fetched_at"]):
        payload = record["payload"]
        track = (payload.get("track") or {}).get("id")
        charted = record["source"] == "spotify-top50-archive"
        if track in found.tracks and charted == is_chart and payload.get("playlist", {}).get("id"):
            if is_chart:
                _add_entry(found, payload["playlist"]["id"], track)
            else:
                found.playlists[payload["playlist"]["id"]].append(track)


def _of_payload(payload: dict[str, Any]) -> dict[str, Any]:
    released = str((payload.get("album") or {}).get("release_date") or "")[:4]
    artists = payload.get("artists") or [{}]
    popularity = payload.get("popularity")
    return {
        "track_id": payload["id"],
        **_named(payload.get("name"), artists[0].get("name")),
        "year": float(released) if released.isdigit() and int(released) else None,
        "popularity": popularity if isinstance(popularity, int) and popularity <= 100 else None,
    }


def _add_entry(found: Preferences, chart: str, track: str) -> None:
    found.charts.add(chart)
    if track not in found.playlists[chart]:
        found.playlists[chart].append(track)


def _named(track: str | None, artist: str | None) -> dict[str, str | None]:
    # The song data have no artist ids: the name is all that both have in common.
    return {"track_name": track, "artist_name": artist, "artist_id": artist.casefold() if artist else None}


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _records(kind: str) -> list[dict[str, Any]]:
    """The whole records of the sample; what is broken on purpose is passed over."""
    found = []
    for file in sorted((SAMPLE / kind).glob("*.gz")):
        for line in gzip.decompress(file.read_bytes()).decode(errors="replace").splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict) and isinstance(record.get("payload"), dict) and record.get("fetched_at"):
                found.append(record)
    return found
