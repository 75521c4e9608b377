"""How good recommendations are, against simpler ways: continuing real playlists, and what plays prove. Needs no Spark.

    make bench-recommend SONGS=spotify_songs.csv.gz CHARTS=top50_daily.csv.gz LAKE=lake

Without SONGS and CHARTS the bundled sample stands in, without LAKE no plays are looked at. A share of the tracks of
every playlist is held out, of charts the tracks that came last; who recommends sees the rest. Each seed is another
split; a playlist's values are their mean over the seeds. `--weights` shows how the weights of the blend were chosen: by
another split of what is seen there.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy import __version__ as scipy_version
from scipy.sparse import csr_array

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.preferences import from_files
from bench.tasks import Task, playlists_task, plays_task, validation_task
from soundlake.clusters.learnable import FEATURES
from soundlake.recommend.blend import Recommender, Weights
from soundlake.recommend.catalogue import Catalogue, catalogue_of
from soundlake.recommend.ease import Floats, learn
from soundlake.recommend.evaluation import Values, interval, is_better, measure
from soundlake.recommend.liked import History, Liked
from soundlake.settings.model import RecommendSettings

SIZE = 20
PLAIN_REGULARISATION = 10.0  # of EASE without rows for artists
SHRINKAGE = 5.0  # of item-kNN's cosines
POPULARITY = "popularity: most playlists"
SERVED = "blend, as served"
ARTISTS = "artists only"
SETTINGS = RecommendSettings()
NOTHING = Weights(0.0, 0.0, 0.0, 0.0, 0.0)
MEASURED = ("recall@20", "NDCG@20", "recall, known from others", "recall, artist not known", "novelty, bits")
TRIED = [
    Weights(),
    *[Weights(artist=artist) for artist in (0.1, 1.0)],
    *[Weights(era=era) for era in (0.05, 0.2)],
    Weights(popularity=0.0001),
    Weights(sound=0.01),
]

Way = Callable[[str], list[str]]


class Judged:
    """A task with what is learned of what is known there."""

    def __init__(self, task: Task, seed: int) -> None:
        self.task = task
        self.seed = seed
        self.known_by = task.known_by
        self.catalogue = _catalogue(task)
        self.users = sorted(task.held_out)
        self.liked = {user: Liked(self.catalogue, History(task.known[user])) for user in self.users}

    def blend(self, weights: Weights, per_artist: int, discovery: int) -> Way:
        """The recommender that is served, with other weights."""
        recommender = Recommender(self.catalogue, weights)
        return lambda user: [pick.track_id for pick in recommender.rank(self.liked[user], SIZE, per_artist, discovery)]

    def ways(self) -> dict[str, Way]:
        """The ways to recommend, by name."""
        everything = sorted(self.task.tracks)
        own = {track: row["popularity"] or 0 for track, row in self.task.tracks.items()}
        most_known = sorted(everything, key=lambda track: (-self.known_by[track], -own[track]))
        most_popular = sorted(everything, key=lambda track: -own[track])
        within, discovery = SETTINGS.per_artist, SETTINGS.discovery

        def chance(user: str) -> list[str]:
            drawn = random.Random(f"{self.seed} {user}")  # noqa: S311
            return self._unheard(user, drawn.sample(everything, SIZE + len(self.task.known[user])))

        return {
            "random": chance,
            POPULARITY: lambda user: self._unheard(user, most_known),
            "popularity: Spotify's number": lambda user: self._unheard(user, most_popular),
            "item-kNN (cosine)": self._by_matrix(_cosines),
            "EASE": self._by_matrix(_plain_ease),
            "EASE with rows for artists": self.blend(_only("collaborative"), within, 0),
            "sound only": self.blend(_only("sound"), within, 0),
            ARTISTS: self.blend(_only("artist"), within, 0),
            "blend, no places for new artists": self.blend(Weights(), within, 0),
            "blend, any number an artist": self.blend(Weights(), SIZE, discovery),
            SERVED: self.blend(Weights(), within, discovery),
        }

    def _unheard(self, user: str, ranked: Sequence[str]) -> list[str]:
        known = self.task.known[user]
        return [track for track in ranked[: SIZE + len(known)] if track not in known][:SIZE]

    def _by_matrix(self, scores: Callable[[csr_array], Callable[[int], Values]]) -> Way:
        """Rank what somebody has by the scores of a user's row."""
        users = sorted(self.task.known)
        heard = sorted(track for track, number in self.known_by.items() if number)
        score = scores(_matrix([self.task.known[user] for user in users], heard))
        row_of = {user: row for row, user in enumerate(users)}

        def way(user: str) -> list[str]:
            order = np.argsort(-score(row_of[user]), kind="stable")[: SIZE + len(self.task.known[user])]
            return self._unheard(user, [heard[place] for place in order])

        return way


