"""The charts of the bundled records (Spotify's Top 50 of Japan and Global in 2021, whole), told with plain loops.

What is counted here is counted from the records themselves and with no SQL, so that insights can be held against it.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

from soundlake.launch.paths import ROOT

JAPAN, GLOBAL = "Top 50 - Japan", "Top 50 - Global"

Entry = dict[str, Any]
Chart = dict[date, list[Entry]]  # the entries of each day, from the top


@cache
def charts() -> dict[str, Chart]:
    """The charts by name: of each day the last fetch, as far as it is complete."""
    fetches: dict[tuple[str, str], dict[int, Entry]] = defaultdict(dict)
    for file in sorted((ROOT / "sample/records/playlist_items").glob("*.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines():
            record = _record(line)
            if record.get("source") == "spotify-top50-archive":
                entry = _entry(record)
                fetches[entry["playlist_name"], record["fetched_at"]][entry["position"]] = entry
    charts: dict[str, Chart] = defaultdict(dict)
    for (name, fetched_at), entries in sorted(fetches.items(), key=lambda fetch: fetch[0][1]):
        if all(len(entries) >= (entry["total"] or 0) for entry in entries.values()):
            charts[name][date.fromisoformat(fetched_at[:10])] = [entries[place] for place in sorted(entries)]
    return charts


def _record(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
        is_entry = "id" in record["payload"]["playlist"] and isinstance(record["payload"]["position"], int)
        return record if is_entry else {}
    except (ValueError, TypeError, KeyError):
        return {}  # one of the records that are broken on purpose


def _entry(record: dict[str, Any]) -> Entry:
    payload, track = record["payload"], record["payload"]["track"]
    artist, album = (track.get("artists") or [{}])[0], track.get("album") or {}
    return {
        "playlist_id": payload["playlist"]["id"],
        "playlist_name": payload["playlist"]["name"],
        "total": payload["playlist"].get("total"),
        "snapshot_date": date.fromisoformat(record["fetched_at"][:10]),
        "position": payload["position"],
        "market": record.get("market"),
        "source": record["source"],
        "track_id": track["id"],
        "track_name": track.get("name"),
        "artist_id": artist.get("id"),
        "artist_name": artist.get("name"),
        "album_id": album.get("id"),
        "album_name": album.get("name"),
    }


def tracks_on(day: list[Entry]) -> set[str]:
    return {entry["track_id"] for entry in day}


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


@dataclass
class Life:
    """A track on a chart, from its first day to its last."""

    places: dict[date, int] = field(default_factory=dict)
    entries: int = 0

    @property
    def peak(self) -> int:
        return min(self.places.values())

    @property
    def summary(self) -> dict[str, Any]:
        days = sorted(self.places)
        at_peak = [day for day in days if self.places[day] == self.peak]
        return {
            "first_on": days[0],
            "last_on": days[-1],
            "days": len(days),
            "weeks": len({monday(day) for day in days}),
            "entries": self.entries,
            "re_entries": self.entries - 1,
            "entry_position": self.places[days[0]],
            "peak_position": self.peak,
            "peak_on": at_peak[0],
            "days_at_peak": len(at_peak),
            "last_position": self.places[days[-1]],
        }


def lives(chart: Chart) -> dict[str, Life]:
    """The tracks that were ever on a chart, by id."""
    lives: dict[str, Life] = defaultdict(Life)
    before: set[str] = set()
    for day in sorted(chart):
        for entry in reversed(chart[day]):  # the better place of two wins
            lives[entry["track_id"]].places[day] = entry["position"] + 1
        for track in tracks_on(chart[day]) - before:
            lives[track].entries += 1
        before = tracks_on(chart[day])
    return lives


def entries(chart: Chart) -> dict[tuple[date, str], str]:
    """What came on a chart: `first snapshot`, `new` or `re-entry`, by day and track."""
    came: dict[tuple[date, str], str] = {}
    ever: set[str] = set()
    before: set[str] | None = None
    for day in sorted(chart):
        for track in tracks_on(chart[day]) - (before or set()):
            came[day, track] = "first snapshot" if before is None else "re-entry" if track in ever else "new"
        before = tracks_on(chart[day])
        ever |= before
    return came


def turnover(chart: Chart) -> dict[date, tuple[int, int, int]]:
    """Of each day but the first: how many tracks entered, left and stayed."""
    days = sorted(chart)
    sets = [tracks_on(chart[day]) for day in days]
    return {
        day: (len(now - before), len(before - now), len(now & before))
        for day, before, now in zip(days[1:], sets, sets[1:], strict=False)
    }


def points(chart: Chart) -> dict[date, Counter[str]]:
    """Of each week: 50 for each day on which a track was on top of fifty, 1 for each on which it was the last."""
    weeks: dict[date, Counter[str]] = defaultdict(Counter)
    for day, listed in chart.items():
        for place, entry in enumerate(listed):
            weeks[monday(day)][entry["track_id"]] += len(listed) - place
    return weeks


def counted(chart: Chart, what: str, month: date) -> Counter[str]:
    """How many entries of a month have each value of a column, such as artist_id."""
    in_month = [listed for day, listed in chart.items() if (day.year, day.month) == (month.year, month.month)]
    return Counter(entry[what] for listed in in_month for entry in listed if entry[what] is not None)
