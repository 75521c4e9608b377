"""A listener's years: every number against plain Python over the same plays."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from helpers.dashboard_plays import Play, play, years_of
from helpers.marts import write
from soundlake.tables import TRACKS

pytestmark = pytest.mark.heavy

ZONES = ["UTC", "Asia/Tokyo", "America/New_York", "Europe/Berlin"]


def some_plays(seed: int) -> list[Play]:
    """Plays around New Year, the leap day and both changes of clocks, in bursts; some of another listener."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    found = []
    for start in ("2023-12-29", "2024-02-27", "2024-03-09", "2024-03-30", "2024-10-26", "2024-12-30", "2026-01-01"):
        at = datetime.fromisoformat(start).replace(tzinfo=UTC)
        for _ in range(60):
            at += timedelta(seconds=chance.choice([1, 180, 200, 1800, 1801, 5000, 40_000]))
            ms = chance.choice([None, 30_000, 200_000])
            found.append(play(chance.choice(["u", "u", "u", "v"]), at, chance.randrange(20), ms))
    return list({one["play_id"]: one for one in found}.values())


class Known:
    """What is true of plays, in plain Python."""

    def __init__(self, plays: list[Play], zone: str) -> None:
        self.plays = sorted((one for one in plays if one["user_id"] == "u"), key=lambda one: one["played_at"])
        self.local = [one["played_at"].astimezone(ZoneInfo(zone)) for one in self.plays]
        self.years = sorted({at.year for at in self.local})

    def of(self, year: int) -> list[tuple[datetime, Play]]:
        return [(at, one) for at, one in zip(self.local, self.plays, strict=True) if at.year == year]

    def new(self, name: str, year: int) -> list[datetime]:
        """When in a year something was heard for the first time."""
        first = {one[name]: at for at, one in reversed(list(zip(self.local, self.plays, strict=True)))}
        return [at for at in first.values() if at.year == year]

    def longest_streak(self, year: int) -> tuple[int, date, date]:
        days = sorted({at.date() for at, _ in self.of(year)})
        runs, run = [], [days[0]]
        for before, day in pairwise(days):
            if day - before > timedelta(days=1):
                runs.append(run)
                run = []
            run.append(day)
        best = max([*runs, run], key=len)
        return len(best), best[0], best[-1]

    def sessions(self, year: int) -> list[tuple[int, datetime, int]]:
        """The number of plays, the start and the seconds of each session that began in a year."""
        found: list[list[int]] = []
        for place, one in enumerate(self.plays):
            if found and one["played_at"] - self.plays[place - 1]["played_at"] <= timedelta(minutes=30):
                found[-1].append(place)
            else:
                found.append([place])
        spans = [
            (len(s), self.local[s[0]], self.plays[s[-1]]["played_at"] - self.plays[s[0]]["played_at"]) for s in found
        ]
        return [(n, at.replace(tzinfo=None), int(span.total_seconds())) for n, at, span in spans if at.year == year]


def one_row(frame: pd.DataFrame) -> dict[str, Any]:
    assert len(frame) == 1
    return {str(name): value for name, value in frame.iloc[0].to_dict().items()}


def most_common(mine: list[tuple[datetime, Play]], *names: str) -> list[tuple[Any, ...]]:
    """The ten things with the most plays: of as many plays, those longer heard, then by name."""
    plays, ms = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    for _, one in mine:
        thing = tuple(one[name] for name in names)
        plays[thing] += 1
        ms[thing] += one["ms_played"] or 0
    ordered = sorted(plays, key=lambda thing: (-plays[thing], -ms[thing], thing))
    return [(*thing, plays[thing]) for thing in ordered[:10]]


