"""Records from the daily archive of Spotify's Top 50 playlists of 2021: playlists, items, tracks, artists, albums."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from sample_records import Record, Track, envelope

Row = dict[str, str]

SOURCE = "spotify-top50-archive"
MARKETS = {
    "Top 50 - Global": None,
    "Top 50 - Japan": "JP",
    "Top 50 - USA": "US",
    "Top 50 - South Korea": "KR",
    "Top 50 - Mexico": "MX",
    "Top 50 - Sweden": "SE",
}
WHOLE = ("Top 50 - Global", "Top 50 - Japan")
FRIDAY = 4  # the day on which music is released


def read_charts(path: Path) -> list[Row]:
    """The rows that are kept, with `fetched_at` added: every snapshot of the charts in WHOLE, of the others Fridays'.

    The same chart's snapshots stand together in the order of time: neighbours share text, which gzip needs.
    """
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = []
    for row in rows:
        fetched = datetime.fromisoformat(row["commit_at"]).astimezone(UTC)
        if row["playlist_name"] in WHOLE or fetched.weekday() == FRIDAY:
            kept.append({**row, "fetched_at": fetched.strftime("%Y-%m-%dT%H:%M:%SZ")})
    return sorted(kept, key=lambda row: (row["playlist_name"], row["fetched_at"], int(row["position"])))


def _duration_ms(text: str) -> int:
    """`m:ss`, or seconds alone as the archive writes tracks under a minute."""
    minutes, _, seconds = text.rpartition(":")
    return (int(minutes or 0) * 60 + int(seconds)) * 1000


def _artists(row: Row) -> list[Record]:
    pairs = zip(row["artist_ids"].split(";"), row["artist_names"].split("; "), strict=True)
    return [{"id": id_, "name": name, "type": "artist", "uri": f"spotify:artist:{id_}"} for id_, name in pairs]


def _track(row: Row) -> Record:
    return {
        "id": row["track_id"],
        "name": row["track_name"],
        "artists": _artists(row),
        "album": {"id": row["album_id"], "name": row["album_name"]},
        "duration_ms": _duration_ms(row["length"]),
        "type": "track",
        "uri": f"spotify:track:{row['track_id']}",
    }


def chart_records(rows: list[Row]) -> dict[str, list[Record]]:
    """The records of each kind. A thing is recorded when it is first seen and again whenever the archive changed it."""
    by_time = sorted(rows, key=lambda row: (row["fetched_at"], row["playlist_name"], int(row["position"])))
    shared = _shared_artists(rows)
    return {
        "track": _as_they_change("track", ((row, _track(row)) for row in by_time)),
        "artist": _as_they_change("artist", ((row, artist) for row in by_time for artist in _artists(row))),
        "album": _as_they_change("album", ((row, _album(row, shared[row["album_id"]])) for row in by_time)),
        "playlist": _as_they_change("playlist", ((row, _playlist(row)) for row in by_time)),
        "playlist_item": [
            _record("playlist_item", row, _item(row), market=MARKETS[row["playlist_name"]]) for row in rows
        ],
    }


def _record(kind: str, row: Row, payload: Record, **market: str | None) -> Record:
    return envelope(kind, row["fetched_at"], SOURCE, payload, **market)


def _as_they_change(kind: str, seen: Iterable[tuple[Row, Record]]) -> list[Record]:
    last: dict[str, Record] = {}
    records = []
    for row, thing in seen:
        if last.get(thing["id"]) != thing:
            last[thing["id"]] = thing
            records.append(_record(kind, row, thing))
    return records


def _shared_artists(rows: list[Row]) -> dict[str, list[str]]:
    """The ids of the artists that all charted tracks of an album share: the archive does not name the album's own."""
    ids: dict[str, list[list[str]]] = defaultdict(list)
    for row in rows:
        ids[row["album_id"]].append(row["artist_ids"].split(";"))
    return {album: [id_ for id_ in lists[0] if all(id_ in more for more in lists)] for album, lists in ids.items()}


def _album(row: Row, shared: list[str]) -> Record:
    artists = [artist for artist in _artists(row) if artist["id"] in shared]
    return {"id": row["album_id"], "name": row["album_name"], **({"artists": artists} if artists else {})}


def _playlist(row: Row) -> Record:
    return {"id": row["playlist_id"], "name": row["playlist_name"], "tracks": {"total": 50}, "type": "playlist"}


def _item(row: Row) -> Record:
    return {
        "playlist": {"id": row["playlist_id"], "name": row["playlist_name"], "total": 50},
        "position": int(row["position"]) - 1,
        "track": {
            "id": row["track_id"],
            "name": row["track_name"],
            "artists": [{"id": artist["id"], "name": artist["name"]} for artist in _artists(row)],
            "album": {"id": row["album_id"], "name": row["album_name"]},
        },
    }


def chart_days(rows: list[Row]) -> dict[str, dict[str, list[Track]]]:
    """Playlist id → UTC date → the tracks of the day's last snapshot in order, for the generator of plays."""
    last: dict[tuple[str, str], str] = {}
    for row in rows:
        day = (row["playlist_id"], row["fetched_at"][:10])
        last[day] = max(last.get(day, ""), row["fetched_at"])
    days: dict[str, dict[str, list[Track]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        playlist, date = row["playlist_id"], row["fetched_at"][:10]
        if row["fetched_at"] == last[playlist, date]:
            days[playlist][date].append(_heard(row))
    return {playlist: dict(of_playlist) for playlist, of_playlist in days.items()}


def _heard(row: Row) -> Track:
    artist = _artists(row)[0]
    return Track(
        id=row["track_id"],
        name=row["track_name"],
        artist_id=artist["id"],
        artist_name=artist["name"],
        album_id=row["album_id"],
        album_name=row["album_name"],
        duration_ms=_duration_ms(row["length"]),
        popularity=100 - int(row["position"]),
        mood=None,
    )
