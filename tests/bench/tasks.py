"""What recommendations are judged by: what is known of each user or playlist, and what is to be found."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from bench.preferences import Preferences
from soundlake.clusters.features import FEATURES
from soundlake.recommend.evaluation import split

SHARE = 0.2


@dataclass(frozen=True)
class Task:
    """What is known of each user (or playlist), and what is to be found."""

    tracks: Mapping[str, dict[str, Any]]
    known: Mapping[str, Mapping[str, float]]
    held_out: Mapping[str, frozenset[str]]

    @property
    def known_by(self) -> Counter[str]:
        return Counter(track for tracks in self.known.values() for track in tracks)


def playlists_task(found: Preferences, seed: int) -> Task:
    """Hold out at random; of charts what came last, so that the split is one in time."""
    stays, out = split(found.playlists, SHARE, seed)
    for chart in found.charts:
        listed = found.playlists[chart]
        kept = len(listed) - round(SHARE * len(listed))
        stays[chart], out[chart] = listed[:kept], frozenset(listed[kept:])
    known = {name: dict.fromkeys(tracks, math.log1p(1.0)) for name, tracks in stays.items()}
    return Task(found.tracks, known, out)


def validation_task(found: Preferences, task: Task, seed: int) -> Task:
    """Split what `task` leaves known once more: what is chosen by it has not seen what `task` holds out."""
    left = {name: [track for track in tracks if track in task.known[name]] for name, tracks in found.playlists.items()}
    return playlists_task(Preferences(found.tracks, left, found.charts), seed)


def plays_task(lake: Path) -> Task:
    """Split by time: the first four fifths of the plays are known; to be found is what a user hears anew after."""
    names = ["user_id", "track_id", "played_at", "skipped"]
    plays = [
        row
        for row in DeltaTable(str(lake / "silver/plays")).to_pyarrow_table(columns=names).to_pylist()
        if row["track_id"] and not row["skipped"]
    ]
    tracks = {row["track_id"]: row for row in _tracks_of(lake)}
    plays = sorted((row for row in plays if row["track_id"] in tracks), key=lambda row: row["played_at"])
    until = plays[int(0.8 * len(plays))]["played_at"]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    later: dict[str, set[str]] = defaultdict(set)
    for row in plays:
        if row["played_at"] <= until:
            counts[row["user_id"]][row["track_id"]] += 1
        else:
            later[row["user_id"]].add(row["track_id"])
    known = {user: {track: math.log1p(n) for track, n in tracks.most_common()} for user, tracks in counts.items()}
    held = {user: frozenset(later[user] - counts[user].keys()) for user in known}
    return Task(tracks, known, {user: tracks for user, tracks in held.items() if tracks})


def _tracks_of(lake: Path) -> list[dict[str, Any]]:
    names = ["track_id", "track_name", "artist_id", "artist_name", "popularity", "release_date"]
    features = {
        row["track_id"]: row for row in DeltaTable(str(lake / "silver/audio_features")).to_pyarrow_table().to_pylist()
    }
    return [
        {
            **row,
            "year": float(row["release_date"].year) if row["release_date"] else None,
            "listeners": None,
            "cluster_name": None,
            **{name: features.get(row["track_id"], {}).get(name) for name in FEATURES},
        }
        for row in DeltaTable(str(lake / "silver/tracks")).to_pyarrow_table(columns=names).to_pylist()
    ]
