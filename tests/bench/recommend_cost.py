"""What recommending costs with many tracks: similar tracks of a million, one listener's list. Needs no Spark.

    .venv/bin/python tests/bench/recommend_cost.py --tracks 1000000 --catalogue 200000

Tracks are made up: normal features, which have no clusters and are harder to search than real ones.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from scipy.sparse import random_array
from scipy.spatial import cKDTree

from soundlake.recommend.blend import Recommender
from soundlake.recommend.catalogue import Catalogue
from soundlake.recommend.ease import learn
from soundlake.recommend.liked import History
from soundlake.recommend.neighbours import nearest

LOOKED_UP = 4_000
LISTENERS, LEARNED_OF = 5_000, 50_000


def made_catalogue(rng: np.random.Generator, tracks: int) -> Catalogue:
    """So many tracks by a fifth as many artists, in five hundred factors."""
    artists = tracks // 5
    return Catalogue(
        track_ids=[f"{number:022}" for number in range(tracks)],
        names=[f"Song {number}" for number in range(tracks)],
        artists=rng.integers(0, artists, tracks),
        artist_ids=[f"{number:022}" for number in range(artists)],
        artist_names=[f"Artist {number}" for number in range(artists)],
        songs=np.arange(tracks),
        song_names=[f"song {number}" for number in range(tracks)],
        years=rng.integers(1960, 2026, tracks).astype("f4"),
        clusters=rng.integers(0, 8, tracks),
        cluster_names=[f"cluster {number}" for number in range(8)],
        features=rng.normal(size=(tracks, 9)).astype("f4"),
        popularity=rng.random(tracks).astype("f4"),
        factors=rng.normal(scale=0.1, size=(tracks, 512)).astype("f4"),
        variances=np.ones(tracks, "f4"),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, default=1_000_000)
    parser.add_argument("--catalogue", type=int, default=200_000)
    options = parser.parse_args()
    rng = np.random.default_rng(0)

    points = rng.normal(size=(options.tracks, 9)).astype("f4")
    began = time.monotonic()
    tree = cKDTree(points)
    print(f"k-d tree of {options.tracks:,} tracks: {time.monotonic() - began:.1f} s")
    began = time.monotonic()
    some = rng.integers(0, options.tracks, LOOKED_UP)
    nearest(tree, points, np.zeros(options.tracks, dtype=np.int64), some, 20)
    each = (time.monotonic() - began) / LOOKED_UP
    print(
        f"20 neighbours of a track: {1000 * each:.2f} ms, of all tracks {each * options.tracks / 60:.0f} core minutes"
    )

    catalogue = made_catalogue(rng, options.catalogue)
    recommender = Recommender(catalogue)
    history = {catalogue.track_ids[place]: 1.0 for place in rng.integers(0, options.catalogue, 300)}
    recommender.recommend(History(history), 30, 2, 5)  # the first one builds what all share
    began = time.monotonic()
    for _ in range(10):
        recommender.recommend(History(history), 30, 2, 5)
    print(f"one list from {options.catalogue:,} tracks: {100 * (time.monotonic() - began):.0f} ms")
    rows = random_array((LISTENERS, LEARNED_OF), density=0.005, format="csr", random_state=1)
    rows.data[:] = 1.0
    artists = rng.integers(0, LEARNED_OF // 5, LEARNED_OF)
    began = time.monotonic()
    learn(rows, artists, np.bincount(artists, minlength=LEARNED_OF // 5), 512, 1)
    print(f"learning from {LISTENERS:,} listeners, {rows.nnz:,} likes of {LEARNED_OF:,} tracks: ", end="")
    print(f"{time.monotonic() - began:.0f} s")
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GB")


if __name__ == "__main__":
    main()
