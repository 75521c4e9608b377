"""Nearest neighbours by sound, without Spark."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from soundlake.recommend.ease import Floats, Places
from soundlake.recommend.neighbours import nearest

pytestmark = pytest.mark.heavy

RNG = np.random.default_rng(3)
POINTS = RNG.normal(size=(500, 9)).astype(np.float32)


def look_up(songs: Places, places: list[int], number: int = 5) -> tuple[list[Places], list[Floats]]:
    return nearest(cKDTree(POINTS), POINTS, songs, np.array(places), number)


def test_neighbours_are_those_that_comparing_all_pairs_finds() -> None:
    found, away = look_up(np.arange(1, 501), list(range(500)), 10)
    distances = np.linalg.norm(POINTS[:, None].astype(float) - POINTS[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert [list(places) for places in found] == np.argsort(distances, axis=1, kind="stable")[:, :10].tolist()
    assert np.stack(away) == pytest.approx(np.sort(distances, axis=1)[:, :10], abs=1e-5)


def test_other_recordings_of_the_same_song_are_left_out() -> None:
    (first,), _ = look_up(np.arange(1, 501), [7])
    songs = np.arange(1, 501)
    songs[first[0]] = songs[7]
    (again,), _ = look_up(songs, [7])
    assert again[:4].tolist() == first[1:].tolist()


def test_tracks_without_a_name_are_no_song_in_common() -> None:
    (found,), _ = look_up(np.zeros(500, dtype=np.int64), [7])
    assert len(found) == 5