def ranked(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    columns = ["name", "plays"] if frame["beside"].isna().all() else ["name", "beside", "plays"]
    return [tuple(row) for row in frame[columns].itertuples(index=False)]


@pytest.mark.parametrize("zone", ZONES)
def test_every_number_is_what_plain_python_counts(tmp_path: Path, zone: str) -> None:
    plays = some_plays(len(zone))
    known, answers = Known(plays, zone), years_of(tmp_path / "lake", plays, zone=zone)
    assert answers.totals["year"].tolist() == known.years
    for year in known.years:
        mine, found = known.of(year), answers.of(year)
        total = one_row(found.totals)
        assert total["plays"] == len(mine)
        assert total["minutes"] == pytest.approx(sum(one["ms_played"] or 0 for _, one in mine) / 60_000)
        assert total["timed"] == sum(one["ms_played"] is not None for _, one in mine)
        assert total["tracks"] == len({one["track_name"] for _, one in mine})
        assert total["artists"] == len({one["artist_name"] for _, one in mine})
        assert total["days"] == len({at.date() for at, _ in mine})
        assert total["new_tracks"] == len(known.new("track_name", year))
        assert total["new_artists"] == len(known.new("artist_name", year)) == len(found.discoveries)
        by_month = Counter(at.date().replace(day=1) for at, _ in mine)
        assert {
            month.date(): n for month, n in zip(found.months["month"], found.months["plays"], strict=True)
        } == by_month
        assert sum(found.months["new_tracks"]) == total["new_tracks"]
        by_hour = Counter((at.isoweekday(), at.hour) for at, _ in mine)
        assert {(weekday, hour): n for _, weekday, hour, n in found.hours.itertuples(index=False)} == by_hour
        streak = one_row(found.streaks)
        assert (streak["days"], streak["first_on"].date(), streak["last_on"].date()) == known.longest_streak(year)
        assert [at.to_pydatetime() for at in found.ends["heard_at"]] == [
            mine[i][0].replace(tzinfo=None) for i in (0, -1)
        ]
        assert ranked(found.tracks) == most_common(mine, "track_name", "artist_name")
        assert ranked(found.artists) == most_common(mine, "artist_name")
        assert ranked(found.albums) == most_common(mine, "album_name", "artist_name")
        sessions = known.sessions(year)
        longest = one_row(found.sessions)
        assert longest["sessions"] == len(sessions)
        assert longest["mean_plays"] == pytest.approx(sum(n for n, _, _ in sessions) / len(sessions))
        best = max(sessions, key=lambda one: one[0])
        assert (longest["plays"], longest["began_at"].to_pydatetime(), longest["seconds"]) == best
        day, n = max(sorted(Counter(at.date() for at, _ in mine).items()), key=lambda one: one[1])
        busiest = one_row(found.days)
        assert (busiest["day"].date(), busiest["plays"]) == (day, n)


def test_the_leap_day_is_in_a_streak_and_new_year_ends_it(tmp_path: Path) -> None:
    days = ["2024-02-28", "2024-02-29", "2024-03-01", "2024-12-31", "2025-01-01"]
    answers = years_of(tmp_path / "lake", [play("u", datetime.fromisoformat(f"{day} 12:00+00:00")) for day in days])
    assert answers.streaks["days"].tolist() == [3, 1]


def test_a_session_over_midnight_belongs_to_the_year_it_began_in(tmp_path: Path) -> None:
    start = datetime(2023, 12, 31, 23, 40, tzinfo=UTC)
    answers = years_of(tmp_path / "lake", [play("u", start + timedelta(minutes=30 * i)) for i in range(3)])
    assert [tuple(row) for row in answers.sessions[["year", "sessions", "plays"]].to_numpy()] == [(2023, 1, 3)]
    assert answers.totals["plays"].tolist() == [1, 2]


def test_a_change_of_clocks_is_no_pause(tmp_path: Path) -> None:
    start = datetime(2024, 3, 31, 0, 50, tzinfo=UTC)  # an hour is left out ten minutes later
    plays = [play("u", start + timedelta(minutes=15 * i)) for i in range(3)]
    answers = years_of(tmp_path / "lake", plays, zone="Europe/Berlin")
    assert one_row(answers.sessions)["sessions"] == 1
    assert answers.hours["hour"].tolist() == [1, 3]


def test_midnight_is_that_of_the_time_zone(tmp_path: Path) -> None:
    plays = [play("u", datetime(2023, 12, 31, 15, 0, tzinfo=UTC))]
    assert years_of(tmp_path / "tokyo", plays, zone="Asia/Tokyo").totals["year"].tolist() == [2024]
    assert years_of(tmp_path / "utc", plays).totals["year"].tolist() == [2023]


def test_a_listener_with_one_play_has_a_year_of_one(tmp_path: Path) -> None:
    answers = years_of(tmp_path / "lake", [play("u", datetime(2024, 2, 29, 12, tzinfo=UTC), 1, None)])
    total = one_row(answers.totals)
    assert [total[name] for name in ("plays", "tracks", "artists", "days", "new_tracks", "timed")] == [1, 1, 1, 1, 1, 0]
    assert pd.isna(total["minutes"])
    assert one_row(answers.sessions)["seconds"] == 0
    assert answers.ends["is_first"].tolist() == [True]


def test_a_listener_without_plays_has_no_years(tmp_path: Path) -> None:
    write(tmp_path / "lake", TRACKS)
    answers = years_of(tmp_path / "lake", [play("v", datetime(2024, 2, 29, 12, tzinfo=UTC))])
    assert all(frame.empty for frame in vars(answers).values())


def test_a_song_is_one_whether_its_plays_have_its_id_or_its_name(tmp_path: Path) -> None:
    noon = datetime(2024, 2, 29, 12, tzinfo=UTC)
    named = {**play("u", noon + timedelta(hours=1), 1), "track_id": None}
    answers = years_of(tmp_path / "lake", [play("u", noon, 1), named])
    assert one_row(answers.tracks)["plays"] == 2
    assert one_row(answers.totals)["new_tracks"] == 1


def test_names_and_ids_are_those_of_the_catalogue_where_it_knows_the_track(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    names = {
        "track_name": "夜に駆ける",
        "artist_id": "a",
        "artist_name": "YOASOBI",
        "album_id": "l",
        "album_name": "The Book",
    }
    write(lake, TRACKS, {"track_id": "t1", **names})
    answers = years_of(lake, [{**play("u", datetime(2024, 2, 29, tzinfo=UTC), 1), "track_name": None}])
    assert [one_row(frame)["name"] for frame in (answers.tracks, answers.artists, answers.albums)] == [
        "夜に駆ける",
        "YOASOBI",
        "The Book",
    ]
    assert [one_row(frame)["id"] for frame in (answers.tracks, answers.artists, answers.albums)] == ["t1", "a", "l"]