def _matrix(known: Sequence[Mapping[str, float]], tracks: Sequence[str]) -> csr_array:
    place_of = {track: place for place, track in enumerate(tracks)}
    pairs = [(row, place_of[track]) for row, liked in enumerate(known) for track in liked]
    rows, places = np.array(pairs, dtype=np.int64).T
    return csr_array((np.ones(len(pairs)), (rows, places)), shape=(len(known), len(tracks)))


def _cosines(likes: csr_array) -> Callable[[int], Values]:
    together = (likes.T @ likes).tocoo()
    counts = likes.sum(axis=0)
    row, column = together.coords
    cosine = together.data / (np.sqrt(counts[row] * counts[column]) + SHRINKAGE)
    neighbours = csr_array((np.where(row == column, 0.0, cosine), (row, column)), shape=together.shape)
    return lambda user: np.asarray((likes[[user]] @ neighbours).toarray()[0])


def _plain_ease(likes: csr_array) -> Callable[[int], Values]:
    dense = likes.toarray()
    inner = np.linalg.inv(PLAIN_REGULARISATION * np.eye(len(dense)) + dense @ dense.T) @ dense
    diagonal = 1.0 - (dense * inner).sum(axis=0)  # of P times the regularisation, which cancels out
    return lambda user: np.asarray(dense[user] @ dense.T @ inner / diagonal)


def _catalogue(task: Task) -> Catalogue:
    """What is recommended from, with what is learned as the job does."""
    known_by = task.known_by
    heard = sorted(known_by)
    artist_ids = sorted({row["artist_id"] for row in task.tracks.values() if row["artist_id"]})
    place_of = {artist: place for place, artist in enumerate(artist_ids)}
    of = {track: place_of.get(row["artist_id"], -1) for track, row in task.tracks.items()}
    tracks_each = np.bincount([place for place in of.values() if place >= 0], minlength=len(artist_ids))
    likes = _matrix([task.known[user] for user in sorted(task.known)], heard)
    learned = learn(likes, np.array([of[track] for track in heard]), tracks_each, SETTINGS.factors, 42)
    known = {
        **{("artist", each): pair for each, pair in _pairs(artist_ids, learned.artists, learned.artist_variances)},
        **{("track", each): pair for each, pair in _pairs(heard, learned.tracks, learned.track_variances)},
    }
    rows = [{**row, "listeners": known_by[track]} for track, row in sorted(task.tracks.items())]
    return catalogue_of(rows, FEATURES, known)


def _pairs(ids: Sequence[str], factors: Floats, variances: Floats) -> Iterable[tuple[str, tuple[Floats, float]]]:
    return zip(ids, zip(factors, variances.tolist(), strict=True), strict=True)


def _only(part: str) -> Weights:
    return Weights(**{**vars(NOTHING), part: 1.0})


def values(judged: Judged, way: Way) -> tuple[dict[str, dict[str, float]], float]:
    """What each measure says of each user, where it says something, and the coverage."""
    task, users = judged.task, judged.users
    lists = [way(user) for user in users]
    wanted = [task.held_out[user] for user in users]
    quality = measure(lists, wanted, judged.known_by, len(task.tracks))
    in_reach = [frozenset(track for track in held if judged.known_by[track]) for held in wanted]
    unknown_artist = [_by_unknown_artists(task, user) for user in users]
    found = dict(
        zip(
            MEASURED,
            [
                dict(zip(users, quality.recall, strict=True)),
                dict(zip(users, quality.ndcg, strict=True)),
                *[_recall_of(users, lists, some) for some in (in_reach, unknown_artist)],
                dict(zip(users, quality.novelty, strict=True)),
            ],
            strict=True,
        )
    )
    return found, quality.coverage


