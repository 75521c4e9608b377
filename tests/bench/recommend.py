"""How good recommendations are, against popularity and chance: continuing real playlists, and what plays prove.

    make bench-recommend SONGS=spotify_songs.csv.gz CHARTS=top50_daily.csv.gz LAKE=lake

Without SONGS and CHARTS the bundled sample stands in, without LAKE no plays are looked at. A share of the tracks of
every playlist is held out, of charts the tracks that came last; who recommends sees the rest.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from deltalake import DeltaTable
from preferences import Preferences, from_files
from pyspark import __version__ as spark_version
from pyspark.sql import SparkSession

from soundlake.clusters.features import FEATURES
from soundlake.launch.local import spark_environment
from soundlake.recommend.blend import Recommender, Weights
from soundlake.recommend.catalogue import catalogue_of
from soundlake.recommend.evaluation import Quality, interval, is_better, measure, split
from soundlake.recommend.liked import History
from soundlake.recommend.training import ALPHA, REGULARISATION, fit_factors
from soundlake.session import open_session
from soundlake.settings.model import RecommendSettings

SIZE = 20
SHARE = 0.2
POPULARITY = "popularity: most playlists"
SERVED = "blend, as served (2 an artist)"
NOTHING = Weights(0.0, 0.0, 0.0, 0.0, 0.0)

Way = Callable[[str], list[str]]


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


def learned(spark: SparkSession, task: Task) -> tuple[dict[str, Any], dict[str, Any]]:
    """The factors of tracks and artists, learned as the job does."""
    likes = []
    for user, tracks in task.known.items():
        artists: Counter[str] = Counter()
        for track, weight in tracks.items():
            likes.append((user, "track", track, weight))
            artist = task.tracks[track]["artist_id"]
            if artist:
                artists[artist] += math.expm1(weight)
        likes += [(user, "artist", artist, math.log1p(points)) for artist, points in artists.items()]
    frame = spark.createDataFrame(likes, "user_id string, entity string, id string, weight double").repartition(2)
    rows = fit_factors(frame, RecommendSettings(), 42).factors.collect()
    by_entity: dict[str, dict[str, Any]] = {"track": {}, "artist": {}}
    for row in rows:
        by_entity[row["entity"]][row["id"]] = np.array(row["factors"], dtype=np.float32)
    return by_entity["track"], by_entity["artist"]


def ways(task: Task, factors: tuple[dict[str, Any], dict[str, Any]], seed: int) -> dict[str, Way]:
    """The ways to recommend, by name."""
    known_by = task.known_by
    rows = [{**row, "listeners": known_by[track]} for track, row in sorted(task.tracks.items())]
    artists = Counter(
        artist
        for tracks in task.known.values()
        for artist in {task.tracks[track]["artist_id"] for track in tracks}
        if artist
    )
    catalogue = catalogue_of(rows, FEATURES, RecommendSettings().factors, *factors, artists)
    own = {track: row["popularity"] or 0 for track, row in task.tracks.items()}
    most_known = sorted(task.tracks, key=lambda track: (-known_by[track], -own[track], track))
    most_popular = sorted(task.tracks, key=lambda track: (-own[track], track))
    everything = sorted(task.tracks)

    def blend(weights: Weights, per_artist: int) -> Way:
        recommender = Recommender(catalogue, ALPHA, REGULARISATION, weights)
        return lambda user: [
            pick.track_id for pick in recommender.recommend(History(task.known[user]), SIZE, per_artist)
        ]

    def first(ranked: Sequence[str]) -> Way:
        return lambda user: [
            track for track in ranked[: SIZE + len(task.known[user])] if track not in task.known[user]
        ][:SIZE]

    def chance(user: str) -> list[str]:
        drawn = random.Random(f"{seed} {user}").sample(everything, SIZE + len(task.known[user]))  # noqa: S311
        return [track for track in drawn if track not in task.known[user]][:SIZE]

    return {
        "random": chance,
        POPULARITY: first(most_known),
        "popularity: Spotify's number": first(most_popular),
        "collaborative only (ALS)": blend(_only("collaborative"), SIZE),
        "sound only": blend(_only("sound"), SIZE),
        "artists only": blend(_only("artist"), SIZE),
        "blend, any number an artist": blend(Weights(), SIZE),
        SERVED: blend(Weights(), 2),
    }


def _only(part: str) -> Weights:
    return Weights(**{**vars(NOTHING), part: 1.0})


def report(title: str, task: Task, by: Mapping[str, Way]) -> None:
    """Print a table in Markdown, and whether the blend beats popularity."""
    users = sorted(task.held_out)
    wanted = [task.held_out[user] for user in users]
    known_by = task.known_by
    in_reach = [frozenset(track for track in held if known_by[track]) for held in wanted]
    unknown_artist = [_by_unknown_artists(task, user) for user in users]
    print(f"\n### {title}\n")
    print(
        f"{len(users):,} users or playlists, {len(task.tracks):,} tracks, {sum(map(len, wanted)):,} held out, ", end=""
    )
    print(f"{sum(map(len, in_reach)):,} of these known from others, {sum(map(len, unknown_artist)):,} by artists that")
    print("the user or playlist is not known to have\n")
    print("| | recall@20 | NDCG@20 | recall, known from others | recall, artist not known | coverage | novelty, bits |")
    print("|---|---|---|---|---|---|---|")
    found: dict[str, Quality] = {}
    for name, way in by.items():
        lists = [way(user) for user in users]
        quality = found[name] = measure(lists, wanted, known_by, len(task.tracks))
        subsets = [_recall_of(lists, some) for some in (in_reach, unknown_artist)]
        cells = [_cell(quality.recall), _cell(quality.ndcg), *map(_cell, subsets), f"{quality.coverage:.3f}"]
        print(f"| {name} | {' | '.join(cells)} | {quality.novelty.mean():.1f} |", flush=True)
    for measured in ("recall", "ndcg"):
        ours, theirs = getattr(found[SERVED], measured), getattr(found[POPULARITY], measured)
        gain = interval(ours - theirs)
        verdict = "better than" if is_better(ours, theirs) else "NOT better than"
        print(f"\n{measured}@20: {SERVED} is {verdict} {POPULARITY}: ", end="")
        print(f"difference {gain.mean:.4f} [{gain.low:.4f}, {gain.high:.4f}]")


def _by_unknown_artists(task: Task, user: str) -> frozenset[str]:
    artists = {task.tracks[track]["artist_id"] for track in task.known[user]}
    return frozenset(track for track in task.held_out[user] if task.tracks[track]["artist_id"] not in artists)


def _recall_of(lists: Sequence[Sequence[str]], wanted: Sequence[frozenset[str]]) -> np.ndarray:
    pairs = [(found, some) for found, some in zip(lists, wanted, strict=True) if some]
    return np.array([len(some.intersection(found)) / len(some) for found, some in pairs] or [math.nan])


def _cell(values: np.ndarray) -> str:
    found = interval(values)
    return f"{found.mean:.4f} [{found.low:.4f}, {found.high:.4f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songs", type=Path, help="spotify_songs.csv.gz of TidyTuesday 2020-01-21")
    parser.add_argument("--charts", type=Path, help="the daily archive of Top 50 playlists, top50_daily.csv.gz")
    parser.add_argument("--lake", type=Path, help="a lake with plays")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    os.environ |= spark_environment()
    found = from_files(options.songs, options.charts)
    tasks = {"Continuing playlists and charts": playlists_task(found, options.seed)}
    if options.lake:
        tasks["What users hear for the first time, split by time"] = plays_task(options.lake)
    with open_session("bench recommend") as spark:
        factors = {title: learned(spark, task) for title, task in tasks.items()}
    for title, task in tasks.items():
        report(title, task, ways(task, factors[title], options.seed))
    data = "the full data" if options.songs and options.charts else "the bundled sample"
    print(
        f"\n{data}, {len(found.playlists)} playlists, {len(found.charts)} of them charts; seed {options.seed}; ", end=""
    )
    print(f"Spark {spark_version}, NumPy {np.__version__}; {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
