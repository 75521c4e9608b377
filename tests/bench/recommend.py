"""How good recommendations are, against popularity and chance: continuing real playlists, and what plays prove.

    make bench-recommend SONGS=spotify_songs.csv.gz CHARTS=top50_daily.csv.gz LAKE=lake

Without SONGS and CHARTS the bundled sample stands in, without LAKE no plays are looked at. A share of the tracks of
every playlist is held out, of charts the tracks that came last; who recommends sees the rest. `--weights` shows how the
weights of the blend were chosen: by another split of what is seen there.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from preferences import from_files
from pyspark import __version__ as spark_version
from pyspark.sql import SparkSession
from tasks import Task, playlists_task, plays_task, validation_task

from soundlake.clusters.features import FEATURES
from soundlake.launch.local import spark_environment
from soundlake.recommend.blend import Recommender, Weights
from soundlake.recommend.catalogue import Catalogue, catalogue_of
from soundlake.recommend.evaluation import Quality, Values, interval, is_better, measure
from soundlake.recommend.liked import History
from soundlake.recommend.training import ALPHA, REGULARISATION, fit_factors
from soundlake.session import open_session
from soundlake.settings.model import RecommendSettings

PLAYLISTS = "Continuing playlists and charts"
SIZE = 20
POPULARITY = "popularity: most playlists"
SERVED = "blend, as served (2 an artist)"
ARTISTS = "artists only, 2 an artist"
WITHIN = RecommendSettings().per_artist
NOTHING = Weights(0.0, 0.0, 0.0, 0.0, 0.0)
TRIED = [
    Weights(collaborative=collaborative, era=era, sound=sound)
    for sound in (0.1, 0.3)
    for era in (0.1, 0.2, 0.4)
    for collaborative in (0.0, 0.5, 1.0, 1.5, 2.0)
]

Way = Callable[[str], list[str]]
Factors = tuple[dict[str, Any], dict[str, Any]]


def learned(spark: SparkSession, task: Task) -> Factors:
    """The factors of tracks and artists, learned as the job does."""
    likes = []
    for user, tracks in task.known.items():
        artists: defaultdict[str, float] = defaultdict(float)
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


def catalogue_for(task: Task, factors: Factors) -> Catalogue:
    """What is recommended from, with what was learned of what is known."""
    known_by = task.known_by
    rows = [{**row, "listeners": known_by[track]} for track, row in sorted(task.tracks.items())]
    artists = Counter(
        artist
        for tracks in task.known.values()
        for artist in {task.tracks[track]["artist_id"] for track in tracks}
        if artist
    )
    return catalogue_of(rows, FEATURES, RecommendSettings().factors, *factors, artists)


def blend(catalogue: Catalogue, task: Task, weights: Weights, per_artist: int) -> Way:
    """The recommender that is served, with other weights."""
    recommender = Recommender(catalogue, ALPHA, REGULARISATION, weights)
    return lambda user: [pick.track_id for pick in recommender.recommend(History(task.known[user]), SIZE, per_artist)]


def ways(task: Task, factors: Factors, seed: int) -> dict[str, Way]:
    """The ways to recommend, by name."""
    known_by, catalogue = task.known_by, catalogue_for(task, factors)
    own = {track: row["popularity"] or 0 for track, row in task.tracks.items()}
    most_known = sorted(task.tracks, key=lambda track: (-known_by[track], -own[track], track))
    most_popular = sorted(task.tracks, key=lambda track: (-own[track], track))
    everything = sorted(task.tracks)

    def with_weights(weights: Weights, per_artist: int) -> Way:
        return blend(catalogue, task, weights, per_artist)

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
        "collaborative only (ALS)": with_weights(_only("collaborative"), SIZE),
        "sound only": with_weights(_only("sound"), SIZE),
        "artists only": with_weights(_only("artist"), SIZE),
        ARTISTS: with_weights(_only("artist"), WITHIN),
        "blend, any number an artist": with_weights(Weights(), SIZE),
        SERVED: with_weights(Weights(), WITHIN),
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
        for other in (POPULARITY, ARTISTS):
            ours, theirs = getattr(found[SERVED], measured), getattr(found[other], measured)
            gain = interval(ours - theirs)
            verdict = "better than" if is_better(ours, theirs) else "NOT better than"
            print(f"\n{measured}@20: {SERVED} is {verdict} {other}: ", end="")
            print(f"difference {gain.mean:.4f} [{gain.low:.4f}, {gain.high:.4f}]")


def report_weights(task: Task, factors: Factors) -> None:
    """Print what each of the weights tried finds of a validation split, and which find most."""
    users = sorted(task.held_out)
    wanted = [task.held_out[user] for user in users]
    known_by, catalogue = task.known_by, catalogue_for(task, factors)
    in_reach = [frozenset(track for track in held if known_by[track]) for held in wanted]
    print("\n### Weights on the validation split, the artist's being 1\n")
    print("| collaborative | sound | era | popularity | recall@20 | recall, known from others | sum |")
    print("|---|---|---|---|---|---|---|")
    sums: dict[Weights, float] = {}
    for weights in TRIED:
        way = blend(catalogue, task, weights, WITHIN)
        lists = [way(user) for user in users]
        recall, reached = (float(_recall_of(lists, some).mean()) for some in (wanted, in_reach))
        sums[weights] = recall + reached
        cells = (weights.collaborative, weights.sound, weights.era, weights.popularity)
        print(f"| {' | '.join(map(str, cells))} | {recall:.4f} | {reached:.4f} | {sums[weights]:.4f} |", flush=True)
    print(f"\nthe most: {max(sums, key=sums.__getitem__)}; as served: {Weights()}")


def _by_unknown_artists(task: Task, user: str) -> frozenset[str]:
    artists = {task.tracks[track]["artist_id"] for track in task.known[user]}
    return frozenset(track for track in task.held_out[user] if task.tracks[track]["artist_id"] not in artists)


def _recall_of(lists: Sequence[Sequence[str]], wanted: Sequence[frozenset[str]]) -> Values:
    pairs = [(found, some) for found, some in zip(lists, wanted, strict=True) if some]
    return np.array([len(some.intersection(found)) / len(some) for found, some in pairs] or [math.nan])


def _cell(values: Values) -> str:
    found = interval(values)
    return f"{found.mean:.4f} [{found.low:.4f}, {found.high:.4f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songs", type=Path, help="spotify_songs.csv.gz of TidyTuesday 2020-01-21")
    parser.add_argument("--charts", type=Path, help="the daily archive of Top 50 playlists, top50_daily.csv.gz")
    parser.add_argument("--lake", type=Path, help="a lake with plays")
    parser.add_argument("--weights", action="store_true", help="show how the weights of the blend were chosen, too")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    os.environ |= spark_environment()
    found = from_files(options.songs, options.charts)
    tasks = {PLAYLISTS: playlists_task(found, options.seed)}
    if options.lake:
        tasks["What users hear for the first time, split by time"] = plays_task(options.lake)
    with open_session("bench recommend") as spark:
        factors = {title: learned(spark, task) for title, task in tasks.items()}
        validation = validation_task(found, tasks[PLAYLISTS], options.seed + 1)
        factors_then = learned(spark, validation) if options.weights else None
    for title, task in tasks.items():
        report(title, task, ways(task, factors[title], options.seed))
    if factors_then:
        report_weights(validation, factors_then)
    data = "the full data" if options.songs and options.charts else "the bundled sample"
    print(
        f"\n{data}, {len(found.playlists)} playlists, {len(found.charts)} of them charts; seed {options.seed}; ", end=""
    )
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, Spark {spark_version}, NumPy {np.__version__}; {time.monotonic() - began:.0f} s"
    )


if __name__ == "__main__":
    main()