def report(title: str, splits: Sequence[Judged]) -> None:
    """Print a table in Markdown, and whether what is served beats popularity and the artists alone."""
    tasks = [judged.task for judged in splits]
    held = [sum(map(len, task.held_out.values())) for task in tasks]
    print(f"\n### {title}\n")
    print(f"{len(splits[0].users):,} users or playlists, {len(tasks[0].tracks):,} tracks, held out {held}\n")
    print(f"| | {' | '.join(MEASURED)} | coverage |")
    print("|---" * (len(MEASURED) + 2) + "|")
    by_name: dict[str, dict[str, dict[str, float]]] = {}
    ways = [judged.ways() for judged in splits]
    for name in ways[0]:
        measured = [values(judged, by[name]) for judged, by in zip(splits, ways, strict=True)]
        by_name[name] = {each: _mean_over([found[each] for found, _ in measured]) for each in MEASURED}
        cells = [_cell(np.array(list(by_name[name][each].values()))) for each in MEASURED]
        print(f"| {name} | {' | '.join(cells)} | {np.mean([covered for _, covered in measured]):.3f} |", flush=True)
    for each in MEASURED[:4]:
        for other in (POPULARITY, ARTISTS):
            ours, theirs = (np.array(list(by_name[name][each].values())) for name in (SERVED, other))
            verdict = "better than" if is_better(ours, theirs) else "NOT better than"
            gain = interval(ours - theirs)
            print(f"\n{each}: {SERVED} is {verdict} {other}: ", end="")
            print(f"difference {gain.mean:.4f} [{gain.low:.4f}, {gain.high:.4f}]")


def report_weights(splits: Sequence[Judged]) -> None:
    """Print what each of the weights tried finds of the validation splits, and which find most."""
    print("\n### Weights on the validation splits: the mean over the seeds, and each of them\n")
    print("| collaborative | artist | sound | era | popularity | recall@20 | recall, artist not known | sum | each |")
    print("|---|---|---|---|---|---|---|---|---|")
    sums: dict[Weights, float] = {}
    for weights in TRIED:
        pairs = []
        for judged in splits:
            found, _ = values(judged, judged.blend(weights, SETTINGS.per_artist, SETTINGS.discovery))
            pairs.append([np.mean(list(found[each].values())) for each in (MEASURED[0], MEASURED[3])])
        all_of, new = np.mean(pairs, axis=0)
        sums[weights] = float(all_of + new)
        cells = [weights.collaborative, weights.artist, weights.sound, weights.era, weights.popularity]
        each = ", ".join(f"{sum(pair):.4f}" for pair in pairs)
        print(
            f"| {' | '.join(map(str, cells))} | {all_of:.4f} | {new:.4f} | {sums[weights]:.4f} | {each} |", flush=True
        )
    print(f"\nthe most: {max(sums, key=sums.__getitem__)}; as served: {Weights()}")


def _by_unknown_artists(task: Task, user: str) -> frozenset[str]:
    artists = {task.tracks[track]["artist_id"] for track in task.known[user]}
    return frozenset(track for track in task.held_out[user] if task.tracks[track]["artist_id"] not in artists)


def _recall_of(
    users: Sequence[str], lists: Sequence[Sequence[str]], wanted: Sequence[frozenset[str]]
) -> dict[str, float]:
    found = zip(users, lists, wanted, strict=True)
    return {user: len(some.intersection(listed)) / len(some) for user, listed, some in found if some}


def _mean_over(splits: Sequence[Mapping[str, float]]) -> dict[str, float]:
    users = sorted({user for found in splits for user in found})
    return {user: float(np.mean([found[user] for found in splits if user in found])) for user in users}


def _cell(found: Values) -> str:
    if not len(found):
        return "none"
    mean = interval(found)
    return f"{mean.mean:.4f} [{mean.low:.4f}, {mean.high:.4f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songs", type=Path, help="spotify_songs.csv.gz of TidyTuesday 2020-01-21")
    parser.add_argument("--charts", type=Path, help="the daily archive of Top 50 playlists, top50_daily.csv.gz")
    parser.add_argument("--lake", type=Path, help="a lake with plays")
    parser.add_argument("--weights", action="store_true", help="show how the weights of the blend were chosen, instead")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options = parser.parse_args()
    began = time.monotonic()
    found = from_files(options.songs, options.charts)
    tasks = {seed: playlists_task(found, seed) for seed in options.seeds}
    if options.weights:
        report_weights([Judged(validation_task(found, task, seed + 100), seed) for seed, task in tasks.items()])
    else:
        report("Continuing playlists and charts", [Judged(task, seed) for seed, task in tasks.items()])
        if options.lake:
            plays = Judged(plays_task(options.lake), options.seeds[0])
            report("What users hear for the first time, split by time", [plays])
    data = "the full data" if options.songs and options.charts else "the bundled sample"
    print(
        f"\n{data}, {len(found.playlists)} playlists, {len(found.charts)} of them charts; seeds {options.seeds}; ",
        end="",
    )
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, NumPy {np.__version__}, SciPy {scipy_version}; {time.monotonic() - began:.0f} s"
    )


if __name__ == "__main__":
    main()
